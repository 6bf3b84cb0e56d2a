"""Jobs that are planned and have no flow run yet: the queue, kept in the ``jobs`` table.

A planned row is ``scheduled`` and has no ``flow_run_id``. Whoever starts its run claims it first,
and keeps the claim by the row's heartbeat, so that no run is started twice and none is forgotten,
whatever becomes of the process that claimed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extras import Json

from tasks.database.jobs_table import Jobs
from tasks.jobs import ENDED, STOPPED, Cause, Status

CLAIM = timedelta(seconds=60)  # more than a process takes from its start to its row
_IS_PLANNED = "flow_run_id IS NULL AND status = 'scheduled'"
_IS_FREE = "(heartbeat_at IS NULL OR heartbeat_at <= now() - %(claim)s)"


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
    """Have an ended job go on; returns whether it had ended."""
    with jobs.transaction() as cursor:
        cursor.execute(
            """
            UPDATE jobs SET status = %s, flow_run_id = NULL, state_at = now(), heartbeat_at = NULL,
                error = NULL, error_code = NULL, finished_at = NULL, progress = NULL,
                scheduled_for = NULL, is_cancel_requested = false
            WHERE id = %s AND status IN %s
            """,
            (Status.SCHEDULED, job_id, ENDED),
        )
        return cursor.rowcount == 1


def claim(jobs: Jobs, *, at_once: int | None = None) -> Planned | None:
    """Claim the job that waits longest; None where none waits, or ``at_once`` are going already."""
    with jobs.transaction() as cursor:
        cursor.execute(
            f"""
            UPDATE jobs SET heartbeat_at = now() WHERE id = (
                SELECT id FROM jobs WHERE {_IS_PLANNED} AND {_IS_FREE} AND (
                    SELECT count(*) FROM jobs
                    WHERE heartbeat_at > now() - %(claim)s
                        AND (status = %(running)s OR {_IS_PLANNED})
                ) < %(at_once)s
                ORDER BY state_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
            ) RETURNING id, request, state_at
            """,  # noqa: S608 — ours
            {
                "claim": CLAIM,
                "running": Status.RUNNING,  # one that waits for an answer leaves its place
                "at_once": 2**31 if at_once is None else at_once,
            },
        )
        row = cursor.fetchone()
    return Planned(*row) if row else None


def keep(jobs: Jobs, job_ids: Sequence[str]) -> set[str]:
    """Keep the claims on jobs; return those that are planned still."""
    if not job_ids:
        return set()
    with jobs.transaction() as cursor:
        cursor.execute(
            f"UPDATE jobs SET heartbeat_at = now() WHERE {_IS_PLANNED} AND id = ANY(%s) "  # noqa: S608
            "RETURNING id",
            (list(job_ids),),
        )
        return {job_id for (job_id,) in cursor.fetchall()}


def put_back(jobs: Jobs, job_id: str) -> None:
    """Give up a claim: the job waits again, at its old place."""
    with jobs.transaction() as cursor:
        cursor.execute(
            f"UPDATE jobs SET heartbeat_at = NULL WHERE {_IS_PLANNED} AND id = %s",  # noqa: S608
            (job_id,),
        )


def hand_over(jobs: Jobs, job_id: str, flow_run_id: str, since: datetime) -> bool:
    """Give a planned job to its flow run, which waits for a worker.

    Returns whether somebody wanted the job cancelled meanwhile.
    """
    with jobs.transaction() as cursor:
        cursor.execute(
            "UPDATE jobs SET flow_run_id = %s, state_at = %s, heartbeat_at = NULL "  # noqa: S608
            f"WHERE {_IS_PLANNED} AND id = %s RETURNING is_cancel_requested",
            (flow_run_id, since, job_id),
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def end(jobs: Jobs, job_id: str, cause: Cause) -> None:
    """End a planned job that could not be started, or is no longer wanted."""
    with jobs.transaction() as cursor:
        cursor.execute(
            f"""
            UPDATE jobs SET finished_at = now(), state_at = now(),
                status = CASE WHEN is_cancel_requested THEN %s ELSE %s END,
                error = CASE WHEN is_cancel_requested THEN %s ELSE %s END,
                error_code = CASE WHEN is_cancel_requested THEN %s ELSE %s END
            WHERE {_IS_PLANNED} AND id = %s
            """,  # noqa: S608 — ours
            (
                *(Status.CANCELLED, Status.FAILED),
                *(STOPPED.sentence, cause.sentence),
                *(STOPPED.code, cause.code),
                job_id,
            ),
        )


def cancel(jobs: Jobs, job_id: str) -> bool:
    """Cancel a job that nobody has claimed; returns whether it was one."""
    with jobs.transaction() as cursor:
        cursor.execute(
            f"""
            UPDATE jobs SET status = %(cancelled)s, error = %(sentence)s, error_code = %(code)s,
                finished_at = now(), state_at = now()
            WHERE {_IS_PLANNED} AND {_IS_FREE} AND id = %(id)s
            """,  # noqa: S608 — ours
            {
                "cancelled": Status.CANCELLED,
                "sentence": STOPPED.sentence,
                "code": STOPPED.code,
                "claim": CLAIM,
                "id": job_id,
            },
        )
        return cursor.rowcount == 1


def places(jobs: Jobs) -> dict[str, int]:
    """Return the places of the jobs that wait for a worker, by id; 1 is next."""
    with jobs.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT id, row_number() OVER (ORDER BY coalesce(scheduled_for, state_at), id)
            FROM jobs WHERE status = 'scheduled' AND (flow_run_id IS NOT NULL OR {_IS_FREE})
                AND coalesce(scheduled_for, now()) <= now() + interval '10 seconds'
            """,  # noqa: S608 — ours
            {"claim": CLAIM},
        )
        return dict(cursor.fetchall())
