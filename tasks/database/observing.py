"""The statement that writes what the orchestrator says of a run, unless the row knows better.

The orchestrator is read late, by several processes, and may know several runs of one job. So what
it says is written by these rules:

1. The row is that of the job that the run has now; else that of the job that the run says it is
   for, if there is one; else a new row with the run's own id.
2. What became true before the row's own state is old, and changes nothing.
3. A row that ended goes on only with a start (``scheduled`` or ``waiting``), be it of the same run
   or of another one of the same job. So the first word on how a run ended stands.
4. A row that goes on listens to its own run alone, and only where that says another status.
"""

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from tasks.database.ending import error_of
from tasks.database.storable import LARGEST_INTEGER, storable
from tasks.jobs import ENDED, Run, Status

_STARTS = (Status.SCHEDULED, Status.WAITING)
_OBSERVE = """
INSERT INTO jobs AS known (
    id,
    flow_run_id, query, request_limit, request, out_dir, log,
    status, error, error_code, error_message,
    started_at, finished_at, scheduled_for, state_at
)
VALUES (
    coalesce(                                                  -- rule 1
        (SELECT id FROM jobs WHERE flow_run_id = %(run)s),
        (SELECT id FROM jobs WHERE id = %(job)s),
        %(run)s
    ),
    %(run)s, %(query)s, %(limit)s, %(request)s, %(out_dir)s, '',
    %(status)s, %(error)s, %(error_code)s, %(error_message)s,
    CASE WHEN %(is_start)s THEN NULL ELSE %(since)s END,
    CASE WHEN %(has_ended)s THEN now() END,
    %(scheduled_for)s,
    %(since)s
)
ON CONFLICT (id) DO UPDATE SET
    flow_run_id = excluded.flow_run_id,
    status = excluded.status,
    error = excluded.error,
    error_code = excluded.error_code,
    error_message = excluded.error_message,
    finished_at = excluded.finished_at,
    scheduled_for = excluded.scheduled_for,
    state_at = excluded.state_at,
    heartbeat_at = CASE WHEN %(is_start)s THEN NULL ELSE known.heartbeat_at END,
    is_cancel_requested = known.is_cancel_requested  -- the wish was for that run alone
        AND known.flow_run_id IS NOT DISTINCT FROM excluded.flow_run_id
WHERE
    (known.state_at IS NULL OR known.state_at <= excluded.state_at)  -- rule 2
    AND CASE WHEN known.status IN %(ended)s
        THEN %(is_start)s                                            -- rule 3
        ELSE known.flow_run_id = excluded.flow_run_id                -- rule 4
            AND known.status <> excluded.status
    END
"""


def observe(cursor: Cursor, run: Run) -> None:
    """Write what the orchestrator says of a run."""
    cursor.execute(_OBSERVE, _values_of(run))


def _values_of(run: Run) -> dict[str, object]:
    """Return the values of the statement; the request may be anything, as nobody checked it."""
    request = storable(run.request)
    query, limit, out_dir = (request.get(key) for key in ("query", "limit", "out_dir"))
    return {
        "run": run.flow_run_id,
        "job": run.job_id,
        "query": query if isinstance(query, str) else "",
        "limit": limit if isinstance(limit, int) and 0 <= limit <= LARGEST_INTEGER else 0,
        "out_dir": out_dir if isinstance(out_dir, str) else "",
        "request": Json({key: value for key, value in request.items() if key != "job_id"}),
        "status": run.status,
        "since": run.since,
        "scheduled_for": run.scheduled_for,
        **error_of(run.cause),
        "has_ended": run.status in ENDED,
        "is_start": run.status in _STARTS,
        "ended": ENDED,
    }
