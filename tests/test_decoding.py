"""The processes that decode: a limit or a stop ends them, and costs no other image."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import psutil
import pytest
from PIL import Image

from tasks.images import decoding
from tasks.images.decoder import ImageError
from tasks.images.decoding import decode
from tasks.images.limits import DECODE_CPU_S, MAX_SCANNED_PIXELS
from tasks.process import stopping
from tasks.process.stopping import StoppedError
from tests.support.images import image_file

SIDE = 3_000


def of_scans(scans: int) -> bytes:
    """Return a progressive JPEG whose last scan, which changes nothing, stands so many times."""
    out = BytesIO()
    Image.new("L", (SIDE, SIDE), 128).save(out, "JPEG", progressive=True, quality=90)
    data = out.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


SLOW = of_scans(MAX_SCANNED_PIXELS // SIDE**2 - 10)  # as many as are tried


def decoders() -> set[psutil.Process]:
    return {child for child in psutil.Process().children() if is_decoder(child)}


def is_decoder(process: psutil.Process) -> bool:
    try:
        return "tasks.images.decoding" in " ".join(process.cmdline())
    except psutil.ZombieProcess:  # another test's, which nobody has waited for
        return False


def test_more_scans_than_an_image_may_have_are_not_tried() -> None:
    started = time.monotonic()
    with pytest.raises(ImageError) as caught:
        decode(of_scans(MAX_SCANNED_PIXELS // SIDE**2 + 10))
    assert caught.value.reason == "too_costly"
    assert time.monotonic() - started < 5


def test_a_stop_ends_a_decoder_in_the_middle_of_its_work() -> None:
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(decode, SLOW)
        while not decoders():
            assert not call.done()
        started = time.monotonic()
        stopping.request_stop()
        try:
            with pytest.raises(StoppedError):
                call.result(timeout=5)
        finally:
            stopping.allow_work()
    assert time.monotonic() - started < 5


@pytest.fixture
def one_second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have new decoders stop after a second of computing."""
    decoding._end_all()
    shorter = "import tasks.images.decoding as d; d.DECODE_CPU_S = 1; serve("
    assert "serve(" in decoding._START
    monkeypatch.setattr(decoding, "_START", decoding._START.replace("; serve(", f"; {shorter}"))
    yield
    decoding._end_all()


@pytest.mark.usefixtures("one_second")
def test_what_computes_too_long_falls_for_that_and_the_next_image_is_decoded() -> None:
    with pytest.raises(ImageError, match=f"more than {DECODE_CPU_S} s"):
        decode(SLOW)
    assert decode(image_file(400, 300)).pixels.shape == (300, 400, 3)


def test_what_does_not_end_falls_for_that_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "DECODE_WALL_S", 0.5)
    with pytest.raises(ImageError, match=f"more than {DECODE_CPU_S} s"):
        decode(SLOW)


def test_an_image_of_the_largest_size_has_the_memory_that_it_needs() -> None:
    out = BytesIO()
    Image.new("RGBA", (10_000, 5_000)).save(out, "PNG", compress_level=1)
    assert decode(out.getvalue()).pixels.shape == (5_000, 10_000, 3)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_decoder_that_died_while_it_waited_costs_no_image(number: int) -> None:
    data = image_file(400, 300)
    decode(data)
    dead = decoders()
    assert dead
    for process in dead:
        os.kill(process.pid, number)
        process.wait(5)
    assert decode(data).pixels.shape == (300, 400, 3)
    assert not decoders() & dead
