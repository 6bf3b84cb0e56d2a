"""The Postgres of our tables: the one that the environment names, else an embedded one."""

import subprocess

import psycopg2
from psycopg2.extensions import connection as Connection

from tasks.errors import DatabaseError, first_line
from tasks.settings import Settings
from words import Message

CONNECT_TIMEOUT_S = 5


def connect(settings: Settings) -> Connection:
    """Open a connection, starting the embedded server if there is no other.

    Raises ``DatabaseError``, which never shows a password.
    """
    where = None
    try:
        if (address := settings.postgres_url) is None:
            from tasks.database import embedded  # not where there is another

            return embedded.connect(settings.data_dir / "postgres", _connect)
        where = _without_password(address)
        return _connect(address)
    except (psycopg2.Error, OSError, subprocess.SubprocessError, RuntimeError) as error:
        # libpq says what went wrong in its first line; the password is never in it.
        why = first_line(error).rstrip(".")
        if settings.postgres_url is None:
            log = settings.data_dir / "postgres" / "log"
            raise DatabaseError("embedded_postgres", why=why, log=str(log)) from error
        raise DatabaseError("postgres", where=where, why=why) from error


def _connect(address: str) -> Connection:
    return psycopg2.connect(
        address, connect_timeout=CONNECT_TIMEOUT_S, application_name="cv-dataset-builder"
    )


def _without_password(address: str) -> Message:
    try:
        parts = psycopg2.extensions.parse_dsn(address)
    except psycopg2.Error:
        return Message("note.postgres_of_url")
    where = {"host": parts.get("host", "localhost"), "port": parts.get("port", 5432)}
    return Message("note.postgres_at", where)
