"""What a person at a terminal sees of a run: bars on a terminal, plain lines elsewhere.

Everything goes to standard error; standard output is for the result. Prefect's own chatter and
tracebacks are kept away: they stay in Prefect.
"""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tasks import progress
from tasks.recorder import handling

STAGES = ("search", "download", "embed", "save")


@contextmanager
def display() -> Iterator[None]:
    """Show the log lines, and on a terminal the progress, of what runs in the block."""
    quiet_prefect()
    signal.signal(signal.SIGTERM, _stop)
    console = Console(stderr=True)
    if console.is_terminal:
        with _bars(console), handling(_lines_above(console)):
            yield
    else:
        plain = logging.StreamHandler(sys.stderr)
        plain.addFilter(_is_no_error)
        plain.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        with handling(plain):
            yield


def quiet_prefect() -> None:
    """Take Prefect's log lines off the console of this process."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("prefect")]
    for logger in (logging.root, *map(logging.getLogger, names)):
        for handler in logger.handlers[:]:
            if isinstance(handler, PrefectConsoleHandler):
                logger.removeHandler(handler)
                logger.addHandler(logging.NullHandler())  # without any, Python prints warnings


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """End as on Ctrl-C: Prefect restores this handler, so its temporary server is stopped too."""
    raise KeyboardInterrupt


def _lines_above(console: Console) -> logging.Handler:
    handler = RichHandler(
        console=console, show_level=False, show_path=False, log_time_format="%H:%M:%S"
    )
    handler.addFilter(_is_no_error)
    return handler


def _is_no_error(record: logging.LogRecord) -> bool:
    """What went wrong is the command line's last word, and not said twice."""
    return record.levelno < logging.ERROR


@contextmanager
def _bars(console: Console) -> Iterator[None]:
    with Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bars:
        tasks = {stage: bars.add_task(stage, total=None) for stage in STAGES}

        def advance(stage: str, done: int, expected: int) -> None:
            bar = bars.tasks[tasks[stage]]
            if expected:
                bars.update(bar.id, total=(bar.total or 0) + expected)
            bars.advance(bar.id, done)

        with progress.watching(advance):
            yield
