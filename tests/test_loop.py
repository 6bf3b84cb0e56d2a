"""The download loop: what it changes for the whole process is put back when it ends."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import cv2
import pytest

from tasks.fetching.loop import SWITCH_INTERVAL_S, download_loop
from tasks.settings import Settings


def process_settings() -> tuple[object, ...]:
    """Return everything that the loop changes for the whole process."""
    return (
        round(sys.getswitchinterval(), 6),
        gc.get_threshold(),
        gc.get_freeze_count(),
        cv2.getNumThreads(),
        {thread.name for thread in threading.enumerate()},
    )


@pytest.fixture(autouse=True)
def _unusual_settings() -> Iterator[None]:
    """Begin with settings that are neither the defaults nor the loop's."""
    interval_s, thresholds, threads = (
        sys.getswitchinterval(), gc.get_threshold(), cv2.getNumThreads(),
    )  # fmt: skip
    sys.setswitchinterval(0.003)
    gc.set_threshold(900, 11, 12)
    cv2.setNumThreads(3)
    yield
    sys.setswitchinterval(interval_s)
    gc.set_threshold(*thresholds)
    cv2.setNumThreads(threads)


def test_the_process_is_as_before_once_nobody_downloads_any_more() -> None:
    before = process_settings()
    with download_loop(Settings()) as one:
        with download_loop(Settings()) as other:
            assert one is other
        during = process_settings()
        assert cv2.getNumThreads() == 1
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        assert gc.get_freeze_count() > 0
    assert during != before
    assert process_settings() == before


def test_the_process_is_as_before_after_an_error() -> None:
    before = process_settings()
    with pytest.raises(ZeroDivisionError), download_loop(Settings()):
        raise ZeroDivisionError
    assert process_settings() == before


def test_a_loop_that_cannot_begin_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = process_settings()
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "missing.pem"))
    with pytest.raises(FileNotFoundError), download_loop(Settings()):
        pass
    assert process_settings() == before
    monkeypatch.undo()
    with download_loop(Settings()):
        assert process_settings() != before
    assert process_settings() == before
