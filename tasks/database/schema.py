"""The schema of ``jobs``, ``source_checks`` and ``source_rests``, and the way older tables get it.

Whoever opens the database calls ``prepare``. Where something is missing, it takes one lock for all
the tables: of two processes that find an empty database, one makes them and the other waits.
"""

from datetime import UTC, datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

_LOCK = 7_361_205  # any number: one process at a time prepares the tables

# Of each table, what was added to it last.
_ARE_CURRENT = """
SELECT count(*) = 3 FROM information_schema.columns
WHERE table_schema = current_schema() AND (table_name, column_name) IN
    (('jobs', 'begun_at'), ('source_checks', 'source'), ('source_rests', 'until'))
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
    ADD COLUMN IF NOT EXISTS answer INTEGER,
    ADD COLUMN IF NOT EXISTS error_message JSONB,
    ADD COLUMN IF NOT EXISTS ran_s DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS begun_at TIMESTAMPTZ;
CREATE INDEX IF NOT EXISTS jobs_newest_first
    ON jobs (coalesce(started_at, state_at) DESC NULLS LAST, id);
CREATE INDEX IF NOT EXISTS jobs_by_run ON jobs (flow_run_id);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status);

CREATE TABLE IF NOT EXISTS source_checks (
    checked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ok         BOOLEAN NOT NULL,
    detail     TEXT NOT NULL,
    report     JSONB NOT NULL
);
ALTER TABLE source_checks
    ADD COLUMN IF NOT EXISTS message JSONB,
    ADD COLUMN IF NOT EXISTS source VARCHAR(64) NOT NULL DEFAULT 'naver';
CREATE INDEX IF NOT EXISTS source_checks_newest_first ON source_checks (checked_at DESC);

CREATE TABLE IF NOT EXISTS source_rests (
    host   TEXT PRIMARY KEY,
    blocks INTEGER NOT NULL,
    until  TIMESTAMPTZ NOT NULL
);
"""


def prepare(cursor: Cursor) -> None:
    """Make the tables, or bring older ones up to date, in the cursor's transaction."""
    if not _are_current(cursor):
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _are_current(cursor):  # else another process made them meanwhile
            _convert_text_times(cursor)
            cursor.execute(_CREATE)


def _are_current(cursor: Cursor) -> bool:
    cursor.execute(_ARE_CURRENT)
    return cursor.fetchone() == (True,)


def _convert_text_times(cursor: Cursor) -> None:
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
        names = {"new": Identifier(column), "old": Identifier(f"{column}_text")}
        cursor.execute(SQL("ALTER TABLE jobs RENAME {new} TO {old}").format(**names))
        cursor.execute(SQL("ALTER TABLE jobs ADD {new} TIMESTAMPTZ").format(**names))
        cursor.execute(
            SQL("SELECT id, {old} FROM jobs WHERE coalesce({old}, '') <> ''").format(**names)
        )
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
                    SQL("UPDATE jobs SET {new} = %s WHERE id = %s").format(**names), (time, job_id)
                )
        cursor.execute(SQL("ALTER TABLE jobs DROP {old}").format(**names))
    if columns:
        cursor.execute(
            "UPDATE jobs SET status = 'cancelled', finished_at = coalesce(finished_at, now()) "
            "WHERE status = 'running'"
        )
