"""Places in what only so many runs may use at a time, on whatever machine they are.

A place is an advisory lock of the database that all runs share, held by a connection of its own. So
the database itself frees it when its holder is gone, however that ended.
"""

import logging
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection

from tasks.database.postgres import connect
from tasks.errors import DatabaseError, first_line
from tasks.process import stopping
from tasks.settings import Settings

GPU = "gpu"  # the other names are those of the sources
LOOK_EVERY_S = 0.2
# A machine that lost its power ends no connection: the server has to find out, in 20 s.
_FIND_OUT = """
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3
"""

log = logging.getLogger(__name__)


@contextmanager
def slot(name: str | None) -> Iterator[None]:
    """Hold a place of that name while the block runs; wait for one if need be.

    Nobody waits for a database that is away. Raises ``StoppedError``.
    """
    settings = Settings()
    places = settings.gpu_runs_at_once if name == GPU else settings.searches_at_once
    if name is None or not places:
        yield
        return
    try:
        connection = connect(settings)
    except DatabaseError as error:
        log.warning("Nobody knows how many runs use %s now: %s", name, error)
        yield
        return
    with closing(connection):
        try:
            _take(connection, name, places)
        except psycopg2.Error as error:
            log.warning("Nobody knows how many runs use %s now: %s", name, first_line(error))
        yield


def _take(connection: Connection, name: str, places: int) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(_FIND_OUT)
        is_waiting = False
        while not any(_is_free(cursor, name, place) for place in range(places)):
            if not is_waiting:
                is_waiting = True
                log.info("As many other runs use %s as may at a time (%d): waiting.", name, places)
            stopping.pause(LOOK_EVERY_S)


def _is_free(cursor: psycopg2.extensions.cursor, name: str, place: int) -> bool:
    """Take a place if nobody has it; return whether it is ours now."""
    key = zlib.crc32(f"cv-dataset-builder {name}".encode()) - 2**31  # Postgres's are signed
    cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (key, place))
    (is_ours,) = cursor.fetchone() or (False,)
    return bool(is_ours)
