"""Reading Naver's result pages, without a browser."""

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.records import Address, AddressKind, Candidate
from tasks.sources.naver_page import PageKind, continuation, embedded, page_kind, tiles
from tasks.sources.naver_results import Extraction, Ranking

BLOG = (
    "http://blogfiles.naver.net/MjAyNTEyMzFfMjIy/MDAxNzY3MTQ1Nzk2OTc4"
    ".wQAZ2f6SvO-AYUd3wPIP77u5sDN3ColDJJYFuaHgSUkg"
    ".pQzJBMi02ZQFE827B_zskiFGN4NrftSi4z65FWRjL1Yg.PNG/%C6%C4%C0%CC%BD%E3_%B7%CE%B0%ED.png"
)
BLOG_VIEWER = (
    "https://search.pstatic.net/common/?src=http%3A%2F%2Fblogfiles.naver.net%2FMjAyNTEyMzFfMjIy"
    "%2FMDAxNzY3MTQ1Nzk2OTc4.wQAZ2f6SvO-AYUd3wPIP77u5sDN3ColDJJYFuaHgSUkg"
    ".pQzJBMi02ZQFE827B_zskiFGN4NrftSi4z65FWRjL1Yg.PNG%2F%25C6%25C4%25C0%25CC%25BD%25E3"
    "_%25B7%25CE%25B0%25ED.png&type=sc960_832"
)
BLOG_THUMBNAIL = BLOG_VIEWER.replace("sc960_832", "a340")
BLOG_PAGE = "https://blog.naver.com/dongledongle111/224128920806"
YES24 = "https://image.yes24.com/goods/177863970/XL"
YES24_THUMBNAIL = (
    "https://search.pstatic.net/sunny/?src=https%3A%2F%2Fimage.yes24.com%2Fgoods%2F177863970%2FXL"
    "&type=a340"
)
ROW: dict[str, object] = {
    "type": "image",
    "imgId": "image_sas:blog_e00592fd75d08bb35037048816447a01",
    "rank": 1,
    "title": "대전<mark>파이썬</mark>학원 &amp; 기초부터",
    "link": BLOG_PAGE,
    "thumb": BLOG_THUMBNAIL,
    "viewerThumb": BLOG_VIEWER,
    "originalUrl": BLOG,
    "orgWidth": 1280,
    "orgHeight": 960,
}
YES24_ROW: dict[str, object] = {
    "type": "image",
    "imgId": "image_sas:web_386d9f1aae81fafffa04f673032a74a8",
    "title": "기초부터 시작하는 파이썬",
    "link": "https://www.yes24.com/product/goods/177863970",
    "thumb": YES24_THUMBNAIL,
    "originalUrl": YES24,
    "orgWidth": 0,
    "orgHeight": 0,
}
AD = {"type": "shopAd", "title": "items:[{ content:{", "thumb": "https://ad.example/1.jpg"}


def candidates(extraction: Extraction) -> list[Candidate]:
    return [result.candidate for result in extraction.results]


def page_of(*rows: object, form: str = "<script>var imageSearchTabData={%s}</script>") -> str:
    data = json.dumps(rows, ensure_ascii=False)
    return "<html><body>" + form % f'content:{{url:"https://s.example/?a=1",items:{data}}}'


def tile(
    *, src: str = BLOG_THUMBNAIL, name: str = "tile_item _fe_image_tab_content_tile", **data: str
) -> str:
    escaped = src.replace("&", "&amp;")
    return (
        f'<div class="{name} is_visible" data-type="{data.get("type", "image")}">'
        '<div class="image_tile_bx _fe_image_viewer_focus_target"><div class="thumb"><div>'
        f'<img class="_fe_image_tab_content_thumbnail_image" src="{escaped}" alt="대체 글"'
        ' data-image-viewer-img-id="image_sas:blog_e00592fd75d08bb35037048816447a01"></div></div>'
        f'</div><div><a href="{BLOG_PAGE}"><div class="info_title"><span class="txt">대전 &amp; '
        '<mark>파이썬</mark></span></div><div class="info_source"><span class="txt">블로그</span>'
        "</div></a></div></div>"
    )


def test_a_row_becomes_a_candidate_with_every_way_to_its_image() -> None:
    (candidate,) = candidates(embedded(page_of(ROW)))

    assert candidate == Candidate(
        addresses=(
            Address(BLOG, AddressKind.ORIGINAL),
            Address(BLOG, AddressKind.ORIGINAL, referer=BLOG_PAGE),
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


@pytest.mark.parametrize(
    ("text", "next_url"),
    [
        (json.dumps({"url": "https://s.example/2", "items": [ROW]}), "https://s.example/2"),
        (json.dumps({"content": {"items": [ROW], "url": "/p/c?start=2"}}), "/p/c?start=2"),
        ("cb_1(" + json.dumps({"url": "", "items": [AD, ROW]}) + ");", ""),
        (json.dumps({"items": [ROW]}), None),
    ],
)
def test_a_continuation_is_read(text: str, next_url: str | None) -> None:
    extraction = continuation(text)

    assert [candidate.url for candidate in candidates(extraction)] == [BLOG]
    assert extraction.next_url == next_url


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

    assert {address.referer for address in candidate.addresses} == {None}
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


def test_a_tile_becomes_a_candidate_with_the_original_of_its_thumbnail() -> None:
    extraction = tiles(f"<div>{tile()}</div>")
    (result,) = extraction.results

    assert result.image_id == "image_sas:blog_e00592fd75d08bb35037048816447a01"
    assert result.candidate.url == BLOG
    assert result.candidate.addresses[2] == Address(BLOG_VIEWER, AddressKind.VIEWER)
    assert result.candidate.title == "대전 & 파이썬"
    assert result.candidate.page_url == BLOG_PAGE
    assert (result.candidate.stated_width, result.candidate.rank) == (0, 1)


def test_tiles_that_are_ads_or_not_revealed_are_left_out() -> None:
    html = (
        tile(src="data:image/gif;base64,R0lGOD") + tile(type="shopAd") + tile(src=YES24_THUMBNAIL)
    )

    assert [candidate.url for candidate in candidates(tiles(html))] == [YES24]


def test_tiles_whose_container_was_renamed_are_found_by_their_images() -> None:
    html = tile(name="cell") + tile(name="cell", src=YES24_THUMBNAIL)

    assert [candidate.url for candidate in candidates(tiles(html))] == [BLOG, YES24]


def test_tiles_in_scripts_and_comments_are_none() -> None:
    assert tiles(f"<script>'{tile()}'</script><!-- {tile()} --><style>{tile()}").results == ()


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


READERS: list[Callable[[str], object]] = [
    embedded,
    continuation,
    tiles,
    lambda html: page_kind(200, html, has_results=False),
]
PIECES = [
    "var imageSearchTabData =", "{content:{", "items", '"items":', "items:[", "url:", 'url:"', "[",
    "{", "}", "]", ",", ":", '"', "'", "\\", '[{"type":"image"', json.dumps([ROW]), "\\ud800",
    "<", ">", "<!--", "-->", "<script>", "</script>", "<a ", "<div class=", tile(), "=", "&#", " ",
    '<img class="_fe_image_tab_content_thumbnail_image" src="', "1", "null", "\x00", "가", "\ud800",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=60).map("".join))
def test_no_text_makes_the_readers_raise(text: str) -> None:
    for read in READERS:
        read(text)


@pytest.mark.parametrize(
    "piece",
    [
        *PIECES,
        "<!", "</", "<a b='", '<a b="', "<a b=c ", "<a class>", "<title>", 'items:["', "items:[1,",
        'items:[{"a":', "items:[x", 'url:"\\', '{"type":"image","originalUrl":"http://a"},',
        '"items":[{"type":"image","originalUrl":"http://a"}],', "<a a=\"'", "<b>&amp;", "src=",
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "var imageSearchTabData={items:["])
def test_reading_takes_less_than_a_second_for_each_megabyte(piece: str, start: str) -> None:
    text = (start + piece * (300_000 // len(piece)))[:300_000]
    begun = time.process_time()
    for read in READERS:
        read(text)

    assert time.process_time() - begun < 0.3 * len(READERS)
