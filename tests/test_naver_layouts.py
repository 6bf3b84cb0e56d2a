"""Tiles of every layout since 2018, and each way of reading by itself against the replica."""

import re
from collections.abc import Callable, Iterator
from html import escape, unescape

import pytest
import requests

from tasks.records import Address, AddressKind
from tasks.sources.naver_page import any_images, continuation, embedded, read_page, tiles
from tasks.sources.naver_results import Extraction, Ranking, Strategy
from tests.naver_replica.faults import Fault
from tests.naver_replica.page import PLACEHOLDER
from tests.naver_replica.serving import Replica
from tests.support.naver_markup import (
    BLOG,
    BLOG_PAGE,
    BLOG_THUMBNAIL,
    BLOG_VIEWER,
    ROW,
    YES24,
    YES24_THUMBNAIL,
    candidates,
    page_of,
    tile,
)

QUERY = "고양이"
IMAGE_ID = "image_sas:blog_e00592fd75d08bb35037048816447a01"
THUMBNAIL = BLOG_THUMBNAIL.replace("&", "&amp;")
LAZY = f'src="{PLACEHOLDER}" data-lazy-src="{THUMBNAIL}"'
TILE_2018 = (
    f'<div class="img_area _item" data-rank="1"><a class="thumb _thumb" href="{BLOG_PAGE}">'
    f'<img src="{PLACEHOLDER}" data-source="{THUMBNAIL}" class="_img" alt="대전 &amp; 파이썬">'
    "</a></div>"
)
TILE_2020 = (
    '<div class="tile_item _item is_visible" data-cr-area="img" style="left:0px"'
    ' data-id="image_sas:blog157258746|6|222674865230_191361137">'
    '<div class="photo_bx api_ani_send _photoBox"><div class="thumb">'
    f'<a class="link_thumb _imageBox _infoBox" href="{BLOG_PAGE}" role="button"'
    f' data-cr-log="thum&amp;r=1&amp;i={IMAGE_ID[10:]}&amp;g=7" title="대전 &amp; 파이썬">'
    f'<img {LAZY} class="_image _listImage" data-org-width="340" alt="대체 글">'
    "</a></div></div></div>"
)
GRID_2023 = (
    '<div class="image_tile _fe_image_tab_grid"><div class="tile_item"><div class="thumb"><div>'
    f'<img {LAZY} data-image-viewer-img-id="{IMAGE_ID}"></div></div><div><a href="{BLOG_PAGE}">'
    '<div class="info_title"><span class="txt">대전 &amp; <b>파이썬</b></span></div></a></div>'
    "</div></div>"
)


@pytest.mark.parametrize(
    ("html", "strategy", "image_id"),
    [
        (tile(), Strategy.TILES, IMAGE_ID),
        (GRID_2023, Strategy.TILES_2023, IMAGE_ID),
        (TILE_2020, Strategy.TILES_2020, IMAGE_ID),
        (TILE_2020.replace("&amp;i=", "&amp;j="), Strategy.TILES_2020,
         "image_sas:blog157258746|6|222674865230_191361137"),
        (TILE_2018, Strategy.TILES_2018, ""),
        (TILE_2018.replace(THUMBNAIL, BLOG), Strategy.TILES_2018, ""),
    ],
    ids=["2024", "2023", "2020", "2020, no log", "2018", "2018, plain original"],
)  # fmt: skip
def test_a_tile_of_each_layout_is_read(html: str, strategy: Strategy, image_id: str) -> None:
    extraction = tiles(f'<a href="/"><img src="{YES24_THUMBNAIL}"></a>{html}<a href="{YES24}">')
    (result,) = extraction.results

    assert extraction.strategy is strategy
    assert result.image_id == image_id
    assert result.candidate.url == BLOG
    assert result.candidate.title == "대전 & 파이썬"
    assert result.candidate.page_url == BLOG_PAGE


@pytest.mark.parametrize("html", [TILE_2018, TILE_2020])
@pytest.mark.parametrize("read", [tiles, any_images])
def test_an_advert_is_left_out_whatever_it_shows(
    html: str, read: Callable[[str], Extraction]
) -> None:
    advert = html.replace("<div ", '<div data-type="shopAd" ', 1).replace(BLOG_PAGE, YES24)

    assert [c.page_url for c in candidates(read(advert + html + advert))] == [BLOG_PAGE]


def test_today_s_layout_comes_before_those_of_other_years() -> None:
    extraction = tiles(TILE_2018 + GRID_2023 + tile(src=YES24_THUMBNAIL) + TILE_2020)

    assert extraction.strategy is Strategy.TILES
    assert [candidate.url for candidate in candidates(extraction)] == [YES24]


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        (f'<img src="{THUMBNAIL}">', [BLOG]),
        (f'<img src={THUMBNAIL}>', [BLOG]),
        (f'<p data-src="{THUMBNAIL}"><img src="" data-source="{YES24_THUMBNAIL}">', [BLOG, YES24]),
        (f'<img src="https://x.example/1.jpg" data-lazy-src="{THUMBNAIL}">', [BLOG]),
        (f'<img data-type="shopAd" src="{THUMBNAIL}"><img src="{YES24_THUMBNAIL}">', [YES24]),
        ('<img src="https://x.example"><p data-src="/a"><img src="data:image/gif;base64,R0">', []),
        (f"<p>{THUMBNAIL}</p><script>'<img src=\"{THUMBNAIL}\">'</script>", []),
        ('<img src="https://search.pstatic.net/common/?type=a340">', []),
    ],
)  # fmt: skip
def test_any_image_is_one_that_carries_an_original(html: str, urls: list[str]) -> None:
    assert [candidate.url for candidate in candidates(any_images(html))] == urls


def test_the_page_of_any_image_is_that_of_the_link_around_it() -> None:
    image = f'<img src="{THUMBNAIL}" alt="대전">'
    found = candidates(any_images(f'<a href="{BLOG_PAGE}"><b>{image}</b></a>{image}'))

    assert [(c.page_url, c.title) for c in found] == [(BLOG_PAGE, "대전"), ("", "대전")]


@pytest.mark.parametrize(
    ("html", "counts"),
    [
        (page_of(ROW) + tile(), {"embedded data": 1, "tiles": 1}),
        (page_of(ROW) + f'<img src="{THUMBNAIL}">', {"embedded data": 1, "tiles": 0}),
        (f'<img src="{THUMBNAIL}">', {"embedded data": 0, "tiles": 0, "any image": 1}),
    ],
)
def test_the_last_resort_is_taken_only_where_all_else_fails(
    html: str, counts: dict[str, int]
) -> None:
    assert {part.strategy: len(part.results) for part in read_page(html)} == counts


def test_a_tile_becomes_a_candidate_with_the_original_of_its_thumbnail() -> None:
    extraction = tiles(f"<div>{tile()}</div>")
    (result,) = extraction.results

    assert result.image_id == "image_sas:blog_e00592fd75d08bb35037048816447a01"
    assert result.candidate.url == BLOG
    assert Address(BLOG_VIEWER, AddressKind.VIEWER) in result.candidate.addresses
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


def pages(replica: Replica, *faults: Fault) -> Iterator[str]:
    """Yield the HTML of every result page, in the state in which it is sent."""
    for start in (1, 49, 97, 145):
        params = {"where": "image", "query": QUERY, "start": str(start)}
        yield requests.get(replica.search_url_with(*faults), params, timeout=20).text


def revealed_pages(replica: Replica, *faults: Fault) -> Iterator[str]:
    """Yield every page with its thumbnails, as the browser puts them in when it scrolls."""
    for html in pages(replica, *faults):
        thumbnails = re.findall(r'"type":"image".*?"thumb":"([^"]+)"', html)
        for thumbnail in thumbnails:
            html = html.replace(PLACEHOLDER, escape(thumbnail), 1)
        yield html


def responses(replica: Replica, *faults: Fault, **params: str) -> Iterator[str]:
    """Yield every response to scrolling, from the first result on."""
    html = next(pages(replica, *faults))
    found = re.search(r'data-more="(http[^"]+)"', html)
    url = unescape(found[1]) if found else embedded(html).next_url
    assert url
    start = 1
    while url:
        url = re.sub(r"\bstart=\d+", f"start={start}", url)
        text = requests.get(url, params, timeout=20).text
        yield text
        answer = continuation(text)
        start += len(answer.results)
        if answer.next_url is not None:
            url = answer.next_url


@pytest.mark.parametrize(
    ("read", "texts", "faults", "strategy"),
    [
        (embedded, pages, [], Strategy.EMBEDDED),
        (embedded, pages, [Fault.SCRIPT_VARIANT], Strategy.EMBEDDED),
        (continuation, responses, [], Strategy.CONTINUATION),
        (continuation, responses, [Fault.NESTED], Strategy.CONTINUATION),
        (continuation, responses, [Fault.LAYOUT_2018], Strategy.CONTINUATION),
        (continuation, responses, [Fault.LAYOUT_2020], Strategy.CONTINUATION),
        (tiles, revealed_pages, [], Strategy.TILES),
        (tiles, pages, [Fault.LAYOUT_2023], Strategy.TILES_2023),
        (tiles, pages, [Fault.LAYOUT_2020], Strategy.TILES_2020),
        (tiles, pages, [Fault.LAYOUT_2018], Strategy.TILES_2018),
        (any_images, revealed_pages, [Fault.RENAMED_TILES], Strategy.ANY_IMAGE),
        (any_images, pages, [Fault.LAYOUT_2023], Strategy.ANY_IMAGE),
        (any_images, pages, [Fault.LAYOUT_2020], Strategy.ANY_IMAGE),
        (any_images, pages, [Fault.LAYOUT_2018], Strategy.ANY_IMAGE),
    ],
)
def test_each_way_of_reading_finds_all_results_by_itself(
    replica: Replica,
    read: Callable[[str], Extraction],
    texts: Callable[..., Iterator[str]],
    faults: list[Fault],
    strategy: Strategy,
) -> None:
    readings = [read(text) for text in texts(replica, *faults)]

    found = Ranking().add(readings)
    assert [candidate.url for candidate in found] == list(replica.truth(QUERY))
    assert {part.strategy for part in readings if part.results} == {strategy}
    assert all(c.addresses[0].kind is AddressKind.ORIGINAL for c in found)


def test_a_continuation_in_a_callback_is_read_to_its_end(replica: Replica) -> None:
    texts = list(responses(replica, Fault.LAYOUT_2018, _callback="getPhoto"))

    assert all(text.startswith("getPhoto({") for text in texts)
    found = Ranking().add(map(continuation, texts))
    assert [candidate.url for candidate in found] == list(replica.truth(QUERY))
