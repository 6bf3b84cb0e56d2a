"""Telling the threads of this process to stop.

Threads cannot be interrupted from outside, so every loop that may run long asks here, and every
blocking call has a timeout of its own. A signal stops whatever the process does, so one flag
serves the whole process.

An interrupt of the main thread may get lost: a C extension turns it into its own exception
(pydantic does), or it arrives in a finaliser. So it is noted here before it is raised, and work
stops all the same.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_stop = threading.Event()
# What a signal raised; no Event, as the interrupted thread may hold its lock.
_interrupt: BaseException | None = None


class StoppedError(Exception):
    """Work was left unfinished because the run is being stopped."""


def request_stop() -> None:
    """Ask all work in this process to stop."""
    _stop.set()


def allow_work() -> None:
    """Take an earlier request back: a new run begins."""
    global _interrupt
    _stop.clear()
    _interrupt = None


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle a signal: stop all work, and the main thread at once."""
    global _interrupt
    _interrupt = KeyboardInterrupt()
    raise _interrupt


@contextmanager
def keeping_interrupts() -> Iterator[None]:
    """End the block as Ctrl-C or SIGTERM ends it, even where a library hides the interrupt."""
    is_main = threading.current_thread() is threading.main_thread()  # no other is interrupted
    numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    before = {number: signal.getsignal(number) for number in numbers}
    raising = {number: handler for number, handler in before.items() if callable(handler)}

    def note(number: int, frame: FrameType | None) -> None:
        global _interrupt
        try:
            raising[signal.Signals(number)](number, frame)
        except BaseException as raised:
            _interrupt = raised
            raise

    for number in raising:
        signal.signal(number, note)
    try:
        yield
    except Exception as error:  # raised again, or the interrupt that it hides
        if _interrupt:
            raise _interrupt from error
        raise
    finally:
        for number, handler in raising.items():
            signal.signal(number, handler)


def is_interrupted() -> bool:
    """Say whether a signal came, whatever was made of what it raised."""
    return _interrupt is not None


def pause(seconds: float) -> None:
    """Do nothing for a while; raise ``StoppedError`` as soon as a stop is requested."""
    if _stop.wait(max(0.0, seconds)):
        check()


def check() -> None:
    """Raise ``StoppedError`` once a stop was requested."""
    if _stop.is_set() or _interrupt:
        raise StoppedError("The run is being stopped.")
