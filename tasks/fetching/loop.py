"""The event loop on which all batches of a process download, each on its turn.

    with download_loop(Settings()) as shared:
        batch = shared.submit(something(shared.fetcher))

Hundreds of hosts are waited for at once on one thread, so slow ones hold up nobody; decoding and
writing is done on as many threads as there are cores. It begins with the first batch and ends with
the last one that is at work, and with it every connection and thread.
"""

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import cv2
import uvloop

from tasks.fetching.fetch import Fetcher
from tasks.settings import Settings

# Each file and each answer is a call of the system, after which a thread waits for its turn in the
# interpreter; with CPython's 5 ms (sys.getswitchinterval) these waits are a seventh of a run.
SWITCH_INTERVAL_S = 0.0005
# Each download makes hundreds of objects that soon go by themselves. Looking through them every 700
# (CPython's default) takes a tenth of a run.
COLLECT_GARBAGE_AT = 20_000

T = TypeVar("T")


@contextmanager
def process_tuned() -> Iterator[None]:
    """Set the whole process up for many small pieces of work while the block runs.

    The interpreter's switch interval, the garbage collector and OpenCV's threads are what they were
    afterwards.
    """
    switch_interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    opencv_threads = cv2.getNumThreads()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(COLLECT_GARBAGE_AT)
    gc.freeze()  # the libraries' objects need not be looked through again and again
    cv2.setNumThreads(1)  # an image has a core to itself; further threads would wait spinning
    try:
        yield
    finally:
        cv2.setNumThreads(opencv_threads)
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(switch_interval_s)


class DownloadLoop:
    """A running loop with what its downloads share: ``fetcher``, and ``threads`` for each core."""

    def __init__(self, settings: Settings) -> None:
        with ExitStack() as ends:  # how each part ends; the last one begun ends first
            ends.enter_context(process_tuned())
            self.threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="download-work")
            ends.callback(self.threads.shutdown, cancel_futures=True)
            self._loop = uvloop.new_event_loop()  # a tenth faster than the one of asyncio
            ends.callback(self._loop.close)
            thread = threading.Thread(target=self._loop.run_forever, name="download", daemon=True)
            thread.start()
            ends.callback(thread.join)
            ends.callback(self._loop.call_soon_threadsafe, self._loop.stop)
            self.fetcher = self.submit(_opened(settings)).result()
            ends.callback(lambda: self.submit(self._end()).result())
            self._ends = ends.pop_all()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Have the loop do some work, in the context of the caller."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Break off what is still under way, and end every part."""
        self._ends.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.fetcher.aclose()


async def _opened(settings: Settings) -> Fetcher:
    return Fetcher(settings)  # its connections belong to the loop that runs here


_sharing = threading.Lock()
_shared: DownloadLoop | None = None
_users = 0


@contextmanager
def download_loop(settings: Settings) -> Iterator[DownloadLoop]:
    """Use the process's loop in the block; the first user's settings are everybody's."""
    global _shared, _users
    with _sharing:
        _shared = shared = _shared or DownloadLoop(settings)
        _users += 1
    try:
        yield shared
    finally:
        with _sharing:
            _users -= 1
            if not _users:
                _shared = None
                shared.close()
