"""The record of the checks whether the sources still work: table ``source_checks``.

    record_check(Settings(), ok=False, detail="Naver's page has changed.", report=[])

``check_naver`` writes one row a time; the dashboard shows the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from tasks.database.jobs_table import Jobs
from tasks.settings import Settings

_EXISTS = "SELECT to_regclass('source_checks') IS NOT NULL"
_CREATE = """
CREATE TABLE IF NOT EXISTS source_checks (
    checked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ok         BOOLEAN NOT NULL,
    detail     TEXT NOT NULL,
    report     JSONB NOT NULL
);
CREATE INDEX IF NOT EXISTS source_checks_newest_first ON source_checks (checked_at DESC);
"""
_TABLE_LOCK = 7_361_206  # any number but the other tables': one process at a time makes it


@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``report`` has an item a query, with ``query``, ``candidates``, ``strategies``."""

    checked_at: datetime
    ok: bool
    detail: str  # a sentence
    report: list[dict[str, Any]]


def record_check(
    settings: Settings, *, ok: bool, detail: str, report: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write down how a check went; raises ``DatabaseError``."""
    with Jobs.open(settings) as jobs, jobs.transaction() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLE_LOCK,))
        cursor.execute(_CREATE)
        cursor.execute(
            "INSERT INTO source_checks (ok, detail, report) VALUES (%s, %s, %s)",
            (ok, detail, Json(list(report))),
        )


def last_check(jobs: Jobs) -> Check | None:
    """Return the newest check, or None where there was none; raises ``DatabaseError``."""
    with jobs.transaction() as cursor:
        cursor.execute(_EXISTS)
        if cursor.fetchone() == (False,):
            return None
        cursor.execute(
            "SELECT checked_at, ok, detail, report FROM source_checks "
            "ORDER BY checked_at DESC LIMIT 1"
        )
        row = cursor.fetchone()
    return Check(*row) if row else None
