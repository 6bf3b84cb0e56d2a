"""Empty databases on the tests' server."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg2


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """Make a database for the block on the server of an address; yield its own address."""
    name = f"test_{uuid4().hex}"
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield psycopg2.extensions.make_dsn(server, dbname=name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.close()
