"""The start of every command: ``start("flows.command")`` before a program imports anything else.

Imports take seconds, and a stop is clean from the first of them on: one sentence, exit code 130.

Within, all text is UTF-8, as Python 3.15 has it by itself: names of files, arguments, and what
other libraries read and write. On the terminal it is in the terminal's encoding, what that does not
have is spelled as JSON spells it, and no output changes how the command ends, read or not.
"""

import codecs
import io
import locale
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn, TextIO

from flows.arguments import chosen_language
from tasks.process import stopping
from words import say

STOPPED = 130  # what a shell reports of a program that Ctrl-C ended
END_WITHIN_S = 2.5  # before the watchdog of a run kills it
SILENT_S = 1.0
SHOW_CURSOR, CLEAR_LINE = "\x1b[?25h", "\r\x1b[K"

_language = chosen_language(sys.argv[1:])
_code: int | None = None  # what the command has ended with


def start(module: str) -> NoReturn:
    """Run ``main()`` of a module in this process, and exit with its code."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        _start_in_utf8()
    sys.argv[1:] = [
        _in_utf8(argument).decode("utf-8", "surrogateescape") for argument in sys.argv[1:]
    ]
    os.environ.setdefault("DO_NOT_TRACK", "1")  # nor does Prefect's notice of it stand here
    codecs.register_error("spelled", _spelled)
    sys.stdout, sys.stderr = _unfailing(sys.stdout), _unfailing(sys.stderr)
    _on_signals(_end_now)
    waiting = threading.Timer(SILENT_S, _say_that_it_starts)
    waiting.daemon = True
    waiting.start()
    main = import_module(module).main
    waiting.cancel()
    if sys.stderr.isatty():
        sys.stderr.write(CLEAR_LINE)
    _on_signals(stopping.interrupt)
    threading.Thread(target=_end_in_time, daemon=True).start()
    global _code
    try:
        _code = main()
    except KeyboardInterrupt:
        _say_that_it_stopped()
        _code = STOPPED
    except SystemExit as error:  # from argparse
        _code = error.code if isinstance(error.code, int) else 1
    if stopping.is_interrupted() and sys.stderr.isatty():
        # Bars that had only begun have not brought it back, and hold the stream.
        os.write(2, SHOW_CURSOR.encode())
    _on_signals(_end_now)  # what ends with the process needs no second Ctrl-C, and takes one
    sys.exit(_code)


def _on_signals(handler: "signal._HANDLER") -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as for what runs in the background
            signal.signal(number, handler)


def _end_now(_number: int = 0, _frame: FrameType | None = None) -> NoReturn:
    """End without waiting for anything: what others keep for this process ends with it."""
    if _code is None:
        _say_that_it_stopped()
    with suppress(RuntimeError):  # a signal came amid a write
        sys.stdout.flush()
    os._exit(STOPPED if _code is None else _code)


def _end_in_time() -> None:
    """End a process that was stopped and goes on: a library that is imported knows no stop."""
    while not stopping.is_interrupted():
        time.sleep(0.2)
    time.sleep(END_WITHIN_S)
    _end_now()


def _say_that_it_starts() -> None:
    if sys.stderr.isatty():
        sys.stderr.write(say("cli.starting", _language))
        sys.stderr.flush()


def _say_that_it_stopped() -> None:
    """Say it, on a terminal that may have a bar on it."""
    clear = SHOW_CURSOR + CLEAR_LINE if sys.stderr.isatty() else ""
    os.write(2, f"{clear}{say('cli.stopped', _language)}\n".encode(sys.stderr.encoding, "spelled"))


def _start_in_utf8() -> NoReturn:
    """Start this program once more, which the locale of then does not keep from UTF-8."""
    shown = {"PYTHONIOENCODING": locale.getencoding()}
    environment = shown | os.environ | {"PYTHONUTF8": "1"}
    arguments = [os.fsencode(sys.executable), *map(_in_utf8, sys.orig_argv[1:])]
    os.execve(sys.executable, arguments, environment)  # noqa: S606 — this very program


def _in_utf8(argument: str) -> bytes:
    """Return an argument as it came where that is UTF-8, else as the locale reads it."""
    came = os.fsencode(argument)
    for encoding in ("utf-8", locale.getencoding()):
        with suppress(UnicodeDecodeError, LookupError):
            return came.decode(encoding).encode("utf-8")
    return came


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end


class _Unfailing(io.FileIO):
    """A file that takes everything, also when its reader has gone or its disk is full."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0  # once more, where it would have blocked
        except OSError:
            return len(data)


def _unfailing(stream: TextIO | None) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # it was closed from the start
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 — until the end
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Unfailing(stream.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors="spelled",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
