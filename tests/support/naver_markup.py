"""Rows, pages and tiles as Naver's result page holds them, for the tests that read them."""

import json

from tasks.records import Candidate
from tasks.sources.naver_results import Extraction

BLOG = (
    "http://blogfiles.naver.net/MjAyNTEyMzFfMjIy/MDAxNzY3MTQ1Nzk2OTc4"
    ".wQAZ2f6SvO-AYUd3wPIP77u5sDN3ColDJJYFuaHgSUkg"
    ".pQzJBMi02ZQFE827B_zskiFGN4NrftSi4z65FWRjL1Yg.PNG/%C6%C4%C0%CC%BD%E3_%B7%CE%B0%ED.png"
)
BLOG_SECURE = BLOG.replace("http://blogfiles.naver.net", "https://blogfiles.pstatic.net")
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
