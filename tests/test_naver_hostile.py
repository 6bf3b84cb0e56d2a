"""Texts that no page of Naver's holds: nothing makes the readers raise, or take long."""

import json
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.sources.naver_page import any_images, continuation, embedded, page_kind, read_page, tiles
from tasks.sources.naver_results import Ranking
from tests.support.naver_markup import BLOG, ROW, tile

ENCODED_ROW = {key: quote(str(value), safe="") for key, value in ROW.items()}
OTHER_TILES = (
    '<div class="tile_item _item"><a data-cr-log="&i=blog_"><img class="_image _listImage">',
    '<i class="_fe_image_tab_grid">',
    f'<div class="img_area _item"><img data-source="{BLOG}">',
)
READERS: list[Callable[[str], object]] = [
    embedded,
    continuation,
    tiles,
    any_images,
    lambda html: page_kind(200, html, has_results=False),
]
PIECES = [
    "var imageSearchTabData =", "{content:{", "items", '"items":', "items:[", "url:", 'url:"', "[",
    "{", "}", "]", ",", ":", '"', "'", "\\", '[{"type":"image"', json.dumps([ROW]), "\\ud800",
    json.dumps([ENCODED_ROW]), *OTHER_TILES, '<a data-type="shopAd">', "https://x/common/?src=http",
    "<", ">", "<!--", "-->", "<script>", "</script>", "<a ", "<div class=", tile(), "=", "&#", " ",
    '<img class="_fe_image_tab_content_thumbnail_image" src="', "1", "null", "\x00", "가", "\ud800",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=60).map("".join))
def test_no_text_makes_the_readers_raise(text: str) -> None:
    for read in READERS:
        read(text)
    Ranking().add(read_page(text))


def seconds(read: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    read(text)
    return time.process_time() - begun


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
    for read in READERS:
        # The best of three: the machine may have other work.
        assert any(seconds(read, text) < 0.3 for _ in range(3))
