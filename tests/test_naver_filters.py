"""Each filter as the address that Naver knows it by."""

import pytest

from tasks.sources.naver_filters import parameters
from tasks.sources.query import SearchQuery


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {}),
        ({"size": "large"}, {"res_fr": "786432", "res_to": "100000000"}),
        ({"size": "medium"}, {"res_fr": "120000", "res_to": "786431"}),
        ({"size": "small"}, {"res_fr": "1", "res_to": "119999"}),
        ({"colour": "blue"}, {"color": "blue"}),
        ({"licence": "ccl"}, {"ccl": "1"}),
        ({"licence": "commercial"}, {"ccl": "2"}),
        ({"licence": "modification"}, {"ccl": "4"}),
        ({"section": "blog"}, {"section": "blog"}),
        ({"section": "shopping"}, {"section": "nshopping"}),
        ({"sort": "newest"}, {"nso": "so:dd,p:all,a:all"}),
        ({"sort": "oldest", "period": "1y"}, {"nso": "so:da,p:1y,a:all"}),
        ({"period": "1w"}, {"nso": "so:r,p:1w,a:all"}),
        ({"period": "20260101-20260131"}, {"nso": "so:r,p:from20260101to20260131,a:all"}),
        (
            {"size": "large", "colour": "black", "period": "1d"},
            {"res_fr": "786432", "res_to": "100000000", "color": "black", "nso": "so:r,p:1d,a:all"},
        ),
    ],
)
def test_filters_become_parameters(filters: dict[str, str], expected: dict[str, str]) -> None:
    assert parameters(SearchQuery("고양이", **filters)) == expected
