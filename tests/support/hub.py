"""A model hub in miniature, which speaks as much of the real one's protocol as a download needs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT, CONVERTED = "a" * 40, "b" * 40


@dataclass(slots=True)
class Hub:
    """What the hub has of the model ``someone/clip``, and how it misbehaves."""

    files: dict[str, bytes]  # of the main branch
    converted: dict[str, bytes] = field(default_factory=dict)  # of the pull request
    author: str = "SFconvertbot"  # of the pull request
    status: int = 200  # of every answer
    breaks_at: int | None = None  # bytes after which the next large file breaks off, once
    damages: bool = False  # one byte of each large file
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def tree(self, commit: str) -> dict[str, bytes]:
        return self.converted if commit in (CONVERTED, "refs/pr/2") else self.files

    def info(self, commit: str) -> dict[str, Any]:
        siblings = [
            {"rfilename": name, "size": len(data), "blobId": sha256(data).hexdigest()[:40]}
            | ({"lfs": {"sha256": sha256(data).hexdigest(), "size": len(data), "pointerSize": 1}}
               if name.endswith(".safetensors") else {})
            for name, data in self.tree(commit).items()
        ]  # fmt: skip
        sha = CONVERTED if commit == "refs/pr/2" else COMMIT
        return {"id": "someone/clip", "sha": sha, "siblings": siblings}

    def discussions(self) -> dict[str, Any]:
        offer = {
            "title": "Adding `safetensors` variant of this model", "num": 2, "status": "open",
            "author": {"name": self.author}, "createdAt": "2026-01-01T00:00:00.000Z",
            "isPullRequest": True, "repo": {"name": "someone/clip", "type": "model"},
        }  # fmt: skip
        return {"count": 1, "start": 0, "discussions": [offer]}


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[Hub]:
    """Run the hub for as long as the block runs."""
    hub = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(path)
            if hub.status != 200 or not path.removeprefix("/api/models").startswith("/someone/"):
                self.refuse(hub.status if hub.status != 200 else 401)
            elif path.endswith("/discussions"):
                self.answer(json.dumps(hub.discussions()).encode())
            elif path.startswith("/api/"):
                self.answer(json.dumps(hub.info(path.partition("/revision/")[2])).encode())
            else:
                commit, name = path.partition("/resolve/")[2].split("/", 1)
                self.file(commit, name, hub.tree(commit)[name])

        def refuse(self, status: int) -> None:
            """A name that is unknown gets 401, as on the real hub."""
            self.send_response(status)
            if status == 401:
                self.send_header("X-Error-Code", "RepoNotFound")
            if status == 403:
                self.send_header("X-Error-Code", "GatedRepo")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def answer(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def file(self, commit: str, name: str, data: bytes) -> None:
            start = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{sha256(data).hexdigest()}"')
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            if self.command == "HEAD":
                return
            if name.endswith(".safetensors"):
                if hub.damages:
                    data = data[:-1] + bytes([data[-1] ^ 255])
                if hub.breaks_at is not None:
                    data, hub.breaks_at = data[: hub.breaks_at], None
                    self.close_connection = True
            self.wfile.write(data[start:])

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
