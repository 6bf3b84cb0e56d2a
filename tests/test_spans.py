"""The time that spans cover together."""

import pytest

from tasks.spans import covered_s


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], 0),
        ([(1, 3)], 2),
        ([(4, 6), (0, 1)], 3),  # apart, in any order
        ([(0, 4), (1, 2)], 4),  # one within the other
        ([(0, 2), (1, 3), (3, 5)], 5),  # overlapping, and end to end
        ([(-3, -1), (-2, 1)], 4),
    ],
)
def test_what_overlaps_counts_once(spans: list[tuple[float, float]], seconds: float) -> None:
    assert covered_s(spans) == seconds
