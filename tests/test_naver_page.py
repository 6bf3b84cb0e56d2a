"""Reading Naver's result pages, without a browser."""

import json
from urllib.parse import quote

import pytest

from tasks.records import Address, AddressKind, Candidate
from tasks.sources.naver_address import SEARCH_PAGE
from tasks.sources.naver_page import (
    PageKind,
    continuation,
    embedded,
    page_kind,
    tiles,
)
from tasks.sources.naver_results import Extraction, Ranking, Strategy
from tests.support.naver_markup import (
    AD,
    BLOG,
    BLOG_PAGE,
    BLOG_SECURE,
    BLOG_THUMBNAIL,
    BLOG_VIEWER,
    ROW,
    YES24,
    YES24_ROW,
    candidates,
    page_of,
    tile,
)


def test_a_row_becomes_a_candidate_with_every_way_to_its_image() -> None:
    (candidate,) = candidates(embedded(page_of(ROW)))

    assert candidate == Candidate(
        addresses=(
            Address(BLOG, AddressKind.ORIGINAL),
            Address(BLOG_SECURE, AddressKind.ORIGINAL),
            Address(BLOG, AddressKind.ORIGINAL, referer=BLOG_PAGE),
            Address(BLOG, AddressKind.ORIGINAL, referer=SEARCH_PAGE),
            Address(BLOG_VIEWER, AddressKind.VIEWER),
            Address(BLOG_THUMBNAIL, AddressKind.THUMBNAIL),
        ),
        rank=1,
        source="naver",
        title="대전파이썬학원 & 기초부터",
        page_url=BLOG_PAGE,
        stated_width=1280,
        stated_height=960,
    )


@pytest.mark.parametrize(
    "html",
    [
        page_of(ROW, AD, YES24_ROW),
        page_of(AD, ROW, None, 7, "x", [], {}, YES24_ROW),
        page_of(ROW, YES24_ROW, form='<script nonce="1">\nvar  imageSearchTabData\n =\t{%s};'),
        page_of(ROW, YES24_ROW, form='<script>var imageSearchTabData={shopAd:{items:[{"a":1}]},%s'),
        page_of(ROW, YES24_ROW, form="<script>var imageSearchTabData={shopAd:{items:null},%s}"),
        page_of(ROW, YES24_ROW, form="<script>let newName={%s}</script>").replace(
            '[{"type": "image"', '[{"type":"image"'
        ),
        f"<script>var imageSearchTabData = {{ items : {json.dumps([ROW, YES24_ROW])} }}",
        page_of(ROW, YES24_ROW, ROW)[:-40],
        page_of(ROW, YES24_ROW, {"type": "image", "a": "CUT"}).replace('"CUT"', "\\"),
    ],
    ids=[
        "an ad between", "rows of wrong types", "attributes and spacing", "ads first", "no ads",
        "renamed variable", "items on top", "cut off at the end", "a flaw in a later row",
    ],
)  # fmt: skip
def test_the_embedded_rows_are_found_in(html: str) -> None:
    found = candidates(embedded(html))

    assert [candidate.url for candidate in found] == [BLOG, YES24]
    assert [candidate.rank for candidate in found] == [1, 2]


ENCODED_ROW = {k: quote(v, safe="") if isinstance(v, str) else v for k, v in ROW.items()}
OLD_MODE = json.dumps({"itemCount": 2, "items": [AD, ENCODED_ROW]})


@pytest.mark.parametrize(
    ("text", "next_url"),
    [
        (json.dumps({"url": "https://s.example/2", "items": [ROW]}), "https://s.example/2"),
        (json.dumps({"content": {"items": [ROW], "url": "/p/c?start=2"}}), "/p/c?start=2"),
        (json.dumps({"content": {"url": "", "items": [AD, ROW]}, "shopAd": {"items": [AD]}}), ""),
        ("cb_1(" + json.dumps({"url": "", "items": [AD, ROW]}) + ");", ""),
        (json.dumps({"items": [ROW]}), ""),
        ("/**/ cb.x[1]( " + json.dumps({"items": [ROW]}, indent=1) + " )\n", ""),
        (json.dumps({"items": [ROW, ROW | {"a": "CUT"}]}).partition("CUT")[0], None),
        (OLD_MODE, None),
        (f"({OLD_MODE})", None),
        (f"getPhoto({OLD_MODE});", None),
        (json.dumps({"items": [ROW | {"dateInfo": "4주 전", "orgWidth": 0}], "itemCount": 1}), ""),
    ],
    ids=[
        "plain", "nested", "adverts apart", "callback", "no address", "spacing", "cut off",
        "old mode", "old mode in brackets", "old mode in a callback", "relative date",
    ],
)  # fmt: skip
def test_a_continuation_is_read(text: str, next_url: str | None) -> None:
    extraction = continuation(text)

    assert [candidate.url for candidate in candidates(extraction)] == [BLOG]
    assert extraction.next_url == next_url


def test_a_row_of_the_old_mode_is_decoded_once() -> None:
    assert continuation(OLD_MODE).results == continuation(json.dumps({"items": [ROW]})).results


@pytest.mark.parametrize(
    ("text", "next_url"),
    [('({"items":[],"itemCount":0})', ""), ("{}", None), ("<html>502", None), ("", None)],
)
def test_an_empty_list_is_the_end_and_no_list_says_nothing(text: str, next_url: str | None) -> None:
    assert continuation(text) == Extraction(Strategy.CONTINUATION, (), next_url)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"originalUrl": "https://blogfiles.naver.net/a/b.png"}, "http://blogfiles.naver.net/a/b.png"),
        ({"originalUrl": "https://x.example/가 나.jpg#top"}, "https://x.example/%EA%B0%80%20%EB%82%98.jpg"),
        ({"originalUrl": BLOG_VIEWER}, BLOG),
        ({"originalUrl": "javascript:alert(1)"}, BLOG),
        ({"originalUrl": None}, BLOG),
        ({"originalUrl": "http:///nohost.jpg"}, BLOG),
        ({"originalUrl": "http://[::1/x.jpg"}, BLOG),
        ({"originalUrl": "http://x.example:port/x.jpg"}, BLOG),
        ({"originalUrl": "http://x.example/\ud800.jpg"}, BLOG),
        ({"originalUrl": "http://x.example/" + 5000 * "a"}, BLOG),
        ({"originalUrl": "http://a b.example/x.jpg"}, BLOG),
        ({"originalUrl": 7, "viewerThumb": {}}, BLOG),
        ({"originalUrl": "", "viewerThumb": [], "thumb": "https://t.example/1.jpg"}, "https://t.example/1.jpg"),
        (
            {
                "originalUrl": "",
                "viewerThumb": "https://127.0.0.1:9/common/?autoRotate=true&type=w750&src="
                "http%3A%2F%2F127.0.0.1%3A8%2Fa%2520b.jpg%3Fx%3D1%26y%3D2",
            },
            "http://127.0.0.1:8/a%20b.jpg?x=1&y=2",
        ),
        (
            {
                "originalUrl": "",
                "viewerThumb": "https://search.pstatic.net/common/?src=http://imgnews.naver.net/"
                "image/5141/a.jpg?x=1&y=%B0%A1&type=b150",
            },
            "http://imgnews.naver.net/image/5141/a.jpg?x=1&y=%B0%A1",
        ),
        (
            {"originalUrl": "", "viewerThumb": "https://p.example/sunny/?src=http%3A%2F%2Fx.example%2F%B0%A1.jpg"},
            "http://x.example/%B0%A1.jpg",
        ),
    ],
)  # fmt: skip
def test_the_first_address_is_the_original_wherever_it_can_be_had(
    changes: dict[str, object], first: str
) -> None:
    (candidate,) = candidates(continuation(json.dumps({"items": [ROW | changes]})))

    assert candidate.url == first


def test_a_row_that_leads_to_no_image_is_left_out() -> None:
    row = {
        "type": "image",
        "originalUrl": "ftp://x.example/a.jpg",
        "thumb": "data:image/gif;base64,R0",
    }

    assert continuation(json.dumps({"items": [row]})).results == ()


@pytest.mark.parametrize("link", ["", None, "javascript:void(0)", "//blog.naver.com/a"])
def test_only_a_web_page_is_sent_as_referer(link: object) -> None:
    (candidate,) = candidates(continuation(json.dumps({"items": [ROW | {"link": link}]})))

    assert {address.referer for address in candidate.addresses} == {None, SEARCH_PAGE}
    assert candidate.page_url == ""


@pytest.mark.parametrize(
    ("width", "height", "stated"),
    [
        (1280, 960, (1280, 960)),
        ("1280", "960", (1280, 960)),
        (0, 960, (0, 0)),
        (-1, 5, (0, 0)),
        (True, True, (0, 0)),
        (1e3, 1e3, (0, 0)),
        (10**9, 10**9, (0, 0)),
        ("²", "1" * 50, (0, 0)),
        (None, {}, (0, 0)),
    ],
)
def test_a_size_is_stated_only_where_both_sides_are_lengths(
    width: object, height: object, stated: tuple[int, int]
) -> None:
    row = ROW | {"orgWidth": width, "orgHeight": height}
    (candidate,) = candidates(continuation(json.dumps({"items": [row]})))

    assert (candidate.stated_width, candidate.stated_height) == stated


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("a <mark>b</mark>\n c", "a b c"),
        ("1 < 2 &lt;b&gt; &#128049;", "1 < 2 <b> 🐱"),
        ("lone \ud83d here", "lone ? here"),
        (None, ""),
        (7, ""),
        (10_000 * "가", 500 * "가"),
    ],
)
def test_titles_are_plain_text(title: object, plain: str) -> None:
    (candidate,) = candidates(continuation(json.dumps({"items": [ROW | {"title": title}]})))

    assert candidate.title == plain


def test_each_image_is_ranked_once_and_its_fullest_reading_stands() -> None:
    ranking = Ranking()
    no_id = ROW | {"imgId": "", "originalUrl": "https://blogfiles.naver.net/other/path.png"}

    first = ranking.add([embedded(page_of(YES24_ROW, ROW)), tiles(tile())])
    second = ranking.add([continuation(json.dumps({"items": [no_id, YES24_ROW]})), tiles(tile())])

    assert [(candidate.url, candidate.rank) for candidate in first] == [(YES24, 1), (BLOG, 2)]
    assert first[1].stated_width == 1280
    assert [candidate.rank for candidate in second] == [3]


def test_a_tile_is_known_by_the_original_in_the_thumbnail_of_its_row() -> None:
    row = ROW | {"imgId": "", "originalUrl": "https://mirror.example/same-picture.png"}

    assert len(Ranking().add([embedded(page_of(row)), tiles(tile())])) == 1


def test_two_renditions_of_one_upload_are_one_image() -> None:
    hosts = ("https://postfiles.pstatic.net", "http://blogfiles.naver.net")
    rows = [ROW | {"imgId": host, "originalUrl": f"{host}/a/b.png?type=w966"} for host in hosts]
    rows = [row | {"thumb": "", "viewerThumb": ""} for row in rows]

    (candidate,) = Ranking().add([embedded(page_of(*rows))])

    assert candidate.url == "http://blogfiles.naver.net/a/b.png"


BLOCK = "<h3 class='title'>검색 서비스 이용이 제한되었습니다</h3>"


@pytest.mark.parametrize(
    ("status", "html", "has_results", "kind"),
    [
        (200, "<p>anything", True, PageKind.RESULTS),
        (200, BLOCK, True, PageKind.RESULTS),
        (200, BLOCK, False, PageKind.BLOCKED),
        (200, "<p>네트워크에서 비정상적인 움직임이 발견되어", False, PageKind.BLOCKED),
        (403, "", False, PageKind.BLOCKED),
        (403, "", True, PageKind.BLOCKED),
        (429, "", False, PageKind.BLOCKED),
        (200, "<div class='x dsc_adult'>", False, PageKind.ADULT),
        (200, "<div class=not_found02>", False, PageKind.NO_RESULTS),
        (200, '<div class="api_noresult_wrap a">', False, PageKind.NO_RESULTS),
        (200, "<p>'<b>x</b>'에 대한 검색결과가 없습니다.", False, PageKind.NO_RESULTS),
        (200, "<style>.not_found02{}</style><script>'dsc_adult'", False, PageKind.UNREADABLE),
        (200, "", False, PageKind.UNREADABLE),
    ],
)  # fmt: skip
def test_pages_are_recognised(status: int, html: str, has_results: bool, kind: PageKind) -> None:
    assert page_kind(status, html, has_results=has_results) is kind
