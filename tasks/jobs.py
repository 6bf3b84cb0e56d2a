"""The ``jobs`` table in Postgres: one row for every job, kept true while its flow run goes on.

The row's id is the hex id of the flow run that began the job; a resumed job keeps it, and
``flow_run_id`` names the run that has the job now. Updates of any other run are ignored, and so are
updates of a run that has ended.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from tasks.errors import DatabaseError
from tasks.postgres import connect
from tasks.settings import Settings


class Status(StrEnum):
    """What a job is doing."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (Status.DONE, Status.FAILED, Status.CANCELLED)

_SCHEMA_LOCK = 7_361_205  # any number: one process at a time prepares the table

_CREATE = """
CREATE TABLE IF NOT EXISTS jobs (
    id            VARCHAR(32) PRIMARY KEY,
    query         TEXT,
    request_limit INTEGER,
    out_dir       TEXT,
    status        VARCHAR(32),
    count         INTEGER,
    error         TEXT,
    log           TEXT,
    started_at    TIMESTAMPTZ,
    finished_at   TIMESTAMPTZ
);
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS flow_run_id VARCHAR(32);
CREATE INDEX IF NOT EXISTS jobs_newest_first ON jobs (started_at DESC);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One row, without its log."""

    id: str
    query: str
    request_limit: int
    out_dir: str
    status: Status
    count: int | None
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None
    flow_run_id: str | None


class Jobs:
    """The table, over one connection, which one thread uses at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, settings: Settings) -> "Jobs":
        """Connect, and make the table or bring an older one up to date.

        Raises ``DatabaseError``.
        """
        jobs = cls(connect(settings))
        with jobs.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            _take_over_text_times(cursor)
            cursor.execute(_CREATE)
        return jobs

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def begin(
        self, *, job_id: str, flow_run_id: str, query: str, request_limit: int, out_dir: str
    ) -> None:
        """Make the job's row, or give a resumed job's row to this run; it is running now."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                INSERT INTO jobs (id, flow_run_id, query, request_limit, out_dir, status, log,
                                  started_at)
                VALUES (%s, %s, %s, %s, %s, %s, '', now())
                ON CONFLICT (id) DO UPDATE SET
                    flow_run_id = excluded.flow_run_id, request_limit = excluded.request_limit,
                    out_dir = excluded.out_dir, status = excluded.status, error = NULL,
                    finished_at = NULL
                """,
                (job_id, flow_run_id, query, request_limit, out_dir, Status.RUNNING),
            )

    def begin_once(self, *, flow_run_id: str, query: str, request_limit: int, out_dir: str) -> None:
        """Make the row of a run that has none, as a job of its own."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                INSERT INTO jobs (id, flow_run_id, query, request_limit, out_dir, status, log,
                                  started_at)
                SELECT %(run)s, %(run)s, %(query)s, %(limit)s, %(out_dir)s, %(status)s, '', now()
                WHERE NOT EXISTS (SELECT FROM jobs WHERE flow_run_id = %(run)s)
                ON CONFLICT (id) DO NOTHING
                """,
                {
                    "run": flow_run_id,
                    "query": query,
                    "limit": request_limit,
                    "out_dir": out_dir,
                    "status": Status.RUNNING,
                },
            )

    def set_count(self, flow_run_id: str, count: int) -> None:
        """Say how many images the job's dataset has."""
        with self.transaction() as cursor:
            cursor.execute(
                "UPDATE jobs SET count = %s WHERE flow_run_id = %s", (count, flow_run_id)
            )

    def end(self, flow_run_id: str, status: Status, *, error: str | None = None) -> None:
        """Say how the run ended; the first word on it stands."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                UPDATE jobs SET status = %s, error = %s, finished_at = now()
                WHERE flow_run_id = %s AND status NOT IN %s
                """,
                (status, error, flow_run_id, ENDED),
            )

    def append_log(self, flow_run_id: str, text: str) -> None:
        """Append whole lines to the job's log."""
        with self.transaction() as cursor:
            cursor.execute(
                "UPDATE jobs SET log = coalesce(log, '') || %s WHERE flow_run_id = %s",
                (text.replace("\0", "\N{REPLACEMENT CHARACTER}"), flow_run_id),
            )

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None where there is none of that id."""
        found = self._select("WHERE id = %s", (job_id,))
        return found[0] if found else None

    def log(self, job_id: str) -> str:
        """Return a job's log; empty where there is none."""
        with self.transaction() as cursor:
            cursor.execute("SELECT log FROM jobs WHERE id = %s", (job_id,))
            row = cursor.fetchone()
        return (row[0] or "") if row else ""

    def newest(self, *, limit: int, offset: int = 0) -> list[Job]:
        """Return jobs, the newest first."""
        return self._select(
            "ORDER BY started_at DESC NULLS LAST, id LIMIT %s OFFSET %s", (limit, offset)
        )

    def _select(self, rest: str, values: tuple[object, ...]) -> list[Job]:
        columns, at = ", ".join(Job.__slots__), Job.__slots__.index("status")
        with self.transaction() as cursor:
            cursor.execute(f"SELECT {columns} FROM jobs {rest}", values)  # noqa: S608 — ours
            return [
                Job(**dict(zip(Job.__slots__, row, strict=True), status=Status(row[at])))
                for row in cursor.fetchall()
            ]

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Run statements in one transaction; raises ``DatabaseError``."""
        try:
            with self._connection, self._connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise DatabaseError(f"The jobs table cannot be used: {why}") from error


def _take_over_text_times(cursor: Cursor) -> None:
    """Bring the table of the original program up to date: its times were ISO text, in local time.

    A time that is no ISO text is kept, as a line of the job's log. Jobs that it left running have
    no process any more.
    """
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'jobs' "
        "AND table_schema = current_schema() AND data_type = 'text' "
        "AND column_name IN ('started_at', 'finished_at')"
    )
    columns = [name for (name,) in cursor.fetchall()]
    for column in columns:
        old = f"{column}_text"
        cursor.execute(f"ALTER TABLE jobs RENAME {column} TO {old}")
        cursor.execute(f"ALTER TABLE jobs ADD {column} TIMESTAMPTZ")
        cursor.execute(f"SELECT id, {old} FROM jobs WHERE coalesce({old}, '') <> ''")  # noqa: S608
        for job_id, text in cursor.fetchall():
            try:
                time = datetime.fromisoformat(text).astimezone(UTC)
            except (ValueError, OverflowError):
                cursor.execute(
                    "UPDATE jobs SET log = coalesce(log, '') || %s WHERE id = %s",
                    (f"\n{column}: {text}\n", job_id),
                )
            else:
                cursor.execute(
                    f"UPDATE jobs SET {column} = %s WHERE id = %s",  # noqa: S608
                    (time, job_id),
                )
        cursor.execute(f"ALTER TABLE jobs DROP {old}")
    if columns:
        cursor.execute(
            "UPDATE jobs SET status = %s, finished_at = coalesce(finished_at, now()) "
            "WHERE status = %s",
            (Status.CANCELLED, Status.RUNNING),
        )
