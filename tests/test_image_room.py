"""The room for large images: so many pixels are worked on at once, and no more."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.images.decoding import decode
from tasks.images.limits import ROOM_PIXELS
from tasks.images.room import make_room, room_kept
from tasks.process import stopping
from tasks.process.stopping import StoppedError
from tests.support.images import image_file


def test_no_more_is_worked_on_at_once_and_all_get_their_turn() -> None:
    lock, at_work, most, done = threading.Lock(), 0, 0, 0
    sizes = [ROOM_PIXELS, 2 * ROOM_PIXELS, *[ROOM_PIXELS // 3] * 8, *[1] * 5]

    def work(pixels: int) -> None:
        nonlocal at_work, most, done
        with room_kept():
            make_room(pixels // 2)
            make_room(pixels)
            with lock:
                at_work += min(pixels, ROOM_PIXELS)
                most = max(most, at_work)
            time.sleep(0.01)
            with lock:
                at_work -= min(pixels, ROOM_PIXELS)
                done += 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, sizes))
    assert done == len(sizes)
    assert most <= ROOM_PIXELS


def test_room_is_kept_until_the_outermost_block_ends_and_free_after_an_error() -> None:
    with room_kept():
        with room_kept():
            make_room(ROOM_PIXELS)
        assert not _has_room()
    assert _has_room()
    with pytest.raises(ZeroDivisionError):
        _fail_in_room()
    assert _has_room()


def _fail_in_room() -> None:
    with room_kept():
        make_room(ROOM_PIXELS)
        raise ZeroDivisionError


def _has_room() -> bool:
    """Say whether another thread gets all of it; stop its waiting where it does not."""
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(_take_all)
        time.sleep(0.1)
        stopping.request_stop()
        try:
            return call.exception(timeout=5) is None
        finally:
            stopping.allow_work()


def _take_all() -> None:
    with room_kept():
        make_room(ROOM_PIXELS)


def test_a_large_image_waits_for_room_and_a_stop_ends_the_waiting() -> None:
    large, small = image_file(2000, 1500), image_file(400, 300)
    with ThreadPoolExecutor(1) as thread, room_kept():
        make_room(ROOM_PIXELS)
        assert thread.submit(decode, small).result(10).pixels.shape == (300, 400, 3)
        waiting = thread.submit(decode, large)
        time.sleep(0.5)
        assert not waiting.done()
        stopping.request_stop()
        try:
            with pytest.raises(StoppedError):
                waiting.result(5)
        finally:
            stopping.allow_work()
    assert decode(large).pixels.shape == (1500, 2000, 3)
