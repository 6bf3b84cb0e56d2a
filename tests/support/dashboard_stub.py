"""A stand-in for the dashboard's server, to build and test the page alone: canned jobs, 2,000
decisions with drawn pictures, live events. It keeps the contract of the API as far as the page
sees it.

    python -m tests.support.dashboard_stub --port 8001  # jobs that go on by themselves, to look at

    with Stub() as stub:                            # jobs that go on when the test says so
        job = stub.add("고양이", status="running")
        stub.progress(job, download=(12, 64))
"""

import argparse
import json
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import words
from dashboard.bodies import MAX_QUERIES
from dashboard.routes.pages import PAGES, page
from flows.request import CollectRequest
from tasks.errors import ErrorCode
from tasks.jobs import STOPPED
from tasks.records import Reason
from tests.naver_replica import copies
from tests.naver_replica.pictures import STRAYS, SUBJECTS, draw

STATIC = Path(__file__).parents[2] / "dashboard" / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for "
    "'script'"
)
TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
    ".json": "application/json",
}  # fmt: skip
ENDED = ("done", "failed", "cancelled")
NOTED = ": not finished after 30 s"  # a detail of the program's own
PING_S = 0.5  # of the wait for the next event; how soon a stopped server lets go of its clients
DRAWN = 24  # different pictures of one kind

Job = dict[str, Any]


def shares(count: int) -> Counter[str]:
    """Return how many of ``count`` candidates have which verdict, in a run of the usual yield."""
    parts = {
        "chosen": 0.36, "near_copy": 0.12, "exact_copy": 0.08, "other_cluster": 0.11,
        "noise": 0.09, "too_small": 0.07, "blurred": 0.06, "http_error": 0.04, "timed_out": 0.03,
        "undecodable": 0.01, "forbidden_address": 0.01, "over_limit": 0.02,
    }  # fmt: skip
    found = Counter({name: round(count * part) for name, part in parts.items()})
    found["chosen"] += count - found.total()
    return +found


def waterfall(verdicts: Counter[str]) -> dict[str, Any]:
    """Return the counts after each stage."""
    left = verdicts.total()
    counts: dict[str, Any] = {"found": left}
    names = ("fetched", "good", "unique", "subject", "chosen")
    for name, stage in zip(
        names, ("fetch", "quality", "duplicates", "subject", "limit"), strict=True
    ):
        left -= sum(n for v, n in verdicts.items() if v != "chosen" and Reason(v).stage == stage)
        counts[name] = left
    return counts | {"reasons": {v: n for v, n in verdicts.items() if v != "chosen"}}


class Stub:
    """The server and its data; the data outlives a restart, as a database does."""

    def __init__(self, *, token: str = "") -> None:
        self.jobs: dict[str, Job] = {}
        self.logs: dict[str, str] = {}
        self.token = token
        self.runs: list[Job] = []  # what was asked to start, as it came
        self.is_without_events = False
        self.workers = 1
        self._clients: list[tuple[queue.Queue[str], str]] = []
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._made = 0

    def __enter__(self) -> "Stub":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, port: int = 0) -> None:
        """Listen; again at the same port after a stop."""
        handler = type("StubHandler", (Handler,), {"stub": self})
        self._server = Server(("127.0.0.1", self._port or port), handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and let every client go."""
        if self._server:
            server, self._server = self._server, None
            server.shutdown()
            server.server_close()

    @property
    def is_stopping(self) -> bool:
        return self._server is None

    # what a test or the demonstration does

    def add(self, query: str, **values: Any) -> str:
        """Add a job, newest of all; return its id."""
        with self._lock:
            self._made += 1
            job_id = sha256(str(self._made).encode()).hexdigest()[:32]
            status = values.get("status", "scheduled")
            job = {
                "id": job_id, "query": query, "limit": 50, "status": status, "count": None,
                "out_dir": f"/home/me/datasets/naver_collected/{job_id}", "error": None,
                "error_code": None, "waterfall": None, "request": {}, "position": None,
                "prefect_url": None, "progress": None,
                "flow_run_id": job_id, "heartbeat_at": None, "scheduled_for": None,
                "started_at": None if status == "scheduled" else now(), "finished_at": None,
                "elapsed_s": None if status == "scheduled" else 0.0,
            } | values  # fmt: skip
            self.jobs[job_id] = job
            self.logs[job_id] = ""
        self.log(job_id, f"Collecting 50 images of {query}.")
        self.tell(job_id)
        return job_id

    def change(self, job_id: str, **values: Any) -> None:
        """Change a job and tell the clients."""
        self.jobs[job_id].update(values)
        self.tell(job_id)

    def ask(self, job_id: str) -> None:
        """Have a job wait for an answer to which of two groups is the subject."""
        groups = [
            {"number": n, "size": 40 - 9 * n, "pictures": [f"{n}{at}" for at in range(6)]}
            for n in (1, 2)
        ]
        question = {"until": "2026-11-24T09:30:00+00:00", "groups": groups}
        self.change(job_id, status="waiting", question=question)

    def progress(self, job_id: str, **stages: tuple[int, int]) -> None:
        """Set how far stages are: name=(done, expected)."""
        progress = dict(self.jobs[job_id]["progress"] or {})
        progress |= {n: {"done": d, "expected": e} for n, (d, e) in stages.items()}
        started_at = self.jobs[job_id]["started_at"] or now()
        self.change(job_id, progress=progress, status="running", started_at=started_at)

    def finish(self, job_id: str, found: int = 140) -> None:
        """End the job well."""
        counts = waterfall(shares(found))
        self.log(job_id, f"{counts['chosen']} images saved in 12 s.")
        chosen = counts["chosen"]
        self.change(
            job_id, status="done", waterfall=counts, count=chosen, limit=chosen, finished_at=now()
        )

    def log(self, job_id: str, message: str, level: str = "INFO") -> None:
        """Add a line to a job's log and tell who follows it."""
        text = f"2026-11-22 13:35:{len(self.logs[job_id]) % 60:02} {level:7} {message}\n"
        self.logs[job_id] += text
        part = {"id": job_id, "text": text, "next_offset": len(self.logs[job_id])}
        self._send("log", part, only=job_id)

    def drop(self, job_id: str) -> None:
        """Remove a job and tell the clients."""
        self.jobs.pop(job_id)
        self._send("removed", {"id": job_id})

    # what the handler needs

    def row(self, job_id: str) -> Job:
        """Return the job as lists have it."""
        job = dict(self.jobs[job_id])
        waiting = [j["id"] for j in self.jobs.values() if j["status"] == "scheduled"]
        job["position"] = waiting.index(job_id) + 1 if job_id in waiting else None
        job["can_cancel"] = job["status"] not in ENDED
        job["can_resume"] = job["status"] in ("failed", "cancelled")
        if job["status"] == "running" and job["started_at"]:
            begun = datetime.fromisoformat(job["started_at"])
            job["elapsed_s"] = (datetime.now(UTC) - begun).total_seconds()
        return job

    def tell(self, job_id: str) -> None:
        self._send("job", self.row(job_id))

    def _send(self, event: str, data: Job, only: str | None = None) -> None:
        with self._lock:
            for client, log_of in self._clients:
                if only in (None, log_of):
                    client.put(f"event: {event}\ndata: {json.dumps(data)}\n\n")

    def listen(self, log_of: str) -> Iterator[str]:
        """Yield events until the server stops."""
        client: queue.Queue[str] = queue.Queue()
        with self._lock:
            self._clients.append((client, log_of))
            for job_id, job in self.jobs.items():
                if job["status"] not in ENDED:
                    client.put(f"event: job\ndata: {json.dumps(self.row(job_id))}\n\n")
        try:
            yield "retry: 1000\n\n"
            while not self.is_stopping:
                with suppress(queue.Empty):
                    yield client.get(timeout=PING_S)
                    continue
                yield "event: ping\ndata: {}\n\n"
        finally:
            with self._lock:
                self._clients.remove((client, log_of))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.error = status, error


class Handler(BaseHTTPRequestHandler):
    """The routes, as the contract has them."""

    protocol_version = "HTTP/1.1"
    stub: Stub

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        if self.stub.is_stopping:
            self.close_connection = True
            self.connection.close()
            return
        url = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            self._route(unquote(url.path), given, body)
        except Refused as refused:
            answer = {"detail": str(refused), "error": refused.error}
            self._send(json.dumps(answer).encode(), status=refused.status)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _route(self, path: str, given: dict[str, str], body: Job) -> None:
        if path in PAGES:
            self._send(bytes(page(PAGES[path]).body), TYPES[".html"] + "; charset=utf-8")
        elif path.startswith(("/static/", "/words/")):
            self._file(path)
        elif path == "/login":
            self._login(body)
        elif self.stub.token and self.stub.token not in self.headers.get("Cookie", ""):
            raise Refused(401, "unauthorized", "This dashboard needs a token.")
        elif path == "/api/events":
            self._events(given.get("log", ""))
        elif match := re.fullmatch(r"/api/jobs/([0-9a-f]+)(/.*)?", path):
            self._job(match[1], match[2] or "", given, body)
        else:
            routes = {
                "/api/jobs": lambda: self._jobs(given),
                "/api/jobs/clear": self._clear,
                "/api/options": self._options,
                "/api/overview": self._overview,
                "/api/run": lambda: {"job_id": self._run(body)},
                "/api/run/many": lambda: {
                    "job_ids": [self._run(body | {"query": q}) for q in body["queries"]]
                },
            }
            if path not in routes:
                raise Refused(404, "not_found", f"There is no {path}.")
            self._json(routes[path]())

    def _file(self, path: str) -> None:
        folder = words.FOLDER if path.startswith("/words/") else STATIC
        file = folder / path.removeprefix("/static/").removeprefix("/words/")
        if not file.is_file():
            raise Refused(404, "not_found", f"There is no {path}.")
        self._send(file.read_bytes(), TYPES[file.suffix] + "; charset=utf-8")

    def _login(self, body: Job) -> None:
        if body.get("token") != self.stub.token:
            raise Refused(401, "unauthorized", "That is not the token.")
        cookie = f"dashboard={self.stub.token}; HttpOnly; SameSite=Strict; Path=/"
        self._send(b"{}", cookie=cookie)

    def _events(self, log_of: str) -> None:
        if self.stub.is_without_events:
            raise Refused(503, "unavailable", "Events are off.")
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        for event in self.stub.listen(log_of):
            self.wfile.write(event.encode())
            self.wfile.flush()

    def _jobs(self, given: dict[str, str]) -> Job:
        found = [self.stub.row(job_id) for job_id in reversed(list(self.stub.jobs))]
        if status := given.get("status"):
            found = [job for job in found if job["status"] == status]
        if query := given.get("query"):
            found = [job for job in found if query.casefold() in job["query"].casefold()]
        sort = given.get("sort", "newest")
        if sort == "oldest":
            found.reverse()
        if sort == "query":
            found.sort(key=lambda job: job["query"])
        if sort == "count":
            found.sort(key=lambda job: -(job["count"] or 0))
        page, size = int(given.get("page", 1)), int(given.get("per_page", 10))
        shown = found[(page - 1) * size : page * size]
        return {"jobs": shown, "total": len(found), "page": page, "per_page": size}

    def _clear(self) -> Job:
        for job_id in [i for i, job in self.stub.jobs.items() if job["status"] in ENDED]:
            self.stub.drop(job_id)
        return {"ok": True, "message": "Cleared."}

    def _run(self, body: Job) -> str:
        self.stub.runs.append(body)
        if body["query"] == "refuse me":
            accepted = self.headers["Accept-Language"]
            raise Refused(422, "invalid", f"query: <b>refused</b> in {accepted}.")
        return self.stub.add(body["query"], limit=body.get("limit", 20))

    def _options(self) -> Job:
        schema = CollectRequest.model_json_schema()
        defaults = {n: p["default"] for n, p in schema["properties"].items() if "default" in p}
        kind = "prefect" if self.stub.workers else "child"
        runner = {"kind": kind, "prefect_ui": None, "workers": self.stub.workers, "sentence": ""}
        return {
            "fields": schema,
            "defaults": defaults | {"limit": 20, "out_dir": "naver_collected"},
            "max_queries": MAX_QUERIES,
            "runner": runner,
            "data_dir": "data",
            "token_required": bool(self.stub.token),
        }

    def _overview(self) -> Job:
        jobs = self.stub.jobs.values()
        today = datetime.now(UTC).date()
        days = [
            {"day": str(today - timedelta(days=29 - n)), "jobs": n * 7 % 11, "images": n * 73 % 517}
            for n in range(30)
        ]
        counts = shares(48_210)
        strategies = [
            {
                "query": "고양이",
                "strategy": "tab data",
                "candidates": 98,
                "with_original": 98,
                "with_size": 98,
            },
            {
                "query": "고양이",
                "strategy": "tiles",
                "candidates": 50,
                "with_original": 44,
                "with_size": 50,
            },
        ]
        return {
            "jobs_by_status": Counter(job["status"] for job in jobs),
            "queries_per_day": days,
            "yield": {
                "found": counts.total(),
                "chosen": counts.pop("chosen"),
                "reasons": counts,
            },
            "source_health": {
                "checked_at": now(), "ok": True, "detail": "", "strategies": strategies,
            },
            "disk": {
                "data_dir": "/srv/data", "used_bytes": 7_400_000_000, "free_bytes": 41 * 10**9,
            },
        }  # fmt: skip

    def _job(self, job_id: str, rest: str, given: dict[str, str], body: Job) -> None:
        stub = self.stub
        if job_id not in stub.jobs:
            raise Refused(404, "not_found", f"There is no job {job_id}.")
        status = stub.jobs[job_id]["status"]
        if self.command == "DELETE":
            if status not in ENDED:
                raise Refused(409, "conflict", f"Job {job_id} is under way.")
            stub.drop(job_id)
            self._json({"ok": True, "message": "Deleted."})
        elif rest == "":
            self._json(stub.row(job_id) | {"log": stub.logs[job_id]})
        elif rest == "/cancel":
            stub.log(job_id, "The run was stopped.", "WARNING")
            stub.change(job_id, status="cancelled", finished_at=now())
            self._json({"ok": True, "message": "Cancelled."})
        elif rest == "/resume":
            stub.change(job_id, status="running", started_at=now(), error=None, error_code=None)
            self._json({"ok": True, "job_id": job_id})
        elif rest == "/answer":
            stub.change(job_id, status="running", question=None, answered=body["group"])
            self._json({"ok": True, "message": "Answered."})
        elif match := re.fullmatch(r"/question/([12])(\d)", rest):
            verdict = "chosen" if match[1] == "1" else "noise"
            data = picture(stub.jobs[job_id]["query"], verdict, int(match[2]), 320)
            self._send(data, "image/jpeg")
        elif rest == "/log":
            offset = int(given.get("offset", 0))
            text = stub.logs[job_id]
            is_complete = status in ENDED
            part = {"text": text[offset:], "next_offset": len(text), "is_complete": is_complete}
            self._json(part)
        elif rest == "/log.txt":
            self._send(stub.logs[job_id].encode(), "text/plain; charset=utf-8")
        elif rest == "/decisions":
            self._json(self._decisions(job_id, given))
        elif match := re.fullmatch(r"/(?:thumbnails|images)/([a-z_]+)-(\d+)(?:\.jpg)?", rest):
            size = int(given.get("size", 960))
            query = stub.jobs[job_id]["query"]
            self._send(picture(query, match[1], int(match[2]) % DRAWN, size), "image/jpeg")
        else:
            raise Refused(404, "not_found", f"There is no {rest}.")

    def _decisions(self, job_id: str, given: dict[str, str]) -> Job:
        job = self.stub.jobs[job_id]
        counts = job["waterfall"] or {"chosen": 0, "reasons": {}}
        counts = +Counter({"chosen": counts["chosen"]} | counts["reasons"])
        wanted = given.get("verdict", "chosen")
        order = [(v, n) for v in counts if wanted in ("all", v) for n in range(counts[v])]
        offset, limit = int(given.get("offset", 0)), int(given.get("limit", 200))
        rows = [decision(job, *one) for one in order[offset : offset + limit]]
        return {"total": len(order), "offset": offset, "counts": counts, "decisions": rows}

    def _json(self, answer: Job) -> None:
        self._send(json.dumps(answer, ensure_ascii=False).encode())

    def _send(
        self, body: bytes, kind: str = "application/json", status: int = 200, cookie: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)


def decision(job: Job, verdict: str, number: int) -> Job:
    """Return the row of one candidate."""
    key = f"{verdict}-{number}"
    base = f"/api/jobs/{job['id']}"
    is_chosen = verdict == "chosen"
    is_fetched = is_chosen or Reason(verdict).stage != "fetch"
    name = f"img_{number + 1:04d}.jpg"
    url = f"https://example.com/{job['id']}/{key}.jpg"
    return {
        "query": job["query"], "key": key, "url": url, "file": name if is_chosen else None,
        "source": "naver", "page_url": f"https://blog.example.com/{number}", "rank": number + 1,
        "title": job.get("title") or f"{job['query']} 사진 {number + 1}",
        "width": 1024 if is_fetched else None, "height": 768 if is_fetched else None,
        "sharpness": 412.5 - number % 300 if is_fetched else None, "is_chosen": is_chosen,
        "score": round(0.99 - number % 60 / 100, 4) if is_fetched else None,
        "sha256": f"{number:064x}" if is_chosen else None, "phash": f"{number * 7919:016x}",
        "group": 1 if is_chosen else None, "copy_of": None, "rendition": "original",
        "source_format": "JPEG", "reason": None if is_chosen else verdict,
        "detail": "" if is_chosen else f"The measure is below the least allowed ({number}).",
        "attempts": [
            {"url": url, "kind": "original", "outcome": "ok" if is_fetched else verdict + NOTED},
        ],
        "thumbnail": f"{base}/thumbnails/{key}" if is_fetched else None,
        "image": f"{base}/images/{key}.jpg" if is_chosen else None,
    }  # fmt: skip


@cache
def picture(query: str, verdict: str, seed: int, size: int) -> bytes:
    """Return a drawn picture that looks like its verdict, as JPEG."""
    kinds = {subject.korean: name for name, subject in SUBJECTS.items()}
    kind = kinds.get(query, "cat")
    if verdict in ("other_cluster", "noise"):
        kind = list(STRAYS)[seed % len(STRAYS)]
    width, height = ((640, 480), (480, 600), (600, 600))[seed % 3]
    image = draw(kind, seed, width, height)
    if verdict == "blurred":
        image = copies.blur(image, seed)
    image.thumbnail((size, size))
    data = BytesIO()
    image.save(data, "JPEG", quality=85)
    return data.getvalue()


def now() -> str:
    """Return the moment as the API writes it."""
    return datetime.now(UTC).isoformat()


def fill(stub: Stub) -> None:
    """Add jobs in every state."""
    for number, query in enumerate(("자동차", "나비", "사과", "기타", "시계", "집") * 4):
        job = stub.add(query, status="running", elapsed_s=40.0 + 13 * number)
        stub.finish(job, 80 + 11 * number)
    big = stub.add("고양이", status="running", limit=1000, elapsed_s=754.0)
    for number in range(300):
        stub.log(big, f"{number * 7} of 2000 candidates fetched.")
    stub.log(big, "1 batch came late; it was asked for again.", "WARNING")
    stub.finish(big, 2000)
    failed = stub.add("우산", status="running", elapsed_s=31.0)
    stub.log(failed, "Naver's page could not be read.", "ERROR")
    stub.change(
        failed,
        status="failed",
        count=0,
        finished_at=now(),
        error="search.naver.com refuses this network for a while (its block page, status 403). "
        "Wait at least half an hour and search less often; nothing was clicked or worked around.",
        error_code=ErrorCode.BLOCKED,
    )
    stopped = stub.add("나무", status="cancelled", count=0, elapsed_s=12.0, finished_at=now())
    stub.change(stopped, error=STOPPED.sentence, error_code=STOPPED.code)
    stub.progress(
        stub.add("강아지", status="running", prefect_url="http://127.0.0.1:4200/runs/flow-run/1"),
        search=(192, 0),
        download=(128, 192),
        embed=(64, 121),
    )
    stub.add("자전거")
    stub.add("물고기")


def play(stub: Stub, stop: threading.Event) -> None:
    """Let jobs go on by themselves until stopped."""
    while not stop.wait(0.5):
        running = [i for i, job in stub.jobs.items() if job["status"] == "running"]
        waiting = [i for i, job in stub.jobs.items() if job["status"] == "scheduled"]
        if not running and waiting:
            stub.change(waiting[0], status="running", started_at=now())
        for job in running:
            done = (stub.jobs[job]["progress"] or {}).get("download", {"done": 0})["done"] + 4
            stub.log(job, f"{done} of 192 candidates fetched.")
            stages = {"search": (192, 0), "download": (done, 192), "embed": (done // 2, done)}
            stub.progress(job, **stages)
            if done >= 192:
                stub.finish(job)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--token", default="")
    parser.add_argument("--still", action="store_true", help="nothing goes on by itself")
    arguments = parser.parse_args()
    stub = Stub(token=arguments.token)
    fill(stub)
    stub.start(arguments.port)
    stop = threading.Event()
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(60) if arguments.still else play(stub, stop)


if __name__ == "__main__":
    main()
