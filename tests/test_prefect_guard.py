"""Prefect's servers answer programs and their own page; a page of another site gets nothing."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from flows import temporary_server
from flows.prefect_guard import Guard
from tests.support.page import chromium, complaints
from tests.support.site import ROOT, free_port
from tests.support.waiting import until

START_S = 90.0
JSON = "application/json"
COMMAND = {"job_variables": {"command": "touch /tmp/pwned"}, "state": {"type": "SCHEDULED"}}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with a deployment. ``url`` ends before ``/api``."""

    url: str
    deployment: str
    client: SyncPrefectClient

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def runs(self) -> int:
        return len(self.client.read_flow_runs())

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Send a request with exactly these headers; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"host": f"127.0.0.1:{self.port}"} | named)
        answer = connection.getresponse()
        said = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, said, text


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module", params=["of make up", "of one run"])
def server(request: pytest.FixtureRequest, home: Path) -> Iterator[Server]:
    """Run the server that ``make up`` starts, and the one that a run starts for itself."""
    with ExitStack() as stack:
        stack.enter_context(temporary_settings({PREFECT_HOME: home}))
        if request.param == "of make up":
            port = str(free_port())
            environment = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                           "PREFECT_SERVER_API_PORT": port}  # fmt: skip
            process = subprocess.Popen(
                [sys.executable, "flows/prefect_server.py"],
                cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            api = f"http://127.0.0.1:{port}/api"
        else:
            api, process = temporary_server._start()
            stack.callback(temporary_server._stop, process)
        temporary_server._wait_until_up(api, process)
        stack.enter_context(temporary_settings({PREFECT_API_URL: api}))
        client = stack.enter_context(get_client(sync_client=True))
        flow = client.create_flow_from_name("collect")
        deployment = client.create_deployment(flow, f"of {request.param}")
        yield Server(api.removesuffix("/api"), str(deployment), client)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """Serve an empty page of somebody else's at a port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><iframe name=it></iframe>")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield other.server_port
        other.shutdown()


FETCH = """
const [url, options, done] = arguments;
fetch(url, options).then(async answer => done([answer.type, answer.status, await answer.text()]),
                         error => done(["error", 0, String(error)]));
"""
LOAD = """
const [url, done] = arguments, script = document.createElement("script");
script.onload = () => done("loaded");
script.onerror = () => done("refused");
script.src = url;
document.body.append(script);
"""
SEND_FORM = """
const [url, type, body] = arguments, form = document.createElement("form");
Object.assign(form, {action: url, method: "post", enctype: type, target: "it"});
const field = document.createElement("input");
[field.name, field.value] = [body, ""];
form.append(field);
document.body.append(form);
form.submit();
"""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_neither_reads_nor_starts_anything(
    server: Server, browser: Chrome, elsewhere: int, name: str
) -> None:
    before = server.runs()
    body = json.dumps(COMMAND)
    browser.get(f"http://{name}:{elsewhere}/")
    for host in ("127.0.0.1", "localhost"):
        api = f"http://{host}:{server.port}/api"
        targets = [
            f"{api}/flow_runs/filter",
            f"{api}/deployments/{server.deployment}/create_flow_run",
        ]
        for mode in ("cors", "no-cors"):
            for content_type in (JSON, "text/plain"):
                for url in targets:
                    options = {"method": "POST", "mode": mode, "body": body,
                               "headers": {"content-type": content_type}}  # fmt: skip
                    kind, status, text = browser.execute_async_script(FETCH, url, options)
                    assert (kind in ("error", "opaque"), status) == (True, 0), text
                    assert kind == "error" or text == ""
            kind, _, text = browser.execute_async_script(
                FETCH, f"{api}/csrf-token?client=abc", {"mode": mode}
            )
            assert kind == "error" or text == ""
        assert browser.execute_async_script(LOAD, f"{api}/admin/version") == "refused"
        for content_type in ("text/plain", "application/x-www-form-urlencoded"):
            browser.execute_script(SEND_FORM, targets[1], content_type, body)

            def answered() -> bool:
                browser.switch_to.frame("it")
                shown = browser.find_element(By.TAG_NAME, "body").text
                browser.switch_to.default_content()
                return bool(shown) or "ERR_" in str(browser.get_log("browser"))

            until(answered, "an answer to the form", 10)
    assert server.runs() == before


def test_prefects_own_page_can(server: Server, browser: Chrome) -> None:
    """The same requests from the server's own origin: what is refused above is no mistake."""
    before = server.runs()
    for name in ("127.0.0.1", "localhost"):
        api = f"http://{name}:{server.port}/api"
        browser.get(f"{api}/health")
        _, _, token = browser.execute_async_script(FETCH, f"{api}/csrf-token?client=abc", {})
        headers = {
            "content-type": JSON,
            "prefect-csrf-token": json.loads(token)["token"],
            "prefect-csrf-client": "abc",
        }
        kind, status, text = browser.execute_async_script(
            FETCH,
            f"{api}/deployments/{server.deployment}/create_flow_run",
            {"method": "POST", "headers": headers, "body": "{}"},
        )
        assert (kind, status) == ("basic", 201), text
    assert server.runs() == before + 2


@pytest.mark.parametrize("server", ["of make up"], indirect=True)
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_prefects_page_shows_what_there_is(server: Server, browser: Chrome, name: str) -> None:
    complaints(browser)  # those of earlier pages
    browser.get(f"http://{name}:{server.port}/deployments")

    def shown() -> bool:
        return "of make up" in browser.find_element(By.TAG_NAME, "body").text

    until(shown, "the deployment", 30)
    assert not [one for one in complaints(browser) if "amplitude" not in one]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:1"}, 200),
        ({"host": "[::1]:1"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": "192.168.0.10:4200"}, 403),
        ({"host": ""}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403),
        ({"sec_fetch_site": "same-site", "sec_fetch_dest": "iframe"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_dest": "document"}, 200),  # a link
        ({"sec_fetch_site": "same-origin"}, 200),
    ],
)
def test_who_asks_by_which_name(server: Server, headers: dict[str, str], status: int) -> None:
    answer, said, _ = server.ask("GET", "/api/admin/version", **headers)
    assert answer == status
    assert "access-control-allow-origin" not in said
    if status == 200:
        assert said["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_is_json(server: Server, content_type: str) -> None:
    before = server.runs()
    path = f"/api/deployments/{server.deployment}/create_flow_run"
    status, _, text = server.ask("POST", path, "{}", content_type=content_type)
    assert (status, server.runs()) == (403, before)
    assert "JSON" in text


def test_a_web_socket_of_another_site_is_refused(server: Server) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13",
               "sec_websocket_key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
    own = f"http://127.0.0.1:{server.port}"
    assert server.ask("GET", "/api/events/in", **upgrade, origin="http://evil.example")[0] == 403
    assert server.ask("GET", "/api/events/in", **upgrade, origin=own)[0] == 101


def test_on_the_network_it_has_the_names_of_this_machine_and_addresses() -> None:
    guard = Guard(lambda *_: None, "0.0.0.0", ["prefect"])  # type: ignore[arg-type, return-value]
    assert all(map(guard._is_ours, ("prefect", "192.168.0.10", "localhost", "::1")))
    assert not guard._is_ours("evil.example")


def test_on_the_network_it_takes_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    command = [sys.executable, "flows/prefect_server.py", "--check", "--lang", "en"]
    for host, password, code in (
        ("0.0.0.0", "", 2), ("::", "", 2), ("192.0.2.1", "", 2), ("0.0.0.0", "me:secret", 0),
        ("127.0.0.1", "", 0), ("::1", "", 0),
    ):  # fmt: skip
        environment = {"PREFECT_SERVER_API_HOST": host}
        if password:
            environment["PREFECT_SERVER_API_AUTH_STRING"] = password
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stderr.count("\n") == (1 if code else 0)
        if code:
            assert "PREFECT_SERVER_API_AUTH_STRING" in done.stderr
