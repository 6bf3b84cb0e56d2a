"""The HTML of the search page: tiles, the data embedded beside them, and the pages of refusal.

The nesting and the class names are those of 2024 and later, or, from the folders of `static` named
so, those that came in with an earlier year. Tiles begin with a `data:` placeholder; the page's own
script puts the thumbnail in when a tile comes into sight.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote

from tests.naver_replica.faults import Fault, layout_year

STATIC = Path(__file__).parent / "static"
PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
OPTIONS = (
    ("전체", ""),
    ("블로그", "&section=blog"),
    ("쇼핑", "&section=nshopping"),
    ("큰 이미지", "&res_fr=786432&res_to=100000000"),
    ("최신순", "&nso=so:dd,p:all,a:all"),
)
# What a redesign would do: nothing is left that a selector could hold on to.
NEW_NAMES = {
    "_fe_image_tab_content_": "_fx_pic_",
    "_fe_image_tab_grid": "_fx_cells",
    "tile_item": "grid_cell",
    "image_tile": "picture_cell",
    "data-image-viewer-img-id": "data-picture-id",
    "info_title": "cell_head",
}

Item = Mapping[str, str | int]


@cache
def form(name: str, year: str = "") -> str:
    """Return a piece of HTML with `{names}` in it, today's where the year has none of its own."""
    own = STATIC / year / f"{name}.html"
    return (own if own.exists() else STATIC / f"{name}.html").read_text(encoding="utf-8").strip()


def filled(html: str, **values: str) -> str:
    """Return a piece of HTML with its names replaced by HTML."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], html)


def results_page(
    query: str, items: Sequence[Item], more: str, reload: str, faults: frozenset[Fault]
) -> str:
    """Return the page of a batch; `more` continues it, `reload` is the same batch as JSON."""
    year = layout_year(faults)
    has_data = Fault.NO_DATA not in faults and not year
    main = filled(
        form("grid", year),
        tiles="".join(_tile(item, year) for item in items),
        more=escape(more) if year else "" if has_data else escape(reload),
        data=_data_script(items, more, faults) if has_data else "",
    )
    return _page(query, renamed(main, faults))


def renamed(html: str, faults: frozenset[Fault]) -> str:
    """Return the HTML with names that no one has seen before, if that fault is asked for."""
    if Fault.RENAMED_TILES in faults:
        for now, then in NEW_NAMES.items():
            html = html.replace(now, then)
    return html


def no_results_page(query: str) -> str:
    """Return what stands in place of tiles when there are none, or no more."""
    return _page(
        query,
        '<div class="api_noresult_wrap"><div class="not_found02"><p>'
        f"'<b>{escape(query)}</b>'에 대한 검색결과가 없습니다.</p></div></div>",
    )


def adult_page(query: str) -> str:
    """Return what a visitor who is not logged in sees of an adult query."""
    return _page(
        query,
        '<div class="dsc_adult"><p>청소년에게 노출하기 부적합한 검색결과를 제외하였습니다.</p>'
        "<p>연령 확인 후 전체결과를 보실 수 있습니다.</p></div>",
    )


def block_page() -> str:
    """Return the page that Naver shows a visitor it takes for a robot."""
    return _page(
        "",
        '<div class="blocked"><h3 class="title">검색 서비스 이용이 제한되었습니다</h3>'
        "<p>이용하시는 네트워크에서 비정상적인 움직임이 발견되어 검색 서비스 이용을 잠시 "
        '제한합니다.</p><a class="btn" href="#">제한 해제</a></div>',
    )


def _page(query: str, main: str) -> str:
    options = "".join(
        f'<a href="search.naver?where=image&amp;query={quote(query)}{escape(params)}">{name}</a>'
        for name, params in OPTIONS
    )
    return filled(form("page"), query=escape(query), main=main, options=options)


def _tile(item: Item, year: str) -> str:
    values = {key: escape(str(value)) for key, value in item.items()}
    text = escape(unescape(re.sub(r"</?mark>", "", str(item["title"]))))
    name = "tile" if item["type"] == "image" else "advert"
    logged_id = values.get("imgId", "").removeprefix("image_sas:")
    return filled(
        form(name, year), **values, text=text, loggedId=logged_id, placeholder=PLACEHOLDER
    )


def _data_script(items: Sequence[Item], more: str, faults: frozenset[Fault]) -> str:
    """Return the script with `imageSearchTabData`: outer keys bare, `items` and `url` JSON."""
    listed = json.dumps(items, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    url = json.dumps(more)
    if Fault.SCRIPT_VARIANT in faults:
        advert = '{items : [{"type":"shopAd","title":"items:[{ content:"}]}'
        return (
            '<script nonce="r4nd0m" type="text/javascript">\nvar   imageSearchTabData\n = {\n'
            f"  shopAd : {advert},\n  content : {{\n    url : {url},\n    items : {listed}\n  }}\n"
            "} ;\n</script>"
        )
    return (
        "<script>var imageSearchTabData={content:{"
        f"url:{url},items:{listed}}},shopAd:{{items:null}}}}</script>"
    )
