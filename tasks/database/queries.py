"""The questions that pages ask the table ``jobs`` besides jobs: places, logs, changes, and sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.sql import SQL, Literal

from tasks.database import job_queue
from tasks.database.jobs_table import Jobs
from tasks.jobs import ENDED, Job, Status

DAYS = 30  # of the overview


def places_of(jobs: Jobs, shown: Sequence[Job]) -> dict[str, int]:
    """Return the places in the queue, by job id, if any of these jobs waits in it."""
    return job_queue.places(jobs) if any(job.status is Status.SCHEDULED for job in shown) else {}


@dataclass(frozen=True, slots=True)
class LogPart:
    """Some of a log; offsets are in characters (Unicode code points)."""

    text: str
    next_offset: int
    is_complete: bool  # the job has ended and this is the last part


MAX_LOG_PART = 1_000_000


def log_part(jobs: Jobs, job_id: str, offset: int) -> LogPart | None:
    """Return a job's log from an offset on; None where there is no such job."""
    with jobs.transaction() as cursor:
        cursor.execute(
            "SELECT substr(coalesce(log, ''), %s, %s), status IN %s FROM jobs WHERE id = %s",
            (offset + 1, MAX_LOG_PART, ENDED, job_id),
        )
        row = cursor.fetchone()
    if row is None:
        return None
    text, has_ended = row
    is_last = len(text) < MAX_LOG_PART
    return LogPart(text, offset + len(text), has_ended and is_last)


def log_sizes(jobs: Jobs, job_ids: Sequence[str]) -> dict[str, int]:
    """Return the sizes of logs in bytes, which the server knows without reading them."""
    if not job_ids:
        return {}
    with jobs.transaction() as cursor:
        cursor.execute(
            "SELECT id, octet_length(log) FROM jobs WHERE id = ANY(%s)", (list(job_ids),)
        )
        return {job_id: size or 0 for job_id, size in cursor.fetchall()}


def log_length(jobs: Jobs, job_id: str) -> int:
    """Return how many characters a job's log has."""
    with jobs.transaction() as cursor:
        cursor.execute("SELECT length(coalesce(log, '')) FROM jobs WHERE id = %s", (job_id,))
        row = cursor.fetchone()
    return row[0] if row else 0


def changing(jobs: Jobs, also: Sequence[str]) -> list[Job]:
    """Return the jobs that may have changed: unfinished, the newest, and those in ``also``."""
    unfinished = {job.id: job for job in jobs.unfinished()}
    newest = {job.id: job for job in jobs.newest(limit=20)}
    found = unfinished | newest
    missing = [job_id for job_id in also if job_id not in found]
    return [*found.values(), *jobs.of_ids(missing)]


def delete_ended(jobs: Jobs, job_id: str | None = None) -> list[str]:
    """Delete an ended job's row, or all of them; return the ids of what was deleted."""
    with jobs.transaction() as cursor:
        cursor.execute(
            "DELETE FROM jobs WHERE status IN %s AND (%s::text IS NULL OR id = %s) RETURNING id",
            (ENDED, job_id, job_id),
        )
        return [deleted for (deleted,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Sums:
    """The whole table in numbers."""

    by_status: dict[str, int]
    per_day: list[tuple[str, int, int]]  # day, jobs, images
    found: int
    chosen: int
    reasons: dict[str, int]


def sums(jobs: Jobs) -> Sums:
    """Add up the table; days are UTC's."""
    with jobs.transaction() as cursor:
        cursor.execute("SELECT status, count(*) FROM jobs GROUP BY status ORDER BY status")
        by_status = dict(cursor.fetchall())
        cursor.execute(
            """
            SELECT day::date::text, count(jobs.id), coalesce(sum(jobs.count), 0)
            FROM generate_series((now() AT TIME ZONE 'UTC')::date - %s,
                                 (now() AT TIME ZONE 'UTC')::date, '1 day') AS day
            LEFT JOIN jobs ON (coalesce(started_at, state_at) AT TIME ZONE 'UTC')::date = day
            GROUP BY day ORDER BY day
            """,
            (DAYS - 1,),
        )
        per_day = [(day, number, int(images)) for day, number, images in cursor.fetchall()]
        cursor.execute(_TOTALS, (ENDED,))
        found, chosen = cursor.fetchone() or (0, 0)
        cursor.execute(_REASONS, (ENDED,))
        reasons: dict[str, Any] = dict(cursor.fetchall())
    counts = {reason: int(count) for reason, count in reasons.items()}
    return Sums(by_status, per_day, int(found), int(chosen), counts)


_HAS_COUNTS = SQL("status IN %s AND jsonb_typeof(waterfall) = 'object'")
_NUMBER = SQL(
    """
    coalesce(sum((waterfall ->> {name})::numeric)
             FILTER (WHERE jsonb_typeof(waterfall -> {name}) = 'number'), 0)
    """
)
_TOTALS = SQL("SELECT {found}, {chosen} FROM jobs WHERE {has_counts}").format(
    found=_NUMBER.format(name=Literal("found")),
    chosen=_NUMBER.format(name=Literal("chosen")),
    has_counts=_HAS_COUNTS,
)
_REASONS = SQL(
    """
    SELECT key, sum((value #>> '{{}}')::numeric) FROM jobs,
        jsonb_each(CASE jsonb_typeof(waterfall -> 'reasons')
                   WHEN 'object' THEN waterfall -> 'reasons' ELSE '{{}}' END)
    WHERE {has_counts} AND jsonb_typeof(value) = 'number' GROUP BY key ORDER BY 2 DESC, 1
    """
).format(has_counts=_HAS_COUNTS)
