"""Telling the threads of this process to stop.

Threads cannot be interrupted from outside, so every loop that may run long asks here, and every
blocking call has a timeout of its own. A signal stops whatever the process does, so one flag
serves the whole process.
"""

import threading

_stop = threading.Event()


class StoppedError(Exception):
    """Work was left unfinished because the run is being stopped."""


def request_stop() -> None:
    """Ask all work in this process to stop."""
    _stop.set()


def allow_work() -> None:
    """Take an earlier request back: a new run begins."""
    _stop.clear()


def pause(seconds: float) -> None:
    """Do nothing for a while; raise ``StoppedError`` as soon as a stop is requested."""
    if _stop.wait(max(0.0, seconds)):
        check()


def check() -> None:
    """Raise ``StoppedError`` once a stop was requested."""
    if _stop.is_set():
        raise StoppedError("The run is being stopped.")
