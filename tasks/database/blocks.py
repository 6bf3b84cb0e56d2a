"""Leaving a source alone for a while after it refused us: table ``source_rests``.

A search engine that blocks us blocks longer and wider if we go on. So its host rests, 30 minutes
after a first block and two hours after each further one, until a search works again. The table
makes every run on every machine know.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tasks.database.tables import Tables
from tasks.errors import BlockedError, DatabaseError
from tasks.settings import Settings

FIRST_REST = timedelta(minutes=30)
LATER_REST = timedelta(hours=2)

log = logging.getLogger(__name__)


@contextmanager
def respecting(settings: Settings, host: str) -> Iterator[None]:
    """Use a source in the block, unless it rests; let it rest if it refuses.

    Raises ``BlockedError`` while it rests, and adds to one from inside until when it rests.
    """
    with Tables.open(settings) as tables, tables.transaction("source_rests") as cursor:
        cursor.execute(
            "SELECT to_char(until, 'YYYY-MM-DD HH24:MI TZ'), until > now() FROM source_rests "
            "WHERE host = %s",
            (host,),
        )
        until, is_resting = cursor.fetchone() or ("", False)
    if is_resting:
        raise BlockedError("host_rests", host=host, until=until)
    try:
        yield
    except BlockedError as error:
        try:
            until = _rest(settings, host)
        except DatabaseError as problem:
            log.warning("No other run will know that %s refused this one: %s", host, problem)
            raise error from None
        raise BlockedError("host_rests_now", why=error.message, until=until) from error
    if until:
        try:
            _forget(settings, host)
        except DatabaseError as problem:
            log.warning("The next block by %s will count as its second: %s", host, problem)


def _forget(settings: Settings, host: str) -> None:
    with Tables.open(settings) as tables, tables.transaction("source_rests") as cursor:
        cursor.execute("DELETE FROM source_rests WHERE host = %s", (host,))


def _rest(settings: Settings, host: str) -> str:
    with Tables.open(settings) as tables, tables.transaction("source_rests") as cursor:
        cursor.execute(
            """
            INSERT INTO source_rests AS rest VALUES (%(host)s, 1, now() + %(first)s)
            ON CONFLICT (host) DO UPDATE
                SET blocks = rest.blocks + 1, until = now() + %(later)s
            RETURNING to_char(until, 'YYYY-MM-DD HH24:MI TZ')
            """,
            {"host": host, "first": FIRST_REST, "later": LATER_REST},
        )
        (until,) = cursor.fetchone() or ("",)
    return str(until)
