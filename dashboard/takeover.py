"""Taking over the history of the original program: ``dashboard/data/jobs.json``, once.

Its jobs become rows, all or none, and the file is renamed to ``jobs.json.taken-over``. A file that
cannot be read as a list of jobs is left as it is.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.database.jobs_table import Jobs
from tasks.errors import DatabaseError
from tasks.jobs import ENDED, Status
from tasks.settings import PROJECT_DIR

HISTORY = PROJECT_DIR / "dashboard" / "data" / "jobs.json"
_KEYS = (
    "id", "query", "limit", "out_dir", "status", "count", "error", "log",
    "started_at", "finished_at",
)  # fmt: skip
_LARGEST_INTEGER = 2**31 - 1

log = logging.getLogger(__name__)


class HistoryError(ValueError):
    """The file is no history of the original program."""


def take_over(jobs: Jobs, path: Path = HISTORY) -> int:
    """Move the file's jobs into the table; return how many it held, 0 where there is no file.

    A job whose row is there already keeps the row. Raises ``DatabaseError``.
    """
    if not path.is_file():
        return 0
    try:
        rows = [_row(job) for job in _read(path)]
    except (OSError, ValueError) as error:
        log.error("%s is left as it is, for it cannot be taken over: %s", path, error)
        return 0
    with jobs.transaction() as cursor:
        cursor.executemany(
            """
            INSERT INTO jobs (id, query, request_limit, out_dir, status, count, error, log,
                              started_at, finished_at)
            VALUES (%(id)s, %(query)s, %(limit)s, %(out_dir)s, %(status)s, %(count)s, %(error)s,
                    %(log)s, %(started_at)s, %(finished_at)s)
            ON CONFLICT (id) DO NOTHING
            """,
            rows,
        )
    taken = path.with_name(f"{path.name}.taken-over")
    try:
        path.rename(taken)
    except OSError as error:  # the next start finds its rows there and tries again
        log.warning("%s cannot be renamed (%s); its jobs are in the table.", path, error.strerror)
    else:
        log.info("%d jobs of the original program were taken over from %s.", len(rows), taken)
    return len(rows)


def take_over_or_say_why(jobs: Jobs) -> None:
    """Take the history over; a table that refuses it stops no start."""
    try:
        take_over(jobs)
    except DatabaseError as error:
        log.error("%s is left as it is: %s", HISTORY, error)


def _read(path: Path) -> list[Mapping[str, Any]]:
    found = json.loads(path.read_text("utf-8-sig"))
    if not isinstance(found, list) or not all(isinstance(job, dict) for job in found):
        raise HistoryError("it holds no list of jobs")
    return found


def _row(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as a row. What has no column, or is none of its type, goes into the log."""
    job_id = job.get("id")
    if not (isinstance(job_id, str) and re.fullmatch("[0-9a-f]{1,32}", job_id)):
        raise HistoryError(f"a job's id is {job_id!r}, not up to 32 hex digits")
    beside = {key: value for key, value in job.items() if key not in _KEYS}
    row: dict[str, Any] = {"id": job_id}
    for key in ("query", "out_dir", "error", "log"):
        row[key] = _storable(_taken(job, key, str, beside))
    for key in ("limit", "count"):
        row[key] = _taken(job, key, int, beside)
    for key in ("started_at", "finished_at"):
        row[key] = _time(_taken(job, key, str, beside), key, beside)
    row["status"] = _status(job, beside)
    if row["status"] not in ENDED:  # it has no process any more
        row["status"] = Status.CANCELLED
        row["finished_at"] = row["finished_at"] or datetime.now(UTC)
    if beside:
        kept = json.dumps(beside, ensure_ascii=False, default=str)
        row["log"] = f"{row['log'] or ''}\nTaken over besides: {_storable(kept)}\n"
    return row


def _taken(job: Mapping[str, Any], key: str, wanted: type, beside: dict[str, Any]) -> Any:
    value: Any = job.get(key)
    is_fit = isinstance(value, wanted) and not isinstance(value, bool)
    if is_fit and (wanted is str or abs(value) <= _LARGEST_INTEGER):
        return value
    if value not in (None, ""):
        beside[key] = value
    return None


def _time(text: str | None, key: str, beside: dict[str, Any]) -> datetime | None:
    """Read an ISO time; one without a zone is this machine's."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        beside[key] = text
        return None


def _status(job: Mapping[str, Any], beside: dict[str, Any]) -> Status:
    try:
        return Status(str(job.get("status")))
    except ValueError:
        beside["status"] = job.get("status")
        return Status.FAILED


def _storable(text: str | None) -> str | None:
    """Return text without what Postgres cannot hold."""
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
