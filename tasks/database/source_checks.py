"""The record of the checks whether the sources still work: table ``source_checks``.

    record_check(Settings(), "naver", ok=False, message=error.message, report=[])

``check_naver`` writes one row a time; the dashboard shows the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from tasks.database.tables import Tables
from tasks.settings import Settings
from words import Message, verbatim


@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``report`` has an item a query, with ``query``, ``candidates``, ``strategies``."""

    source: str
    checked_at: datetime
    ok: bool
    message: Message
    report: list[dict[str, Any]]


def record_check(
    settings: Settings,
    source: str,
    *,
    ok: bool,
    message: Message,
    report: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write down how a check of a source went; raises ``DatabaseError``."""
    with Tables.open(settings) as tables, tables.transaction("source_checks") as cursor:
        cursor.execute(
            "INSERT INTO source_checks (source, ok, detail, message, report) "
            "VALUES (%s, %s, %s, %s, %s)",
            (source, ok, str(message), Json(message.to_json()), Json(list(report))),
        )


def last_check(tables: Tables) -> Check | None:
    """Return the newest check, or None where there was none; raises ``DatabaseError``."""
    with tables.transaction("source_checks") as cursor:
        cursor.execute(
            "SELECT source, checked_at, ok, detail, message, report FROM source_checks "
            "ORDER BY checked_at DESC LIMIT 1"
        )
        row = cursor.fetchone()
    if row is None:
        return None
    source, checked_at, ok, detail, message, report = row
    said = Message.from_json(message) if message else verbatim(detail)  # of an earlier version
    return Check(source, checked_at, ok, said, report)
