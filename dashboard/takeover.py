"""The history of the original program, ``dashboard/data/jobs.json``, taken over once.

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

from tasks.database.history import add_history
from tasks.database.jobs_table import Jobs
from tasks.database.storable import LARGEST_INTEGER
from tasks.errors import DatabaseError
from tasks.jobs import ENDED, Job, Status
from tasks.settings import PROJECT_DIR

HISTORY = PROJECT_DIR / "dashboard" / "data" / "jobs.json"
_KEYS = (
    "id", "query", "limit", "out_dir", "status", "count", "error", "log",
    "started_at", "finished_at",
)  # fmt: skip

log = logging.getLogger(__name__)


class HistoryError(ValueError):
    """The file is no history of the original program."""


def take_over(jobs: Jobs, path: Path = HISTORY) -> int:
    """Move the file's jobs into the table; return how many it held, 0 where there is no file.

    A job whose row is there already keeps the row. What goes wrong is logged: it stops no start.
    """
    if not path.is_file():
        return 0
    try:
        history = [_read_job(stored) for stored in _read(path)]
        add_history(jobs, history)
    except (OSError, ValueError, DatabaseError) as error:
        log.error("%s is left as it is, for it cannot be taken over: %s", path, error)
        return 0
    taken = path.with_name(f"{path.name}.taken-over")
    try:
        path.rename(taken)
    except OSError as error:  # the next start finds its rows there and tries again
        log.warning("%s cannot be renamed (%s); its jobs are in the table.", path, error.strerror)
    else:
        log.info("%d jobs of the original program were taken over from %s.", len(history), taken)
    return len(history)


def _read(path: Path) -> list[Mapping[str, Any]]:
    found = json.loads(path.read_text("utf-8-sig"))
    if not isinstance(found, list) or not all(isinstance(job, dict) for job in found):
        raise HistoryError("it holds no list of jobs")
    return found


def _read_job(stored: Mapping[str, Any]) -> tuple[Job, str]:
    """Return a job and its log. What fits no column goes into the log."""
    job_id = stored.get("id")
    if not (isinstance(job_id, str) and re.fullmatch("[0-9a-f]{1,32}", job_id)):
        raise HistoryError(f"a job's id is {job_id!r}, not up to 32 hex digits")
    beside = {key: value for key, value in stored.items() if key not in _KEYS}
    status = _status(stored, beside)
    finished_at = _time(stored, "finished_at", beside)
    if status not in ENDED:  # it has no process any more
        status, finished_at = Status.CANCELLED, finished_at or datetime.now(UTC)
    job = Job(
        id=job_id,
        query=_taken(stored, "query", str, beside) or "",
        request_limit=_taken(stored, "limit", int, beside) or 0,
        out_dir=_taken(stored, "out_dir", str, beside) or "",
        status=status,
        count=_taken(stored, "count", int, beside),
        error=_taken(stored, "error", str, beside),
        started_at=_time(stored, "started_at", beside),
        finished_at=finished_at,
    )
    text = _taken(stored, "log", str, beside) or ""
    if beside:
        kept = json.dumps(beside, ensure_ascii=False, default=str)
        text = f"{text}\nTaken over besides: {kept}\n"
    return job, text


def _taken(stored: Mapping[str, Any], key: str, wanted: type, beside: dict[str, Any]) -> Any:
    value: Any = stored.get(key)
    is_fit = isinstance(value, wanted) and not isinstance(value, bool)
    if is_fit and (wanted is str or abs(value) <= LARGEST_INTEGER):
        return value
    if value not in (None, ""):
        beside[key] = value
    return None


def _time(stored: Mapping[str, Any], key: str, beside: dict[str, Any]) -> datetime | None:
    """Read an ISO time; one without a zone is this machine's."""
    text = _taken(stored, key, str, beside)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        beside[key] = text
        return None


def _status(stored: Mapping[str, Any], beside: dict[str, Any]) -> Status:
    try:
        return Status(str(stored.get("status")))
    except ValueError:
        beside["status"] = stored.get("status")
        return Status.FAILED
