"""Spans of time. Pure."""

from collections.abc import Iterable


def covered_s(spans: Iterable[tuple[float, float]]) -> float:
    """Return how many seconds spans (begin, end) cover together; where they overlap counts once."""
    seconds, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        seconds += max(0.0, end - max(begin, until))
        until = max(until, end)
    return seconds
