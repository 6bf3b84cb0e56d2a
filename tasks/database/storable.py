"""The limits of what Postgres can hold, and values brought within them. Pure."""

from collections.abc import Mapping
from typing import Any

LARGEST_INTEGER = 2**31 - 1  # of a column of type INTEGER


def storable(value: Any) -> Any:
    """Return JSON without the characters that Postgres cannot hold: NUL and lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value
