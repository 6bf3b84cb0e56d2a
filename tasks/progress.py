"""How far the run is, for whoever watches in this process.

Stages report items as they finish them; a run that nobody watches reports into the void. The
watcher is a context variable, which Prefect's thread pool hands on to its tasks.
"""

from collections.abc import Callable
from contextvars import ContextVar

Watcher = Callable[[str, int, int], None]

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def watch(watcher: Watcher) -> None:
    """Call ``watcher(stage, done, expected)`` with each increment reported from here on."""
    _watcher.set(watcher)


def report(stage: str, *, done: int = 0, expected: int = 0) -> None:
    """Report that ``done`` more items of a stage are finished, or ``expected`` more will come."""
    if watcher := _watcher.get():
        watcher(stage, done, expected)
