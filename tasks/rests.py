"""Leaving a source alone for a while after it refused us.

A block is a search engine's last friendly word: going on makes it longer and wider. So the source
rests, 30 minutes after a first block, two hours after each further one, until a search works again.
It is kept in the database, so that every run on every machine knows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tasks.errors import BlockedError
from tasks.jobs import Jobs

FIRST_REST = timedelta(minutes=30)
LATER_REST = timedelta(hours=2)

_CREATE = """
CREATE TABLE IF NOT EXISTS source_rests (
    host TEXT PRIMARY KEY, blocks INTEGER NOT NULL, until TIMESTAMPTZ NOT NULL
)
"""


@contextmanager
def respecting(jobs: Jobs, host: str) -> Iterator[None]:
    """Use a source in the block, unless it rests; let it rest if it refuses.

    Raises ``BlockedError`` while it rests, and adds to one from inside until when it rests.
    """
    with jobs.transaction() as cursor:
        cursor.execute(_CREATE)
        cursor.execute(
            "SELECT to_char(until, 'YYYY-MM-DD HH24:MI TZ') FROM source_rests "
            "WHERE host = %s AND until > now()",
            (host,),
        )
        rests = cursor.fetchone()
    if rests:
        raise BlockedError(
            f"{host} refused this program lately and is left alone until {rests[0]}."
        )
    try:
        yield
    except BlockedError as error:
        raise BlockedError(f"{error} It is left alone until {_rest(jobs, host)}.") from error
    with jobs.transaction() as cursor:
        cursor.execute("DELETE FROM source_rests WHERE host = %s", (host,))


def _rest(jobs: Jobs, host: str) -> str:
    with jobs.transaction() as cursor:
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
