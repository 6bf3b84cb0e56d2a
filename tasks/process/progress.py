"""The progress of a run, for whoever watches it in this process.

Stages report items as they finish them; reports that nobody watches are lost. The watchers are a
context variable, which Prefect's thread pool hands on to its tasks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

STAGES = ("search", "download", "embed", "save")  # those that report, in their order

Watcher = Callable[[str, int, int], None]

_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Call ``watcher(stage, done, expected)`` with each increment reported in the block."""
    token = _watchers.set((*_watchers.get(), watcher))
    try:
        yield
    finally:
        _watchers.reset(token)


def report(stage: str, *, done: int = 0, expected: int = 0) -> None:
    """Report that ``done`` more items of a stage are finished, or ``expected`` more will come."""
    for watcher in _watchers.get():
        watcher(stage, done, expected)
