"""Waiting for something to come true: the one poller of the tests."""

import inspect
import time
from collections.abc import Callable
from typing import TypeVar

LOOK_EVERY_S = 0.05

Found = TypeVar("Found")


def until(
    look: Callable[[], Found | None],
    what: str | Callable[[], str] = "",
    seconds: float = 10.0,
    *,
    retried: tuple[type[Exception], ...] = (),
    every_s: float = LOOK_EVERY_S,
) -> Found:
    """Return what a look finds, as soon as it finds anything that is true.

    ``what`` says what is awaited, or is called to say it once the time is over; left out, it is the
    source of the look. An exception of a look ends the wait at once, except those ``retried``.
    Raises ``AssertionError`` after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while True:
        problem = None
        try:
            found = look()
        except retried as error:
            problem = error
        else:
            if found:
                return found
        if time.monotonic() >= deadline:
            awaited = what() if callable(what) else what or _source(look)
            raise AssertionError(f"not within {seconds:g} s: {awaited}") from problem
        time.sleep(every_s)


def _source(look: Callable[[], object]) -> str:
    return " ".join(inspect.getsource(look).split())
