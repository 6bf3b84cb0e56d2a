"""The questions that pages ask the table ``jobs``: lists, one job and its place, logs, and sums."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tasks.database import job_queue
from tasks.database.jobs_table import Jobs
from tasks.jobs import ENDED, Job, Status

DAYS = 30  # of the overview


class Sort(StrEnum):
    """The orders of a list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    QUERY = "query"
    COUNT = "count"


_ORDER = {
    Sort.NEWEST: "coalesce(started_at, state_at) DESC NULLS LAST, id",
    Sort.OLDEST: "coalesce(started_at, state_at) NULLS FIRST, id DESC",
    Sort.QUERY: "query, coalesce(started_at, state_at) DESC NULLS LAST, id",
    Sort.COUNT: "count DESC NULLS LAST, coalesce(started_at, state_at) DESC NULLS LAST, id",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are wanted: of some states, and with some text in the query or the id."""

    statuses: tuple[Status, ...] = ()
    text: str = ""

    def where(self) -> tuple[str, tuple[object, ...]]:
        """Return a condition and its values."""
        conditions, values = ["true"], list[object]()
        if self.statuses:
            conditions.append("status IN %s")
            values.append(self.statuses)
        if self.text:
            pattern = unicodedata.normalize("NFC", self.text).replace("\\", r"\\")
            pattern = "%" + pattern.replace("%", r"\%").replace("_", r"\_") + "%"
            conditions.append("(query ILIKE %s OR id LIKE %s)")
            values += [pattern, pattern]
        return " AND ".join(conditions), tuple(values)


def page_of(
    jobs: Jobs, which: Filter, sort: Sort, *, limit: int, offset: int
) -> tuple[list[Job], int]:
    """Return a part of the list, and how many jobs the whole has."""
    where, values = which.where()
    with jobs.transaction() as cursor:
        cursor.execute(f"SELECT count(*) FROM jobs WHERE {where}", values)  # noqa: S608 — ours
        (total,) = cursor.fetchone() or (0,)
    rest = f"WHERE {where} ORDER BY {_ORDER[sort]} LIMIT %s OFFSET %s"
    return jobs.select(rest, (*values, limit, offset)), total


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


def lively(jobs: Jobs, also: Sequence[str]) -> list[Job]:
    """Return the jobs that may have changed: unfinished, the newest, and those in ``also``."""
    unfinished = {job.id: job for job in jobs.unfinished()}
    newest = {job.id: job for job in jobs.newest(limit=20)}
    found = unfinished | newest
    if missing := [job_id for job_id in also if job_id not in found]:
        found |= {job.id: job for job in jobs.select("WHERE id = ANY(%s)", (missing,))}
    return list(found.values())


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
        cursor.execute(
            f"SELECT {_number('found')}, {_number('chosen')} FROM jobs WHERE {_HAS_COUNTS}",  # noqa: S608
            (ENDED,),
        )
        found, chosen = cursor.fetchone() or (0, 0)
        cursor.execute(
            f"""
            SELECT key, sum((value #>> '{{}}')::numeric) FROM jobs,
                jsonb_each(CASE jsonb_typeof(waterfall -> 'reasons')
                           WHEN 'object' THEN waterfall -> 'reasons' ELSE '{{}}' END)
            WHERE {_HAS_COUNTS} AND jsonb_typeof(value) = 'number' GROUP BY key ORDER BY 2 DESC, 1
            """,  # noqa: S608 — ours
            (ENDED,),
        )
        reasons: dict[str, Any] = dict(cursor.fetchall())
    counts = {reason: int(count) for reason, count in reasons.items()}
    return Sums(by_status, per_day, int(found), int(chosen), counts)


_HAS_COUNTS = "status IN %s AND jsonb_typeof(waterfall) = 'object'"


def _number(name: str) -> str:
    return (
        f"coalesce(sum((waterfall ->> '{name}')::numeric) "
        f"FILTER (WHERE jsonb_typeof(waterfall -> '{name}') = 'number'), 0)"
    )
