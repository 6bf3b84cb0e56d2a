"""The room for large images: so many pixels are worked on at once in a process, and no more.

with room_kept():      # the room that the block takes is free at its end
    make_room(pixels)
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.images.limits import ROOM_PIXELS
from tasks.process import stopping

_LOOK_EVERY_S = 0.2  # for a request to stop

_changed = threading.Condition()
_taken = 0
_mine = threading.local()  # .pixels: what the block of this thread has taken


@contextmanager
def room_kept() -> Iterator[None]:
    """Keep the room that is made in the block until its end; within another, until that one's."""
    global _taken
    if hasattr(_mine, "pixels"):
        yield
        return
    _mine.pixels = 0
    try:
        yield
    finally:
        with _changed:
            _taken -= _mine.pixels
            del _mine.pixels
            _changed.notify_all()


def make_room(pixels: int) -> None:
    """Wait until there is room for an image, unless the block has as much; raises StoppedError."""
    global _taken
    pixels = min(pixels, ROOM_PIXELS)
    if pixels <= _mine.pixels:
        return
    with _changed:
        # What it has is given back first: of two that want more, none would ever get it.
        _taken -= _mine.pixels
        _mine.pixels = 0
        _changed.notify_all()
        while _taken + pixels > ROOM_PIXELS:
            _changed.wait(_LOOK_EVERY_S)
            stopping.check()
        _taken += pixels
        _mine.pixels = pixels
