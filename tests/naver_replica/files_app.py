"""The hosts of pictures: search.pstatic.net with its thumbnails, and those of the originals."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tests.naver_replica import addresses, rendering
from tests.naver_replica.addresses import MOVED
from tests.naver_replica.results import Quirk, Result, Truth

SLOW_S = 0.7
DRAWING_THREADS = 3  # more would only take the event loop's turns
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
ONE_PIXEL_GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
SORRY = "<!doctype html><html lang='ko'><title>안내</title><p>이미지를 찾을 수 없습니다.</p></html>"


@dataclass(frozen=True, slots=True)
class FilesApp:
    """The routes of all hosts that serve pictures, each answer ``latency_s`` late."""

    seed: int
    drawing: CapacityLimiter
    latency_s: float

    def thumbnail_routes(self) -> list[BaseRoute]:
        """Return the routes of search.pstatic.net."""
        return [Route("/common/", self.thumbnail), Route("/sunny/", self.thumbnail)]

    def original_routes(self) -> list[BaseRoute]:
        """Return the one route of every other host."""
        return [Route("/{path:path}", self.original)]

    async def thumbnail(self, request: Request) -> Response:
        """Answer with the picture that `src` names, scaled; it outlives a missing original."""
        await asyncio.sleep(self.latency_s)
        result = addresses.find(request.query_params.get("src", ""), self.seed)
        if result is None:
            return HTMLResponse(SORRY, 404)
        size = request.query_params.get("type", "")
        body = await to_thread.run_sync(
            rendering.thumbnail, result.picture, size, limiter=self.drawing
        )
        if body is None:
            return HTMLResponse(SORRY, 404)
        return Response(body, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})

    async def original(self, request: Request) -> Response:
        """Answer as the result's truth and its host's quirk say, to its exact address only."""
        await asyncio.sleep(self.latency_s)
        asked = _target(request)
        result = addresses.find(asked, self.seed)
        if result is None or asked.removeprefix(MOVED) != addresses.target(result):
            return HTMLResponse(SORRY, 404)
        if result.truth is Truth.MISSING:
            return HTMLResponse(SORRY, 404)
        if not _is_welcome(result, request):
            return HTMLResponse(SORRY, 403)
        if result.quirk is Quirk.REDIRECT and not asked.startswith(MOVED):
            return RedirectResponse(MOVED + asked, 302)
        if result.quirk is Quirk.SLOW:
            await asyncio.sleep(SLOW_S)
        return await self._body(result)

    async def _body(self, result: Result) -> Response:
        media_type = MEDIA_TYPES[result.named_format]
        is_odd = result.rank % 2 == 1
        if result.truth is Truth.NOT_AN_IMAGE:
            return HTMLResponse(SORRY, media_type=media_type if is_odd else None)
        if result.truth is Truth.PLACEHOLDER:
            return Response(ONE_PIXEL_GIF, media_type="image/gif")
        body = await to_thread.run_sync(rendering.original, result.picture, limiter=self.drawing)
        if result.truth is not Truth.TRUNCATED:
            return Response(body, media_type=media_type)
        half = body[: len(body) // 2]
        if is_odd:
            return Response(half, media_type=media_type)
        return StreamingResponse(
            _broken_off(half), media_type=media_type, headers={"Content-Length": str(len(body))}
        )


async def _broken_off(body: bytes) -> AsyncIterator[bytes]:
    """Send the beginning of a body, then break the connection."""
    yield body
    raise ConnectionAbortedError


def _target(request: Request) -> str:
    """Return path and query string as they were sent, not decoded."""
    path: str = request.scope["raw_path"].decode("ascii", "replace")
    query: str = request.scope["query_string"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def _is_welcome(result: Result, request: Request) -> bool:
    referer = request.headers.get("referer", "")
    is_own_page = urlsplit(referer).hostname == urlsplit(result.page.link).hostname
    if result.quirk is Quirk.NEEDS_REFERER:
        return is_own_page
    if result.quirk is Quirk.HOTLINK_GUARDED:
        return bool(request.headers.get("user-agent")) and (not referer or is_own_page)
    return True
