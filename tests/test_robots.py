"""Opting out is read as the directives of ``X-Robots-Tag`` are meant."""

import pytest

from tasks.fetching.robots import opted_out


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ""),
        (["all"], ""),
        (["nofollow, noarchive"], ""),
        (["noai"], "noai"),
        (["noarchive", "NoImageAI"], "noimageai"),
        (["nofollow, noindex"], "noindex"),
        (["none"], "none"),
        (["googlebot: noindex, noai"], ""),
        (["googlebot: noindex", "noai"], "noai"),
        (["googlebot: nofollow, cv-dataset-builder: noai"], "noai"),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"], "noindex"),
        (["max-image-preview: large, noimageai"], "noimageai"),
    ],
)
def test_opting_out_is_read_as_it_is_meant(headers: list[str], expected: str) -> None:
    assert opted_out(headers) == expected
