"""The network log of a page: finished responses with their bodies, from Chrome's own log.

This works for every way in which a page can fetch (XHR, fetch, script) and changes nothing in it.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Remote

from tasks.sources.browser import cdp

_SENT = "Network.requestWillBeSent"
_ANSWERED = "Network.responseReceivedExtraInfo"  # comes also where the page may not read the body
_FINISHED = "Network.loadingFinished"
_FAILED = "Network.loadingFailed"


@dataclass(frozen=True, slots=True)
class Response:
    """A finished response; status 0: there was none; the body is empty where it cannot be had."""

    url: str
    status: int
    body: str


class NetworkLog:
    """What one browser's page has fetched from the wanted addresses, each response given once."""

    def __init__(self, browser: Remote, is_wanted: Callable[[str], bool]) -> None:
        self._browser = browser
        self._is_wanted = is_wanted
        self._sent: dict[str, str] = {}  # request id → address
        self._statuses: dict[str, int] = {}

    @property
    def is_awaiting(self) -> bool:
        """Whether a wanted response was still under way at the last call of ``finished``."""
        return bool(self._sent)

    def finished(self) -> list[Response]:
        """Return the responses that have finished, or failed, since the last call."""
        responses = []
        for method, event in self._events():
            request = event["requestId"]
            if method == _SENT and self._is_wanted(event["request"]["url"]):
                self._sent[request] = event["request"]["url"]
            elif method == _ANSWERED:
                self._statuses[request] = int(event["statusCode"])
            elif method in (_FINISHED, _FAILED):
                url, status = self._sent.pop(request, ""), self._statuses.pop(request, 0)
                if url:
                    body = self._body(request) if method == _FINISHED else ""
                    responses.append(Response(url, status, body))
        return responses

    def _events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for entry in self._browser.execute("getLog", {"type": "performance"})["value"]:
            message = json.loads(entry["message"])["message"]
            if message["method"] in (_SENT, _ANSWERED, _FINISHED, _FAILED):
                yield message["method"], message["params"]

    def _body(self, request: str) -> str:
        try:
            answer = cdp(self._browser, "Network.getResponseBody", requestId=request)
        except WebDriverException:  # the browser keeps bodies for a while only
            return ""
        body = str(answer["body"])
        if answer["base64Encoded"]:
            return b64decode(body).decode("utf-8", "replace")
        return body
