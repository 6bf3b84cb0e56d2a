"""Decoding of image files in processes of their own, within limits of time and memory.

    decoded = decode(data)

A file from outside may crash its decoder, fill the memory, or keep it busy for minutes, and a
thread in the middle of that cannot be ended. So each decoder is a process that holds nothing
else: it is ended where a limit of ``limits`` is reached or the run is stopped, and what it prints
goes nowhere. Bytes and pixels travel through memory that both see.
"""

import atexit
import json
import mmap
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from select import select
from threading import Lock
from typing import IO, Any, cast

import numpy as np

from tasks.errors import ResourceError, first_line
from tasks.images import decoder
from tasks.images.decoder import Decoded, ImageError, format_of
from tasks.images.limits import (
    DECODE_BYTES,
    DECODE_CPU_S,
    DECODE_WALL_S,
    MAX_PIXELS,
    SMALL_PIXELS,
)
from tasks.images.room import make_room, room_kept
from tasks.process import stopping
from tasks.records import Reason
from tasks.settings import PROJECT_DIR
from words import Message

_MOST_BYTES = 256_000_000  # of a file; what comes from the web is far smaller
_SHARED_BYTES = _MOST_BYTES + 3 * MAX_PIXELS  # used as far as an image needs it
_LARGE_BYTES = 32_000_000  # what is used beyond that is given back
_LOOK_EVERY_S = 0.2  # for a request to stop
_ASKED = struct.Struct("<QQ")  # the length of the file, and the smallest side
_GO = b"g"
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from tasks.images.decoding import serve; serve(int(sys.argv[2]))"
)


def decode(data: bytes, smallest_side: int = 0) -> Decoded:
    """Decode an image file as ``decoder.decode`` does, within the limits.

    For a large image there has to be room; within a ``room_kept()`` that is kept until its end.
    Raises ``ImageError``, ``StoppedError`` where the run is stopped meanwhile, and
    ``ResourceError``.
    """
    if len(data) > _MOST_BYTES:
        note = Message("note.over_bytes", {"most": _MOST_BYTES // 1_000_000})
        raise ImageError(Reason.TOO_MANY_BYTES, note)
    format_of(data)  # most that is no image is known by its first bytes
    process = _free() or _started()
    try:
        with room_kept():
            return process.decode(data, smallest_side)
    except ImageError:
        raise
    except BaseException:  # it may be in the middle of its work
        process.end()
        raise
    finally:
        process.give_back()


def _free() -> "_Decoder | None":
    """Return a decoder that waits. One that was there before a fork is the other process's."""
    with _changing:
        while _idle:
            process = _idle.pop()
            if process.owner != os.getpid():
                continue
            if process.is_there:
                return process
            process.end()  # something else ended it while it waited
    return None


def _started() -> "_Decoder":
    atexit.unregister(_end_all)
    atexit.register(_end_all)  # once
    try:
        return _Decoder()
    except OSError as error:
        raise ResourceError("no_decoder", why=error.strerror or first_line(error)) from error


class _Decoder:
    """A process that decodes one file after the other."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        # Memory shared by name is scarce in containers; a file without one does as well.
        self._file = _memory_file()
        self._file.truncate(_SHARED_BYTES)
        self._memory = mmap.mmap(self._file.fileno(), _SHARED_BYTES)
        number = self._file.fileno()
        self._process = subprocess.Popen(  # noqa: S603 — this program itself
            [sys.executable, "-c", _START, str(PROJECT_DIR), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(number,),
            start_new_session=True,  # Ctrl-C is ours to handle
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._asked: IO[bytes] = cast("IO[bytes]", self._process.stdin)
        self._answered: IO[bytes] = cast("IO[bytes]", self._process.stdout)

    def decode(self, data: bytes, smallest_side: int) -> Decoded:
        """Decode a file; raises ``ImageError`` and ``StoppedError``."""
        self._memory[: len(data)] = data
        try:
            self._asked.write(_ASKED.pack(len(data), smallest_side))
            self._asked.flush()
            said = self._answer()
            while said and "needs" in said:
                make_room(said["needs"])
                self._asked.write(_GO)
                self._asked.flush()
                said = self._answer()
        except BrokenPipeError:
            said = None
        if said is None:
            raise self._fate(format_of(data))
        if "reason" in said:
            raise ImageError(said["reason"], Message.from_json(said["note"]))
        height, width = said.pop("pixels")
        used = len(data) + height * width * 3
        pixels = np.frombuffer(self._memory, np.uint8, height * width * 3, len(data)).copy()
        if used > _LARGE_BYTES and hasattr(mmap, "MADV_REMOVE"):
            self._memory.madvise(mmap.MADV_REMOVE)
        return Decoded(pixels=pixels.reshape(height, width, 3), **said)

    def _answer(self) -> dict[str, Any] | None:
        """Return what the process answers; None where it has ended."""
        until = time.monotonic() + DECODE_WALL_S
        while not select([self._answered], [], [], _LOOK_EVERY_S)[0]:
            stopping.check()
            if time.monotonic() > until:
                self._process.kill()
                raise _too_slow()
        line = self._answered.readline()
        return json.loads(line) if line else None

    def _fate(self, name: str) -> ImageError:
        """Say why the process ended."""
        if self._process.wait() == -signal.SIGPROF:
            return _too_slow()
        return ImageError(Reason.UNDECODABLE, Message("note.decoder_crashed", {"format": name}))

    @property
    def is_there(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def give_back(self) -> None:
        """Let the process wait for the next file, if it has not ended."""
        if self.is_there:
            with _changing:
                _idle.append(self)
        else:
            self.end()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._asked.close()
        self._answered.close()
        self._memory.close()
        self._file.close()


def _too_slow() -> ImageError:
    return ImageError(Reason.TOO_COSTLY, Message("note.too_slow", {"seconds": DECODE_CPU_S}))


_changing = Lock()
_idle: list[_Decoder] = []


def _end_all() -> None:
    while process := _free():
        process.end()


def _memory_file() -> IO[bytes]:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("image"), "r+b")
    return tempfile.TemporaryFile()


def serve(number: int) -> None:
    """Decode what the other side asks for, in a process of its own, until it is gone."""
    memory = mmap.mmap(number, _SHARED_BYTES)
    _limit_memory()
    decoder.on_size.set(_ask_for_room)
    while asked := sys.stdin.buffer.read(_ASKED.size):
        length, smallest_side = _ASKED.unpack(asked)
        signal.setitimer(signal.ITIMER_PROF, DECODE_CPU_S)  # at its end the process is ended
        answer = _decoded(memory, length, smallest_side)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _say(answer)


def _ask_for_room(pixels: int) -> None:
    if pixels > SMALL_PIXELS:
        _say({"needs": pixels})
        if sys.stdin.buffer.read(len(_GO)) != _GO:
            sys.exit()  # the other side is gone


def _say(said: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n")
    sys.stdout.buffer.flush()


def _decoded(memory: mmap.mmap, length: int, smallest_side: int) -> dict[str, Any]:
    try:
        decoded = decoder.decode(memory[:length], smallest_side)
        height, width = decoded.pixels.shape[:2]
        shared = np.frombuffer(memory, np.uint8, height * width * 3, length)
        shared.reshape(height, width, 3)[:] = decoded.pixels
    except ImageError as error:
        return {"reason": str(error.reason), "note": error.note.to_json()}
    return decoded._asdict() | {"pixels": (height, width)}


def _limit_memory() -> None:
    """Allow this process so much memory beside what it has; only Linux counts what is used."""
    if sys.platform != "linux":
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + DECODE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
