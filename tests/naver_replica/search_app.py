"""search.naver.com and s.search.naver.com: the image tab and the continuation it scrolls with."""

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from tests.naver_replica import addresses, faults, page, wording
from tests.naver_replica.addresses import Ports
from tests.naver_replica.faults import FAULTS_OF_QUERY, Fault, layout_year
from tests.naver_replica.results import Result, results
from tests.naver_replica.selection import SLOTS_PER_PAGE, Selection, images_in, is_advert, slot_of

MORE_PATH = "/p/c/image/46/search.naver"
MORE_PATH_OF = {
    "2018": "/imagesearch/instant/search.naver",
    "2020": "/p/c/image/search.naver",
    "2023": "/p/c/image/search.naver",
}
MORE_SLOTS = 100
REPEATED = 10  # results that `Fault.DUPLICATES` shows again
STALL_S = 60.0  # longer than any page waits
TILE_WIDTH_PX = 340
KEPT_PARAMETERS = ("nso", "res_fr", "res_to", "color", "ccl", "section", "datetype")
ROBOTS = "User-agent: *\nDisallow: /\n"

Item = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of slots, and the offset at which the next one starts, None at the end."""

    items: list[Item]
    next_start: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read."""

    query: str
    start: int
    slots: int
    selection: Selection
    faults: frozenset[Fault]

    @classmethod
    def of(cls, request: Request, slots: int) -> "Asked":
        """Read a request; HTTPException 400 for numbers that are none, 404 for unknown faults."""
        params = request.query_params
        query = params.get("query", "").strip()[:100]
        try:
            named = request.path_params.get("faults")
            chosen = faults.parsed(named) if named else frozenset()
        except ValueError as error:
            raise HTTPException(404, str(error)) from error
        if query in FAULTS_OF_QUERY:
            chosen |= {FAULTS_OF_QUERY[query]}
        try:
            start = max(1, int(params.get("start") or 1))
            return cls(query, start, slots, Selection.of(params), chosen)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error


@dataclass(frozen=True, slots=True)
class SearchApp:
    """The routes of both search hosts; remembers only which continuations it has let down."""

    ports: Ports
    seed: int
    refused: Counter[tuple[str, frozenset[Fault]]] = field(default_factory=Counter)

    def routes(self) -> list[BaseRoute]:
        """Return the routes, with and without faults in the path."""
        pages = [
            Route("/search.naver", self.search_page),
            Route("/forms/{name:str}", self.form),
            *(
                Route(path, self.continuation)
                for path in sorted({MORE_PATH, *MORE_PATH_OF.values()})
            ),
        ]
        return [
            *pages,
            Mount("/fault/{faults}", routes=pages),
            Mount("/static", StaticFiles(directory=page.STATIC)),
            Route("/robots.txt", lambda _: PlainTextResponse(ROBOTS)),
        ]

    def search_page(self, request: Request) -> Response:
        """Answer with the image tab, one batch of fifty slots."""
        asked = Asked.of(request, SLOTS_PER_PAGE)
        self.refused[asked.query, asked.faults] = 0
        if Fault.BLOCKED in asked.faults:
            return HTMLResponse(page.block_page(), 403)
        if Fault.BLOCKED_200 in asked.faults:
            return HTMLResponse(page.block_page())
        if Fault.ADULT in asked.faults:
            return HTMLResponse(page.adult_page(asked.query))
        batch = self._batch(asked)
        if not batch.items:
            return HTMLResponse(page.no_results_page(asked.query))
        kept = {k: v for k, v in request.query_params.items() if k in KEPT_PARAMETERS}
        again = self._more_url(asked, asked.start, SLOTS_PER_PAGE, kept)
        more = self._next_url(asked, batch, kept)
        body = page.results_page(asked.query, batch.items, more, again, asked.faults)
        return HTMLResponse(body)

    def form(self, request: Request) -> Response:
        """Answer with the HTML that the page's script makes tiles and the viewer of."""
        name = request.path_params["name"]
        if name not in ("tile", "advert", "viewer"):
            raise HTTPException(404)
        asked = Asked.of(request, SLOTS_PER_PAGE)
        form = page.form(name, layout_year(asked.faults))
        return HTMLResponse(page.renamed(form, asked.faults))

    async def continuation(self, request: Request) -> Response:
        """Answer with the next batch as JSON, or as JSONP where a callback is named."""
        params = request.query_params
        asked = Asked.of(request, _slots(params.get("display", "")))
        callback = params.get("_callback", "")
        if re.fullmatch(r"[\w.$]*", callback) is None:
            raise HTTPException(400, "_callback is no name")
        # A page without data asks for its own slots first: that is no continuation.
        if not (Fault.NO_DATA in asked.faults and asked.slots == SLOTS_PER_PAGE):
            refusal = await self._refusal(asked)
            if refusal is not None:
                return refusal
        kept = {k: v for k, v in params.items() if k in KEPT_PARAMETERS}
        answer = self._answer(asked, kept, is_old_mode=params.get("json_type") == "6")
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        if callback:
            return Response(f"{callback}({text})", media_type="application/javascript")
        if params.get("json_type") == "6":
            text = f"({text})"
        return Response(text, media_type="application/json")

    async def _refusal(self, asked: Asked) -> Response | None:
        """Return what a fault puts in place of the answer, None where there is none."""
        if Fault.BLOCKED_LATER in asked.faults:
            return HTMLResponse(page.block_page(), 403)
        if Fault.ENDLESS in asked.faults:
            return PlainTextResponse("error", 500)
        if asked.faults & {Fault.STALLED, Fault.FAILING}:
            self.refused[asked.query, asked.faults] += 1
            if self.refused[asked.query, asked.faults] == 1:
                if Fault.STALLED in asked.faults:
                    await asyncio.sleep(STALL_S)
                return PlainTextResponse("error", 500)
        return None

    def _answer(self, asked: Asked, kept: dict[str, str], *, is_old_mode: bool) -> dict[str, Any]:
        batch = self._batch(asked)
        if is_old_mode:
            items = [
                {k: quote(v, safe="") if isinstance(v, str) else v for k, v in item.items()}
                for item in batch.items
            ]
            return {"items": items, "itemCount": len(items)}
        if not batch.items:
            return {}
        answer: dict[str, Any] = {"items": batch.items}
        if batch.next_start is not None:
            answer["url"] = self._next_url(asked, batch, kept)
        return {"content": answer} if Fault.NESTED in asked.faults else answer

    def _batch(self, asked: Asked) -> Batch:
        found = asked.selection.of_results(results(asked.query, self.seed))
        last = asked.start - 1 + images_in(asked.slots)
        images = iter(found[asked.start - 1 : last])
        items: list[Item] = []
        image = next(images, None)
        for slot in range(1, asked.slots + 1):
            if image is None:
                break
            if is_advert(slot):
                items.append(_advert(asked.query))
            else:
                items.append(_item(image, self.ports))
                image = next(images, None)
        repeated = REPEATED if Fault.DUPLICATES in asked.faults else 0
        return Batch(items, last + 1 - repeated if last < len(found) else None)

    def _next_url(self, asked: Asked, batch: Batch, kept: dict[str, str]) -> str:
        if batch.next_start is None:
            return ""
        return self._more_url(asked, batch.next_start, MORE_SLOTS, kept)

    def _more_url(self, asked: Asked, start: int, slots: int, kept: dict[str, str]) -> str:
        year = layout_year(asked.faults)
        params = {
            "ac": "0",
            **({"json_type": "6"} if year else {"api_type": "pc_tab_more"}),
            "aq": "0",
            "display": str(slots),
            "logStart": "1",
            "mode": "column",
            "nso": "so:r,p:all,a:all",
            "nx_search_query": asked.query,
            "query": asked.query,
            "section": "image",
            "sm": "tab_opt",
            "ssc": "tab.image.all",
            "start": str(start),
            "where": "image",
            **kept,
        }
        path = faults.prefix(asked.faults - set(FAULTS_OF_QUERY.values()))
        path += MORE_PATH_OF.get(year, MORE_PATH)
        return f"{addresses.origin(self.ports.more)}{path}?{urlencode(params)}"


def _slots(display: str) -> int:
    return min(int(display), MORE_SLOTS) if display.isdecimal() else MORE_SLOTS


def _item(result: Result, ports: Ports) -> Item:
    width, height = result.picture.width, result.picture.height
    return {
        "type": "image",
        "imgId": result.img_id,
        "rank": slot_of(result.rank),
        "title": result.title,
        "link": result.page.link,
        "source": result.page.source,
        "tld": result.page.domain,
        "writerTitle": "",
        "dateInfo": wording.date_info(result.day),
        "color": result.colour,
        "thumb": addresses.thumbnail(result, ports, "a340"),
        "thumbWidth": TILE_WIDTH_PX,
        "thumbHeight": round(TILE_WIDTH_PX * height / width),
        "viewerThumb": addresses.thumbnail(result, ports, "sc960_832"),
        "lensThumb": addresses.thumbnail(result, ports, "w750"),
        "originalUrl": addresses.original(result, ports),
        "orgWidth": result.stated_width,
        "orgHeight": result.stated_height,
    }


def _advert(query: str) -> Item:
    return {
        "type": "shopAd",
        "title": f"{query} 특가",
        "link": "https://ader.example/",
        "source": "",
    }
