"""The columns that say how and when a job ended: they are written and cleared together."""

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json
from psycopg2.sql import SQL, Composable

from tasks.database.storable import storable
from tasks.jobs import Cause, Status

NO_ERROR = SQL("error = NULL, error_code = NULL, error_message = NULL")
# The seconds that the runs took up to now, once another begins or is planned.
RAN_S = SQL(
    """
    jobs.ran_s + greatest(0, coalesce(extract(epoch FROM
        coalesce(jobs.finished_at, jobs.heartbeat_at) - coalesce(jobs.begun_at,
            CASE WHEN jobs.finished_at IS NOT NULL THEN jobs.started_at END)), 0))
    """
)
_END = SQL(
    """
    UPDATE jobs SET status = %(status)s, error = %(error)s, error_code = %(error_code)s,
        error_message = %(error_message)s, finished_at = now(), state_at = now()
    WHERE {which}
    """
)


def end(
    cursor: Cursor, which: Composable, status: Status, cause: Cause | None, **values: object
) -> int:
    """End the jobs that a condition with these values picks out; return how many they were."""
    cursor.execute(_END.format(which=which), {"status": status, **error_of(cause), **values})
    return cursor.rowcount


def error_of(cause: Cause | None) -> dict[str, object]:
    """Return the values of the columns ``error``, ``error_code`` and ``error_message``."""
    if cause is None:
        return {"error": None, "error_code": None, "error_message": None}
    return {
        "error": storable(cause.sentence),
        "error_code": cause.code,
        "error_message": Json(storable(cause.message.to_json())),
    }
