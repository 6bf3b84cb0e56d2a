"""The start and the end of a command on a terminal, at whatever moment it is stopped."""

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.images import image_file

ROOT = Path(__file__).parents[1]
CTRL_C = b"\x03"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.shown, self.has_ended = b"", False
        environment = os.environ | {"DATA_DIR": str(data_dir), "TERM": "xterm"}
        environment.pop("DO_NOT_TRACK", None)
        self.pid, self._file = pty.fork()
        if not self.pid:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606

    def watch(self, seconds: float, until: bytes = b"\0") -> float | None:
        """Read for a while or until something is shown; return when it ended, None before."""
        last = time.monotonic() + seconds
        while time.monotonic() < last and until not in self.shown:
            if select.select([self._file], [], [], 0.02)[0]:
                try:
                    self.shown += os.read(self._file, 9999)
                except OSError:  # it has ended
                    return time.monotonic()
        return None

    def type(self, keys: bytes) -> None:
        os.write(self._file, keys)

    def end(self) -> int:
        """Wait for its end, and return how it ended."""
        if self.watch(30) is None:
            self.kill()
        _, status = os.waitpid(self.pid, 0)
        os.close(self._file)
        self.has_ended = True
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for seed in range(12):
        (folder / f"{seed}.jpg").write_bytes(image_file(seed=seed))
    return folder


@pytest.fixture
def collect(images: Path, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(
        tmp_path, "flows/collect.py", "사과", "--lang", "en", "--source", "files",
        "--input", str(images), "--model", "tests/tiny_clip", "--eps", "1",
    )  # fmt: skip
    yield terminal
    if not terminal.has_ended:
        terminal.kill()
        terminal.end()


@pytest.mark.parametrize(
    ("shown", "wait"),
    [("", 0.3), ("", 0.8), ("", 1.5), (HIDE, 0), ("Collecting", 0), ("Collecting", 1.5)],
)
def test_ctrl_c_ends_with_one_sentence_and_the_cursor(
    shown: str, wait: float, collect: Terminal
) -> None:
    collect.watch(30 if shown else 0, shown.encode())
    assert shown.encode() in collect.shown
    time.sleep(wait)
    stopped = time.monotonic()
    collect.type(CTRL_C)
    assert collect.end() == 130
    assert time.monotonic() - stopped < 5
    text = collect.shown.decode("utf-8", "replace")
    assert text.removesuffix(SHOW).endswith("Stopped.\r\n")
    assert "Traceback" not in text
    assert text.rfind(HIDE) <= text.rfind(SHOW)


def test_nothing_is_said_by_others(collect: Terminal) -> None:
    collect.watch(60, b"images saved")
    assert b"telemetry" not in collect.shown
    assert b"Prefect" not in collect.shown
    assert collect.end() == 0
