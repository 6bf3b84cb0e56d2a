"""The rule for ``DATABASE_URL``: libpq cannot read it otherwise than it was meant.

Where a password holds an ``@`` or a ``/`` as it is, libpq takes a part of it for the host, and its
errors show that. So nothing is handed to it, or said of an address, that is not read for certain.
"""

import re

import psycopg2
from psycopg2.extensions import parse_dsn

_TEXT = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"  # and what else has to be escaped
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})*)(?::[0-9]+)?"
_URL = re.compile(
    rf"postgres(?:ql)?://(?:{_TEXT}*(?::(?:{_TEXT}|:)*)?@)?{_HOST}(?:,{_HOST})*"
    rf"(?:/{_TEXT}*)?(?:\?(?:{_TEXT}|[:/])*)?"
)


def is_certain(address: str) -> bool:
    """Say whether an address is a URL with everything escaped in it, or libpq's ``key=value``."""
    if not _URL.fullmatch(address) and not re.fullmatch(r"\s*[a-z_]+\s*=[^\0]*", address):
        return False
    try:
        values = parse_dsn(address)
    except (psycopg2.Error, ValueError):
        return False
    return not any("://" in value for name, value in values.items() if name != "password")
