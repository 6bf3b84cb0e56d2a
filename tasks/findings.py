"""Findings of pydantic, as messages without a capital or a full stop."""

from collections.abc import Mapping
from typing import Any

from words import Message, Value, templates


def finding(error: Mapping[str, Any]) -> Message:
    """Return one of ``ValidationError.errors()`` as a message; its words are ``finding.<type>``."""
    key = f"finding.{error['type']}"
    if key not in templates("en"):  # of a kind that no form or option of ours can cause
        said = error["msg"].rstrip(".")
        return Message("finding.other", {"said": f"{said[:1].lower()}{said[1:]}"})
    return Message(key, {name: _place(value) for name, value in error.get("ctx", {}).items()})


def _place(value: object) -> Value:
    """Return a bound as it would be typed, and a list of values without its English "or"."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int | float):
        return value
    return str(value).replace("' or '", "', '")
