"""A connection to our tables, which are made or brought up to date when it is opened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Self

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from tasks.database import schema
from tasks.database.postgres import connect
from tasks.errors import DatabaseError, first_line
from tasks.settings import Settings

Table = Literal["jobs", "source_rests", "source_checks"]


class Tables:
    """Our tables, over one connection, which one thread uses at a time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Connect, and make the tables or bring older ones up to date.

        Raises ``DatabaseError``.
        """
        tables = cls(connect(settings))
        try:
            with tables._cursor(lambda why: DatabaseError("tables", why=why)) as cursor:
                schema.prepare(cursor)
        except DatabaseError:
            tables.close()
            raise
        return tables

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, table: Table = "jobs") -> Iterator[Cursor]:
        """Run statements on a table in one transaction; raises ``DatabaseError``."""
        with self._cursor(lambda why: DatabaseError("table", table=table, why=why)) as cursor:
            yield cursor

    def ping(self) -> None:
        """Ask the server for an answer; raises ``DatabaseError``."""
        with self._cursor(lambda why: DatabaseError("database", why=why)) as cursor:
            cursor.execute("SELECT 1")

    @contextmanager
    def _cursor(self, failure: Callable[[str], DatabaseError]) -> Iterator[Cursor]:
        try:
            with self.connection, self.connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise failure(first_line(error)) from error
