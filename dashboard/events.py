"""Server-sent events: one thread looks at the table for all clients, once a second.

Each client has a queue of its own, of a bounded length. One that does not keep up is sent away; its
browser comes back, and loads its list anew.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from dashboard.bodies import JobInList
from dashboard.database import Database
from dashboard.launcher import LauncherWatch
from tasks.database import queries
from tasks.database.jobs_table import Jobs
from tasks.errors import DatabaseError
from tasks.jobs import Job

LOOK_FOR_CHANGES_EVERY_S = 1.0
PING_EVERY_S = 15.0
HEARTBEAT_EVERY_S = 5.0  # how often a sign of life alone is worth an event
QUEUE_LENGTH = 500
MAX_CLIENTS = 200
_NEWS = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Client:
    """One open connection, and the log that it follows from an offset on."""

    loop: asyncio.AbstractEventLoop
    log_id: str | None = None
    log_offset: int | None = None  # None: from its end, as it is when first looked at
    log_size: int = -1  # bytes that the log had when there was nothing more to tell
    is_new: bool = True
    queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))

    def put(self, event: str | None) -> None:
        """Queue an event, from any thread; None ends the connection."""
        try:
            self.loop.call_soon_threadsafe(self._put, event)
        except RuntimeError:  # its loop is closed: so is the connection
            log.debug("A client is gone.")

    def _put(self, event: str | None) -> None:
        if event is None or self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            event = None
        self.queue.put_nowait(event)


class Events:
    """The clients, and the thread that looks for what is new to them."""

    def __init__(self, database: Database, watch: LauncherWatch) -> None:
        self._database = database
        self._watch = watch
        self._clients: set[Client] = set()
        self._changing = threading.Lock()
        self._numbers = count(1)
        self._closing = threading.Event()
        self._is_wanted = threading.Event()
        self._seen: dict[str, tuple[Job, int | None, float]] = {}
        self._has_looked = False  # since somebody is there; the table may be empty
        self._thread = threading.Thread(target=self._look_often, name="events", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End every connection, and the thread."""
        self._closing.set()
        self._is_wanted.set()
        with self._changing:
            for client in self._clients:
                client.put(None)

    def join(self) -> None:
        """Wait for the thread to end."""
        self._thread.join()

    def removed(self, job_ids: Sequence[str]) -> None:
        """Tell every client that jobs are gone."""
        for job_id in job_ids:
            self._tell(self._event("removed", {"id": job_id}))

    @property
    def is_full(self) -> bool:
        """Whether there are as many clients as can be."""
        return len(self._clients) >= MAX_CLIENTS

    async def stream(self, log_id: str | None, log_offset: int | None) -> AsyncIterator[str]:
        """Yield events for a new client, until it goes or the dashboard ends."""
        client = Client(asyncio.get_running_loop(), log_id, log_offset)
        with self._changing:
            self._clients.add(client)
        self._is_wanted.set()
        if self._closing.is_set():
            client.put(None)
        try:
            yield "retry: 2000\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(client.queue.get(), PING_EVERY_S)
                except TimeoutError:
                    event = self._event("ping", {})
                if event is None:
                    return
                yield event
        finally:
            with self._changing:
                self._clients.discard(client)

    def _event(self, name: str, data: object) -> str:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        return f"id: {next(self._numbers)}\nevent: {name}\ndata: {text}\n\n"

    def _tell(self, event: str) -> None:
        with self._changing:
            for client in self._clients:
                client.put(event)

    def _look_often(self) -> None:
        while not self._closing.is_set():
            with self._changing:
                clients = list(self._clients)
            if not clients:
                self._seen.clear()
                self._has_looked = False
                self._is_wanted.clear()
                self._is_wanted.wait(LOOK_FOR_CHANGES_EVERY_S)
                continue
            try:
                with self._database.jobs() as jobs:
                    self._look(jobs, clients)
            except DatabaseError as error:
                log.debug("Waiting for the database: %s", error)
            except Exception:  # one failed look must not end the events of every page
                log.exception("Looking for events failed; the next turn tries again.")
            self._closing.wait(LOOK_FOR_CHANGES_EVERY_S)

    def _look(self, jobs: Jobs, clients: list[Client]) -> None:
        unfinished = [job.id for job, *_ in self._seen.values() if not job.has_ended]
        found = queries.changing(jobs, also=unfinished)
        places = queries.places_of(jobs, found)
        now = time.monotonic()
        new = {client for client in clients if client.is_new}
        for job in found:
            place = places.get(job.id)
            before = self._seen.get(job.id)
            is_changed = self._has_looked and (
                _differ(before, (job, place, now)) if before else _is_news(job)
            )
            if is_changed or before is None:
                self._seen[job.id] = (job, place, now)
            listeners = clients if is_changed else new if not job.has_ended else ()
            if listeners:
                data = JobInList.of(job, self._watch.current, places).model_dump_json()
                event = self._event("job", data)
                for client in listeners:
                    client.put(event)
        self._has_looked = True
        for client in new:
            client.is_new = False
        shown = {job.id for job in found}
        self._seen = {job_id: seen for job_id, seen in self._seen.items() if job_id in shown}
        self.removed(sorted(set(unfinished) - shown))
        self._follow_logs(jobs, [client for client in clients if client.log_id])

    def _follow_logs(self, jobs: Jobs, clients: list[Client]) -> None:
        sizes = queries.log_sizes(jobs, sorted({client.log_id or "" for client in clients}))
        parts: dict[tuple[str, int], queries.LogPart | None] = {}
        for client in clients:
            job_id = client.log_id or ""
            if job_id not in sizes:
                continue
            if client.log_offset is None:
                client.log_offset = queries.log_length(jobs, job_id)
            elif client.log_size == sizes[job_id]:
                continue
            at = (job_id, client.log_offset)
            if at not in parts:
                parts[at] = queries.log_part(jobs, *at)
            part = parts[at]
            if part and part.text:
                client.log_offset = part.next_offset
                data = {"id": job_id, "text": part.text, "next_offset": part.next_offset}
                client.put(self._event("log", data))
            else:  # until then there may be more of a long log
                client.log_size = sizes[job_id]


def _is_news(job: Job) -> bool:
    """Say whether a job seen for the first time is more than an old one that moved up the list."""
    if not job.has_ended or job.finished_at is None:
        return not job.has_ended
    return datetime.now(UTC) - job.finished_at < _NEWS


def _differ(before: tuple[Job, int | None, float], now: tuple[Job, int | None, float]) -> bool:
    """Say whether a job changed, beyond a sign of life that is not due yet."""
    if now[2] - before[2] >= HEARTBEAT_EVERY_S:
        return before[:2] != now[:2]
    is_alike = replace(before[0], heartbeat_at=None) == replace(now[0], heartbeat_at=None)
    return not is_alike or before[1] != now[1]
