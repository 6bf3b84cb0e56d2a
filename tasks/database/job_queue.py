"""Jobs that are planned and have no flow run yet: the queue, kept in the ``jobs`` table.

A planned row is ``scheduled`` and has no ``flow_run_id``. Whoever starts its run claims it first,
and keeps the claim by the row's heartbeat, so that no run is started twice and none is forgotten,
whatever becomes of the process that claimed it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extras import Json
from psycopg2.sql import SQL

from tasks.database.ending import NO_ERROR, RAN_S
from tasks.database.ending import end as end_jobs
from tasks.database.jobs_table import Jobs
from tasks.jobs import ENDED, STOPPED, Cause, Status

CLAIM = timedelta(seconds=60)  # more than a process takes from its start to its row
IS_PLANNED = SQL("flow_run_id IS NULL AND status = 'scheduled'")
IS_FREE = SQL("(heartbeat_at IS NULL OR heartbeat_at <= now() - %(claim)s)")


@dataclass(frozen=True, slots=True)
class Planned:
    """A job whose run is to be started now."""

    id: str
    request: dict[str, Any]
    since: datetime  # when it was planned, which a job may be more than once


def plan(jobs: Jobs, job_id: str, request: Mapping[str, Any]) -> None:
    """Make the row of a new job; ``request`` is a ``CollectRequest`` as JSON."""
    with jobs.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO jobs (id, query, request_limit, request, out_dir, status, log, state_at)
            VALUES (%s, %s, %s, %s, %s, %s, '', now())
            """,
            (
                job_id,
                request["query"],
                request["limit"],
                Json(request),
                request["out_dir"],
                Status.SCHEDULED,
            ),
        )


def plan_again(jobs: Jobs, job_id: str) -> bool:
    """Let an ended job go on; returns whether it had ended."""
    update = SQL(
        """
        UPDATE jobs SET status = %s, flow_run_id = NULL, state_at = now(), heartbeat_at = NULL,
            {no_error}, ran_s = {ran_s}, begun_at = NULL, finished_at = NULL,
            progress = NULL, scheduled_for = NULL, is_cancel_requested = false
        WHERE id = %s AND status IN %s
        """
    )
    with jobs.transaction() as cursor:
        cursor.execute(
            update.format(no_error=NO_ERROR, ran_s=RAN_S), (Status.SCHEDULED, job_id, ENDED)
        )
        return cursor.rowcount == 1


_CLAIM = SQL(
    """
    UPDATE jobs SET heartbeat_at = now() WHERE id = (
        SELECT id FROM jobs WHERE {is_planned} AND {is_free} AND (
            SELECT count(*) FROM jobs
            WHERE heartbeat_at > now() - %(claim)s AND (status = %(running)s OR {is_planned})
        ) < %(at_once)s AND NOT id = ANY(%(but_not)s)
        ORDER BY state_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id, request, state_at
    """
).format(is_planned=IS_PLANNED, is_free=IS_FREE)


def claim(jobs: Jobs, *, at_once: int | None = None, but_not: Sequence[str] = ()) -> Planned | None:
    """Claim the job that waits longest, but none of ``but_not``.

    None where none waits, or ``at_once`` are going already.
    """
    with jobs.transaction() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "claim": CLAIM,
                "running": Status.RUNNING,  # one that waits for an answer leaves its place
                "at_once": 2**31 if at_once is None else at_once,
                "but_not": list(but_not),
            },
        )
        row = cursor.fetchone()
    return Planned(*row) if row else None


def keep(jobs: Jobs, claimed: Iterable[Planned]) -> set[str]:
    """Keep the claims on jobs; return the ids of those that are planned still, by that plan."""
    plans = tuple((job.id, job.since) for job in claimed)
    if not plans:
        return set()
    update = SQL(
        "UPDATE jobs SET heartbeat_at = now() WHERE {is_planned} AND (id, state_at) IN %s"
        " RETURNING id"
    )
    with jobs.transaction() as cursor:
        cursor.execute(update.format(is_planned=IS_PLANNED), (plans,))
        return {job_id for (job_id,) in cursor.fetchall()}


def put_back(jobs: Jobs, job_id: str) -> None:
    """Give up a claim: the job waits again, at its old place."""
    update = SQL("UPDATE jobs SET heartbeat_at = NULL WHERE {is_planned} AND id = %s")
    with jobs.transaction() as cursor:
        cursor.execute(update.format(is_planned=IS_PLANNED), (job_id,))


def hand_over(jobs: Jobs, job_id: str, flow_run_id: str, since: datetime) -> bool:
    """Give a planned job to its flow run, which waits for a worker.

    Returns whether somebody wanted the job cancelled meanwhile.
    """
    update = SQL(
        """
        UPDATE jobs SET flow_run_id = %s, state_at = %s, heartbeat_at = NULL
        WHERE {is_planned} AND id = %s RETURNING is_cancel_requested
        """
    )
    with jobs.transaction() as cursor:
        cursor.execute(update.format(is_planned=IS_PLANNED), (flow_run_id, since, job_id))
        row = cursor.fetchone()
    return bool(row and row[0])


def end(jobs: Jobs, job: Planned, cause: Cause) -> None:
    """End a planned job that could not be started, or is no longer wanted.

    One that began, or was planned again since, goes on.
    """
    select = SQL(
        "SELECT is_cancel_requested FROM jobs"
        " WHERE {is_planned} AND id = %s AND state_at = %s FOR UPDATE"
    ).format(is_planned=IS_PLANNED)
    with jobs.transaction() as cursor:
        cursor.execute(select, (job.id, job.since))
        if row := cursor.fetchone():
            ending = (Status.CANCELLED, STOPPED) if row[0] else (Status.FAILED, cause)
            end_jobs(cursor, SQL("id = %(job)s"), *ending, job=job.id)


def cancel(jobs: Jobs, job_id: str) -> bool:
    """Cancel a job that nobody has claimed; returns whether it was one."""
    which = SQL("{is_planned} AND {is_free} AND id = %(job)s").format(
        is_planned=IS_PLANNED, is_free=IS_FREE
    )
    with jobs.transaction() as cursor:
        return end_jobs(cursor, which, Status.CANCELLED, STOPPED, claim=CLAIM, job=job_id) == 1


_PLACES = SQL(
    """
    SELECT id, row_number() OVER (ORDER BY coalesce(scheduled_for, state_at), id)
    FROM jobs WHERE status = 'scheduled' AND (flow_run_id IS NOT NULL OR {is_free})
        AND coalesce(scheduled_for, now()) <= now() + interval '10 seconds'
    """
).format(is_free=IS_FREE)


def places(jobs: Jobs) -> dict[str, int]:
    """Return the places of the jobs that wait for a worker, by id; 1 is next."""
    with jobs.transaction() as cursor:
        cursor.execute(_PLACES, {"claim": CLAIM})
        return dict(cursor.fetchall())
