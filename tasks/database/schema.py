"""The columns of the ``jobs`` table, and how an older table gets them."""

from datetime import UTC, datetime

from psycopg2.extensions import cursor as Cursor

_LOCK = 7_361_205  # any number: one process at a time prepares the table

_IS_CURRENT = """
SELECT FROM information_schema.columns WHERE table_schema = current_schema()
    AND table_name = 'jobs' AND column_name = 'answer'
"""
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
ALTER TABLE jobs
    ADD COLUMN IF NOT EXISTS flow_run_id VARCHAR(32),
    ADD COLUMN IF NOT EXISTS request JSONB,
    ADD COLUMN IF NOT EXISTS progress JSONB,
    ADD COLUMN IF NOT EXISTS waterfall JSONB,
    ADD COLUMN IF NOT EXISTS scheduled_for TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS state_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS heartbeat_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS is_cancel_requested BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS error_code VARCHAR(32),
    ADD COLUMN IF NOT EXISTS choice JSONB,
    ADD COLUMN IF NOT EXISTS question JSONB,
    ADD COLUMN IF NOT EXISTS answer INTEGER;
CREATE INDEX IF NOT EXISTS jobs_newest_first
    ON jobs (coalesce(started_at, state_at) DESC NULLS LAST, id);
CREATE INDEX IF NOT EXISTS jobs_by_run ON jobs (flow_run_id);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status);
"""


def prepare(cursor: Cursor) -> None:
    """Make the table, or bring an older one up to date, in the cursor's transaction."""
    cursor.execute(_IS_CURRENT)
    if cursor.fetchone() is None:  # a row of no columns is an empty tuple
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        _take_over_text_times(cursor)
        cursor.execute(_CREATE)


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
            "UPDATE jobs SET status = 'cancelled', finished_at = coalesce(finished_at, now()) "
            "WHERE status = 'running'"
        )
