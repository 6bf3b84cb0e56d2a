"""The terminal's view of a run: bars on a terminal, plain lines elsewhere.

Everything goes to standard error; standard output is for the result. Prefect's own chatter and
tracebacks are kept away: they stay in Prefect.
"""

import logging
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows.prefect_console import quiet_prefect
from tasks.characters import visible
from tasks.process import progress
from tasks.upkeep.recorder import handling
from words import Language, say

WEIGHTS = "weights"  # in megabytes, and only where a model is downloaded
LOOK_FOR_ANSWER_EVERY_S = 0.2


class Visible(logging.Formatter):
    """The format of lines whose foreign text a terminal must show and not obey."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return visible(super().format(record))


class _Person(NamedTuple):
    """A person at this terminal, who can be asked."""

    bars: Progress
    language: Language


_person: ContextVar[_Person | None] = ContextVar("person", default=None)


@contextmanager
def display(language: Language) -> Iterator[None]:
    """Show the log lines, and on a terminal the progress, of what runs in the block."""
    quiet_prefect()
    console = Console(stderr=True)
    if console.is_terminal:
        with _bars(console, language), handling(_lines_above(console)):
            yield
    else:
        plain = logging.StreamHandler(sys.stderr)
        plain.addFilter(_is_no_error)
        plain.setFormatter(Visible("%(asctime)s %(message)s", "%H:%M:%S"))
        with handling(plain):
            yield


def _lines_above(console: Console) -> logging.Handler:
    handler = RichHandler(
        console=console, show_level=False, show_path=False, log_time_format="%H:%M:%S"
    )
    handler.addFilter(_is_no_error)
    handler.setFormatter(Visible("%(message)s"))
    return handler


def _is_no_error(record: logging.LogRecord) -> bool:
    """What went wrong is the command line's last word, and not said twice."""
    return record.levelno < logging.ERROR


@contextmanager
def _bars(console: Console, language: Language) -> Iterator[None]:
    with Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bars:
        tasks = {
            stage: bars.add_task(say(f"stage.{stage}", language), total=None)
            for stage in progress.STAGES
        }
        model = say("stage.weights", language)
        tasks[WEIGHTS] = bars.add_task(model, total=None, visible=False)

        def advance(stage: str, done: int, expected: int) -> None:
            bar = bars.tasks[tasks[stage]]
            if expected:
                bars.update(bar.id, total=(bar.total or 0) + expected, visible=True)
            bars.advance(bar.id, done)

        person = _person.set(_Person(bars, language) if sys.stdin and sys.stdin.isatty() else None)
        try:
            with progress.watching(advance):
                yield
        finally:
            _person.reset(person)


@contextmanager
def asking_here(
    question: Callable[[Language], str], most: int, on_answer: Callable[[int], bool]
) -> Iterator[None]:
    """Ask for a number from 0 to ``most`` on this terminal while the block waits for one.

    ``on_answer`` is called in another thread with what was typed, until it returns that it was
    taken. Without a person at the terminal nothing is asked here.
    """
    person = _person.get()
    if person is None:
        yield
        return
    bars, language = person.bars, person.language
    over = threading.Event()
    reader = threading.Thread(
        target=_read_answer, args=(most, on_answer, over, language), name="question"
    )
    bars.stop()  # they would be drawn over what is typed
    bars.console.print(question(language), markup=False, highlight=False)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()
        bars.start()


def _read_answer(
    most: int, on_answer: Callable[[int], bool], over: threading.Event, language: Language
) -> None:
    answer: int | None = None
    while not over.is_set():
        if select.select([sys.stdin], [], [], LOOK_FOR_ANSWER_EVERY_S)[0]:
            line = sys.stdin.readline()
            if not line:  # closed: the answer has to come from elsewhere
                return
            text = line.strip()
            answer = int(text) if text.isdecimal() and int(text) <= most else None
            if answer is None:
                sys.stderr.write(say("cli.number_wanted", language, most=most) + "\n")
        if answer is not None and on_answer(answer):
            return
        over.wait(LOOK_FOR_ANSWER_EVERY_S)
