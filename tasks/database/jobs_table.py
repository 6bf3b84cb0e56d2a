"""The ``jobs`` table in Postgres: one row for every job, kept true while its flow run goes on.

The row's id is the hex id of the flow run that began the job, or the id that the dashboard planned
the job under before it had a run; a resumed job keeps it, and ``flow_run_id`` names the run that
has the job now. Updates of any other run are ignored. The first word on how a run ended stands;
only a later start of it counts after that.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extras import Json
from psycopg2.sql import SQL

from tasks.database import observing
from tasks.database.ending import NO_ERROR, RAN_S, end
from tasks.database.job_rows import JobRows
from tasks.database.storable import storable
from tasks.errors import ErrorCode
from tasks.jobs import BEGUN, ENDED, LOST, Cause, Job, Run, Status, Wishes

LONG_SILENCE = timedelta(minutes=2)  # longer than a database is away now and then


class Jobs(JobRows):
    """Reads and writes the table; every method raises ``DatabaseError``."""

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
                _BEGIN,
                {
                    "job": job_id,
                    "run": flow_run_id,
                    "query": request["query"],
                    "limit": request["limit"],
                    "request": Json(request),
                    "out_dir": out_dir,
                    "running": Status.RUNNING,
                    "since": since,
                    "ended": ENDED,
                },
            )

    def observe(self, run: Run) -> None:
        """Write what the orchestrator says of a run, unless the row knows better or later."""
        with self.transaction() as cursor:
            observing.observe(cursor, run)

    def beat(
        self, flow_run_id: str, *, lines: str = "", progress: Mapping[str, Any] | None = None
    ) -> Wishes:
        """Write that the run's process lives, how far it is, and whole lines of its log.

        A run that was taken for lost goes on by that. Returns what others want of it.
        """
        with self.transaction() as cursor:
            cursor.execute(
                _FIND_AGAIN,
                {
                    "running": Status.RUNNING,
                    "waiting": Status.WAITING,
                    "run": flow_run_id,
                    "lost": ErrorCode.LOST,
                },
            )
            cursor.execute(
                """
                UPDATE jobs SET heartbeat_at = now(), log = coalesce(log, '') || %s,
                    progress = coalesce(%s, progress)
                WHERE flow_run_id = %s RETURNING is_cancel_requested, answer
                """,
                (storable(lines), Json(progress) if progress else None, flow_run_id),
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
                """
                UPDATE jobs SET waterfall = %s, count = %s, choice = coalesce(%s, choice)
                WHERE flow_run_id = %s
                """,
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
                _CHOOSE_AGAIN,
                {
                    "done": Status.DONE,
                    "out_dir": out_dir,
                    "waterfall": Json(waterfall),
                    "chosen": waterfall["chosen"],
                    "choice": Json(choice),
                    "line": f"{line}\n",
                    "job": job_id,
                    "ended": ENDED,
                },
            )

    def end(self, flow_run_id: str, status: Status, cause: Cause | None = None) -> None:
        """Write how the run ended; the first word on it stands.

        Only a run that was taken for lost may itself say better.
        """
        which = "flow_run_id = %(run)s AND (status NOT IN %(ended)s OR error_code = %(lost)s)"
        values = {"run": flow_run_id, "ended": ENDED, "lost": ErrorCode.LOST}
        with self.transaction() as cursor:
            end(cursor, SQL(which), status, cause, **values)

    def end_lost(self, job: Job) -> bool:
        """End a job whose process is gone, unless there was a sign of life since it was read."""
        which = """
            id = %(job)s AND flow_run_id = %(run)s AND status IN %(begun)s
            AND heartbeat_at IS NOT DISTINCT FROM %(heartbeat_at)s
        """
        values = {"job": job.id, "run": job.flow_run_id, "heartbeat_at": job.heartbeat_at}
        with self.transaction() as cursor:
            return end(cursor, SQL(which), Status.FAILED, LOST, begun=BEGUN, **values) == 1

    def end_long_lost(self) -> None:
        """End every job whose process was silent for long: its machine lost its power, say."""
        which = SQL("status IN %(begun)s AND heartbeat_at < now() - %(silence)s")
        with self.transaction() as cursor:
            end(cursor, which, Status.FAILED, LOST, begun=BEGUN, silence=LONG_SILENCE)

    def request_cancel(self, job_id: str) -> bool:
        """Ask the job's process to stop; returns whether the job has not ended yet."""
        with self.transaction() as cursor:
            cursor.execute(
                "UPDATE jobs SET is_cancel_requested = true WHERE id = %s AND status NOT IN %s",
                (job_id, ENDED),
            )
            return cursor.rowcount == 1


# A wish for cancelling holds where it was meant for this run, or for one that was still to come.
_BEGIN = SQL(
    """
    INSERT INTO jobs (id, flow_run_id, query, request_limit, request, out_dir, status, log,
                      started_at, begun_at, state_at, heartbeat_at)
    VALUES (%(job)s, %(run)s, %(query)s, %(limit)s, %(request)s, %(out_dir)s, %(running)s, '',
            now(), now(), %(since)s, now())
    ON CONFLICT (id) DO UPDATE SET
        flow_run_id = excluded.flow_run_id, query = excluded.query,
        request_limit = excluded.request_limit, request = excluded.request,
        out_dir = excluded.out_dir, status = excluded.status, {no_error},
        progress = NULL, question = NULL, answer = NULL,
        started_at = coalesce(jobs.started_at, now()), finished_at = NULL,
        ran_s = {ran_s}, begun_at = now(),
        state_at = excluded.state_at, heartbeat_at = now(),
        is_cancel_requested = jobs.is_cancel_requested
            AND coalesce(jobs.flow_run_id, excluded.flow_run_id) = excluded.flow_run_id
            AND jobs.status NOT IN %(ended)s
    """
).format(no_error=NO_ERROR, ran_s=RAN_S)

_FIND_AGAIN = SQL(
    """
    UPDATE jobs SET status = CASE WHEN question IS NULL THEN %(running)s ELSE %(waiting)s END,
        finished_at = NULL, {no_error}
    WHERE flow_run_id = %(run)s AND error_code = %(lost)s
    """
).format(no_error=NO_ERROR)

_CHOOSE_AGAIN = SQL(
    """
    UPDATE jobs SET status = %(done)s, {no_error}, out_dir = %(out_dir)s,
        waterfall = %(waterfall)s, count = %(chosen)s, choice = %(choice)s,
        request = request || jsonb_build_object('out_dir', %(out_dir)s::text),
        log = coalesce(log, '') || %(line)s
    WHERE id = %(job)s AND status IN %(ended)s
    """
).format(no_error=NO_ERROR)
