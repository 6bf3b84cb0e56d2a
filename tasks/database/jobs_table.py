"""The ``jobs`` table in Postgres: one row for every job, kept true while its flow run goes on.

The row's id is the hex id of the flow run that began the job, or the id that the dashboard planned
the job under before it had a run; a resumed job keeps it, and ``flow_run_id`` names the run that
has the job now. Updates of any other run are ignored. The first word on how a run ended stands;
only a later start of it counts after that.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from tasks.database import schema
from tasks.database.postgres import connect
from tasks.errors import DatabaseError, ErrorCode
from tasks.jobs import BEGUN, ENDED, LOST, Cause, Job, Run, Status, Wishes
from tasks.settings import Settings

SILENCE = timedelta(seconds=10)  # a process that was not heard of for so long may be gone
LONG_SILENCE = timedelta(minutes=2)  # longer than a database is away now and then
_LARGEST_INTEGER = 2**31 - 1


class Jobs:
    """The table, over one connection, which one thread uses at a time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def open(cls, settings: Settings) -> "Jobs":
        """Connect, and make the table or bring an older one up to date.

        Raises ``DatabaseError``.
        """
        jobs = cls(connect(settings))
        with jobs.transaction() as cursor:
            schema.prepare(cursor)
        return jobs

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(
        self,
        *,
        job_id: str,
        flow_run_id: str,
        request: Mapping[str, Any],
        out_dir: str,
        since: datetime,
    ) -> None:
        """Make the job's row, or give an earlier row to this run; it is running now."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                INSERT INTO jobs (id, flow_run_id, query, request_limit, request, out_dir, status,
                                  log, started_at, state_at, heartbeat_at)
                VALUES (%(job)s, %(run)s, %(query)s, %(limit)s, %(request)s, %(out_dir)s,
                        %(status)s, '', now(), %(since)s, now())
                ON CONFLICT (id) DO UPDATE SET
                    flow_run_id = excluded.flow_run_id, query = excluded.query,
                    request_limit = excluded.request_limit, request = excluded.request,
                    out_dir = excluded.out_dir, status = excluded.status, error = NULL,
                    error_code = NULL, progress = NULL, question = NULL, answer = NULL,
                    finished_at = NULL, state_at = excluded.state_at, heartbeat_at = now(),
                    started_at = coalesce(jobs.started_at, now()),
                    is_cancel_requested = jobs.is_cancel_requested
                        AND coalesce(jobs.flow_run_id, excluded.flow_run_id)
                            = excluded.flow_run_id
                        AND jobs.status NOT IN %(ended)s
                """,
                {
                    "job": job_id,
                    "run": flow_run_id,
                    "query": request["query"],
                    "limit": request["limit"],
                    "request": Json(request),
                    "out_dir": out_dir,
                    "status": Status.RUNNING,
                    "since": since,
                    "ended": ENDED,
                },
            )

    def observe(self, run: Run) -> None:
        """Write what the orchestrator says of a run, unless the row knows better or later.

        A run without a row gets one. A row that ended goes on only where the run, or another one of
        the same job, was scheduled after that.
        """
        with self.transaction() as cursor:
            cursor.execute(_OBSERVE, _values_of(run))

    def beat(
        self, flow_run_id: str, *, lines: str = "", progress: Mapping[str, Any] | None = None
    ) -> Wishes:
        """Say that the run's process lives, how far it is, and append whole lines to the job's log.

        So a run that was taken for lost goes on after all. Returns what others want of it.
        """
        with self.transaction() as cursor:
            cursor.execute(
                """
                UPDATE jobs SET
                    heartbeat_at = now(), log = coalesce(log, '') || %(lines)s,
                    progress = coalesce(%(progress)s, progress),
                    status = CASE WHEN error_code IS DISTINCT FROM %(lost)s THEN status
                                  WHEN question IS NULL THEN %(running)s ELSE %(waiting)s END,
                    finished_at = CASE WHEN error_code = %(lost)s THEN NULL ELSE finished_at END,
                    error = CASE WHEN error_code = %(lost)s THEN NULL ELSE error END,
                    error_code = nullif(error_code, %(lost)s)
                WHERE flow_run_id = %(run)s RETURNING is_cancel_requested, answer
                """,
                {
                    "lines": _storable(lines),
                    "progress": Json(progress) if progress else None,
                    "lost": ErrorCode.LOST,
                    "running": Status.RUNNING,
                    "waiting": Status.WAITING,
                    "run": flow_run_id,
                },
            )
            row = cursor.fetchone()
        return Wishes(*row) if row else Wishes()

    def set_waterfall(
        self,
        flow_run_id: str,
        waterfall: Mapping[str, Any],
        choice: Mapping[str, Any] | None = None,
    ) -> None:
        """Store the counts of the run's last selection, and how it was made, if that is new."""
        with self.transaction() as cursor:
            cursor.execute(
                "UPDATE jobs SET waterfall = %s, count = %s, choice = coalesce(%s, choice) "
                "WHERE flow_run_id = %s",
                (
                    Json(waterfall),
                    waterfall["chosen"],
                    Json(choice) if choice else None,
                    flow_run_id,
                ),
            )

    def ask(self, flow_run_id: str, question: Mapping[str, Any] | None) -> None:
        """Say that a run under way waits for an answer, or, without a question, that it goes on."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                UPDATE jobs SET question = %s, answer = NULL, status = %s, state_at = now()
                WHERE flow_run_id = %s AND status IN %s
                """,
                (
                    Json(question) if question else None,
                    Status.WAITING if question else Status.RUNNING,
                    flow_run_id,
                    BEGUN,
                ),
            )

    def answer(self, job_id: str, group: int) -> bool:
        """Answer a waiting run, which looks for it; returns whether it waits and has that group."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                UPDATE jobs SET answer = %s WHERE id = %s AND status = %s
                    AND %s <= jsonb_array_length(question -> 'groups')
                """,
                (group, job_id, Status.WAITING, group),
            )
            return cursor.rowcount == 1

    def choose_again(
        self,
        job_id: str,
        *,
        out_dir: str,
        waterfall: Mapping[str, Any],
        choice: Mapping[str, Any],
        line: str,
    ) -> None:
        """Say that an ended job's dataset was written anew, in another folder."""
        with self.transaction() as cursor:
            cursor.execute(
                """
                UPDATE jobs SET
                    status = %s, error = NULL, error_code = NULL, out_dir = %s, waterfall = %s,
                    count = %s, choice = %s,
                    request = request || jsonb_build_object('out_dir', %s::text),
                    log = coalesce(log, '') || %s
                WHERE id = %s AND status IN %s
                """,
                (
                    Status.DONE,
                    out_dir,
                    Json(waterfall),
                    waterfall["chosen"],
                    Json(choice),
                    out_dir,
                    f"{line}\n",
                    job_id,
                    ENDED,
                ),
            )

    def end(self, flow_run_id: str, status: Status, cause: Cause | None = None) -> None:
        """Say how the run ended; the first word on it stands.

        Only a run that was taken for lost may itself say better.
        """
        which = "flow_run_id = %s AND (status NOT IN %s OR error_code = %s)"
        self._end(status, cause, which, flow_run_id, ENDED, ErrorCode.LOST)

    def end_lost(self, job: Job) -> bool:
        """End a job whose process is gone, unless there was a sign of life since it was read."""
        which = (
            "id = %s AND flow_run_id = %s AND status IN %s AND heartbeat_at IS NOT DISTINCT FROM %s"
        )
        values = (job.id, job.flow_run_id, BEGUN, job.heartbeat_at)
        return self._end(Status.FAILED, LOST, which, *values) == 1

    def is_alive(self, job_id: str) -> bool:
        """Say whether the job's process gave a sign of life lately."""
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT FROM jobs WHERE id = %s AND status IN %s AND heartbeat_at > now() - %s",
                (job_id, BEGUN, SILENCE),
            )
            return cursor.fetchone() is not None

    def end_long_lost(self) -> None:
        """End every job whose process was silent for long: its machine lost its power, say."""
        which = "status IN %s AND heartbeat_at < now() - %s"
        self._end(Status.FAILED, LOST, which, BEGUN, LONG_SILENCE)

    def _end(self, status: Status, cause: Cause | None, which: str, *values: object) -> int:
        """End the rows that a condition picks out; return how many they were."""
        with self.transaction() as cursor:
            cursor.execute(
                f"""
                UPDATE jobs SET status = %s, error = %s, error_code = %s, finished_at = now(),
                    state_at = now()
                WHERE {which}
                """,  # noqa: S608 — ours
                (status, cause and cause.sentence, cause and cause.code, *values),
            )
            return cursor.rowcount

    def request_cancel(self, job_id: str) -> bool:
        """Ask the job's process to stop; returns whether the job has not ended yet."""
        with self.transaction() as cursor:
            cursor.execute(
                "UPDATE jobs SET is_cancel_requested = true WHERE id = %s AND status NOT IN %s",
                (job_id, ENDED),
            )
            return cursor.rowcount == 1

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None where there is none of that id."""
        found = self.select("WHERE id = %s", (job_id,))
        return found[0] if found else None

    def of_run(self, flow_run_id: str) -> Job | None:
        """Return the job that a flow run has now, or None."""
        found = self.select("WHERE flow_run_id = %s", (flow_run_id,))
        return found[0] if found else None

    def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended."""
        return self.select("WHERE status NOT IN %s", (ENDED,))

    def log(self, job_id: str) -> str:
        """Return a job's log; empty where there is none."""
        with self.transaction() as cursor:
            cursor.execute("SELECT log FROM jobs WHERE id = %s", (job_id,))
            row = cursor.fetchone()
        return (row[0] or "") if row else ""

    def newest(self, *, limit: int, offset: int = 0) -> list[Job]:
        """Return jobs, the newest first."""
        return self.select(
            "ORDER BY coalesce(started_at, state_at) DESC NULLS LAST, id LIMIT %s OFFSET %s",
            (limit, offset),
        )

    def select(self, rest: str, values: tuple[object, ...] = ()) -> list[Job]:
        """Return the jobs that the rest of a statement, from its WHERE on, picks out."""
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
            with self.connection, self.connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise DatabaseError(f"The jobs table cannot be used: {why}") from error


_OBSERVE = """
WITH run AS (
    SELECT %(run)s::varchar AS flow_run_id, %(status)s::varchar AS status,
           %(since)s::timestamptz AS since, %(error)s::text AS error,
           %(error_code)s::varchar AS error_code, %(scheduled_for)s::timestamptz AS scheduled_for,
           %(has_ended)s AS has_ended, %(is_start)s AS is_start
)
INSERT INTO jobs AS job (id, flow_run_id, query, request_limit, request, out_dir, status, error,
                         error_code, log, started_at, finished_at, state_at, heartbeat_at,
                         scheduled_for)
SELECT coalesce((SELECT id FROM jobs WHERE jobs.flow_run_id = run.flow_run_id),
                (SELECT id FROM jobs WHERE id = %(job)s), flow_run_id),
       flow_run_id, %(query)s, %(limit)s, %(request)s, %(out_dir)s, status, error,
       error_code, '',
       CASE WHEN is_start THEN NULL ELSE since END, CASE WHEN has_ended THEN now() END, since, NULL,
       scheduled_for
FROM run
ON CONFLICT (id) DO UPDATE SET
    flow_run_id = excluded.flow_run_id, status = excluded.status, error = excluded.error,
    error_code = excluded.error_code,
    finished_at = excluded.finished_at, state_at = excluded.state_at,
    scheduled_for = excluded.scheduled_for,
    heartbeat_at = CASE WHEN %(is_start)s THEN NULL ELSE job.heartbeat_at END,
    is_cancel_requested = job.is_cancel_requested AND job.flow_run_id = excluded.flow_run_id
WHERE (job.state_at IS NULL OR job.state_at <= excluded.state_at)
    AND CASE WHEN job.status IN %(ended)s THEN %(is_start)s
             ELSE job.flow_run_id = excluded.flow_run_id AND job.status <> excluded.status END
"""


def _values_of(run: Run) -> dict[str, object]:
    request = _storable(run.request)
    query, limit, out_dir = (request.get(key) for key in ("query", "limit", "out_dir"))
    return {
        "run": run.flow_run_id,
        "job": run.job_id,
        "query": query if isinstance(query, str) else "",
        "limit": limit if isinstance(limit, int) and 0 <= limit <= _LARGEST_INTEGER else 0,
        "out_dir": out_dir if isinstance(out_dir, str) else "",
        "request": Json({key: value for key, value in request.items() if key != "job_id"}),
        "status": run.status,
        "since": run.since,
        "scheduled_for": run.scheduled_for,
        "error": run.cause and run.cause.sentence,
        "error_code": run.cause and run.cause.code,
        "has_ended": run.status in ENDED,
        "is_start": run.status in (Status.SCHEDULED, Status.WAITING),
        "ended": ENDED,
    }


def _storable(value: Any) -> Any:
    """Return JSON without the characters that Postgres cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value
