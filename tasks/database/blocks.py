"""Leaving a source alone for a while after it refused us.

A block is a search engine's last friendly word: going on makes it longer and wider. So the source
rests, 30 minutes after a first block, two hours after each further one, until a search works again.
It is kept in the database, so that every run on every machine knows.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tasks.database.jobs_table import Jobs
from tasks.errors import BlockedError, DatabaseError
from tasks.settings import Settings

FIRST_REST = timedelta(minutes=30)
LATER_REST = timedelta(hours=2)

log = logging.getLogger(__name__)

_CREATE = """
CREATE TABLE IF NOT EXISTS source_rests (
    host TEXT PRIMARY KEY, blocks INTEGER NOT NULL, until TIMESTAMPTZ NOT NULL
)
"""


@contextmanager
def respecting(settings: Settings, host: str) -> Iterator[None]:
    """Use a source in the block, unless it rests; let it rest if it refuses.

    Raises ``BlockedError`` while it rests, and adds to one from inside until when it rests.
    """
    with Jobs.open(settings) as jobs, jobs.transaction() as cursor:
        cursor.execute(_CREATE)
        cursor.execute(
            "SELECT to_char(until, 'YYYY-MM-DD HH24:MI TZ'), until > now() FROM source_rests "
            "WHERE host = %s",
            (host,),
        )
        until, is_resting = cursor.fetchone() or ("", False)
    if is_resting:
        raise BlockedError(f"{host} refused this program lately and is left alone until {until}.")
    try:
        yield
    except BlockedError as error:
        try:
            until = _rest(settings, host)
        except DatabaseError as problem:
            log.warning("No other run will know that %s refused this one: %s", host, problem)
            raise error from None
        raise BlockedError(f"{error} It is left alone until {until}.") from error
    if until:
        try:
            _forget(settings, host)
        except DatabaseError as problem:
            log.warning("The next block by %s will count as its second: %s", host, problem)


def _forget(settings: Settings, host: str) -> None:
    with Jobs.open(settings) as jobs, jobs.transaction() as cursor:
        cursor.execute("DELETE FROM source_rests WHERE host = %s", (host,))


def _rest(settings: Settings, host: str) -> str:
    with Jobs.open(settings) as jobs, jobs.transaction() as cursor:
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
