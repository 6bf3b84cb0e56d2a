"""The ``jobs`` table as it is read: one job, some of them, or a page of all."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from psycopg2.sql import SQL, Composable, Identifier

from tasks.database.tables import Tables
from tasks.jobs import BEGUN, ENDED, Job, Status

SILENCE = timedelta(seconds=10)  # a process that was not heard of for so long may be gone

_SELECT = SQL("SELECT {columns} FROM jobs {rest}")
_COLUMNS = SQL(", ").join(map(Identifier, Job.columns()))


class Sort(StrEnum):
    """The orders of a list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    QUERY = "query"
    COUNT = "count"


_NEWEST = "coalesce(started_at, state_at) DESC NULLS LAST, id"
_ORDER = {
    Sort.NEWEST: SQL(_NEWEST),
    Sort.OLDEST: SQL("coalesce(started_at, state_at) NULLS FIRST, id DESC"),
    Sort.QUERY: SQL(f"query, {_NEWEST}"),
    Sort.COUNT: SQL(f"count DESC NULLS LAST, {_NEWEST}"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are wanted: those of some states, and with some text in the query or the id."""

    statuses: tuple[Status, ...] = ()
    text: str = ""

    def where(self) -> tuple[Composable, tuple[object, ...]]:
        """Return a condition and its values."""
        conditions, values = ["true"], list[object]()
        if self.statuses:
            conditions.append("status IN %s")
            values.append(self.statuses)
        if self.text:
            pattern = unicodedata.normalize("NFC", self.text).replace("\\", r"\\")
            pattern = "%" + pattern.replace("%", r"\%").replace("_", r"\_") + "%"
            conditions.append("(query ILIKE %s OR id LIKE %s)")
            values += [pattern, pattern]
        return SQL(" AND ").join(map(SQL, conditions)), tuple(values)


class JobRows(Tables):
    """Reads the table; every method raises ``DatabaseError``."""

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None where there is none of that id."""
        found = self._select(SQL("WHERE id = %s"), job_id)
        return found[0] if found else None

    def of_run(self, flow_run_id: str) -> Job | None:
        """Return the job that a flow run has now, or None."""
        found = self._select(SQL("WHERE flow_run_id = %s"), flow_run_id)
        return found[0] if found else None

    def of_ids(self, job_ids: Sequence[str]) -> list[Job]:
        """Return the jobs of these ids, as far as there are any."""
        return self._select(SQL("WHERE id = ANY(%s)"), list(job_ids)) if job_ids else []

    def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended."""
        return self._select(SQL("WHERE status NOT IN %s"), ENDED)

    def newest(self, *, limit: int, offset: int = 0) -> list[Job]:
        """Return jobs, the newest first."""
        return self.page(Filter(), Sort.NEWEST, limit=limit, offset=offset)

    def page(self, which: Filter, sort: Sort, *, limit: int, offset: int) -> list[Job]:
        """Return a part of the list of jobs."""
        where, values = which.where()
        rest = SQL("WHERE {where} ORDER BY {order} LIMIT %s OFFSET %s")
        return self._select(rest.format(where=where, order=_ORDER[sort]), *values, limit, offset)

    def count(self, which: Filter) -> int:
        """Return how many jobs a list has."""
        where, values = which.where()
        with self.transaction() as cursor:
            cursor.execute(SQL("SELECT count(*) FROM jobs WHERE {}").format(where), values)
            (total,) = cursor.fetchone() or (0,)
        return int(total)

    def log(self, job_id: str) -> str:
        """Return a job's log; empty where there is none."""
        with self.transaction() as cursor:
            cursor.execute("SELECT log FROM jobs WHERE id = %s", (job_id,))
            row = cursor.fetchone()
        return (row[0] or "") if row else ""

    def is_alive(self, job_id: str) -> bool:
        """Say whether the job's process gave a sign of life lately."""
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT FROM jobs WHERE id = %s AND status IN %s AND heartbeat_at > now() - %s",
                (job_id, BEGUN, SILENCE),
            )
            return cursor.fetchone() is not None

    def _select(self, rest: Composable, *values: object) -> list[Job]:
        """Return the jobs that the rest of the statement picks out, from its WHERE on."""
        with self.transaction() as cursor:
            cursor.execute(_SELECT.format(columns=_COLUMNS, rest=rest), values)
            return [Job.from_row(row) for row in cursor.fetchall()]
