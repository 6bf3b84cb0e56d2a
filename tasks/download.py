"""One batch of candidates → image files in the workspace, measured, or a reason for each that fell.

A candidate's addresses are tried in turn until one gives an image; every attempt stands in the
record. What may work a little later (a connection that was reset, a timeout, 429, 5xx) is tried
again; a refusal goes to the next address at once, and only a refusal to the same URL with another
Referer. An image that came but is too small or blurred ends the trying: the other renditions are
made from it.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.fetching.addresses import host_of
from tasks.fetching.failures import FetchError
from tasks.fetching.fetch import Fetcher, read_file
from tasks.fetching.loop import download_loop
from tasks.fetching.room import Share
from tasks.images.decoder import ImageError
from tasks.images.decoding import decode
from tasks.images.fate import its_fate
from tasks.images.limits import MAX_BYTES
from tasks.images.room import room_kept
from tasks.images.saving import kept_file
from tasks.process import progress, stopping
from tasks.process.retries import is_worth_retrying
from tasks.quality import QualityLimits, measure
from tasks.records import (
    OK,
    Accepted,
    Address,
    AddressKind,
    Attempt,
    Candidate,
    Reason,
    Rejected,
    Traffic,
)
from tasks.settings import Settings
from tasks.workspace import Result, Workspace
from words import Message

TRY_AGAIN_AFTER_S = (0.5, 1.0, 2.0)  # give or take half, so that failures together part
LOOK_EVERY_S = 0.2  # for a request to stop
# With another Referer a host may give what it refused, or hid behind a page or a circle.
REFUSALS = frozenset({Reason.HTTP_ERROR, Reason.NOT_AN_IMAGE, Reason.TOO_MANY_REDIRECTS})

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Download:
    """What every download of a batch shares; ``threads`` are for all that keeps a core busy."""

    fetcher: Fetcher
    threads: Executor
    limits: QualityLimits
    workspace: Workspace
    number: int  # of the batch
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))  # by host

    async def __call__(self, candidate: Candidate) -> Result:
        """Fetch one candidate; where every address fails, the first failure's reason stands."""
        attempts: list[Attempt] = []
        failures: list[tuple[str, Message]] = []  # an error itself would keep the body alive
        hopeless: set[str] = set()  # URLs, with whatever Referer
        data = b""

        def note(address: Address, error: FetchError | ImageError) -> None:
            received = error.received if isinstance(error, FetchError) else len(data)
            attempts.append(Attempt(address.url, address.kind, error.reason, error.note, received))
            failures.append((error.reason, error.note))

        for address in candidate.addresses:
            if address.url in hopeless:
                continue
            try:
                with self.fetcher.share() as share:
                    data = await self._bytes_at(address, share, note)
                    return await self._threaded(self._judge, candidate, address, data, attempts)
            except (FetchError, ImageError) as error:
                note(address, error)
                data = b""
                if error.reason is Reason.OPTED_OUT:  # another rendition would only get round it
                    failures = failures[-1:]
                    break
                is_transient = isinstance(error, FetchError) and error.is_transient
                if is_transient or error.reason not in REFUSALS:
                    hopeless.add(address.url)
        reason, why = failures[0]
        return await self._threaded(self._stored, Rejected(candidate, reason, why, tuple(attempts)))

    def _judge(
        self, candidate: Candidate, address: Address, data: bytes, attempts: list[Attempt]
    ) -> Result:
        """Measure and keep the image that came; raises ``ImageError`` where it cannot be."""
        with its_fate(candidate), room_kept():
            return self._stored(self._judged(candidate, address, data, attempts))

    def _judged(
        self, candidate: Candidate, address: Address, data: bytes, attempts: list[Attempt]
    ) -> Result:
        decoded = decode(data)
        kept = kept_file(data, decoded)
        name = self.workspace.save_image(data, kept)
        try:
            measures = measure(decoded, self.limits)
        except ImageError as error:  # kept all the same: a person may want to see it
            failed = Attempt(address.url, address.kind, error.reason, error.note, len(data))
            tried = (*attempts, failed)
            return Rejected(candidate, error.reason, error.note, tried, name, error.measures)
        if crop := self.workspace.crop():  # where it is known by now, nothing is decoded twice
            pixels = decoded.pixels if decoded.is_plain_jpeg else decode(kept).pixels
            self.workspace.save_crop(crop, name, crop(pixels))
        tried = (*attempts, Attempt(address.url, address.kind, OK, bytes=len(data)))
        return Accepted(candidate, tried, decoded.format, name, measures)

    def _stored(self, result: Result) -> Result:
        self.workspace.add_result(self.number, result)
        return result

    async def _bytes_at(
        self, address: Address, share: Share, note: Callable[[Address, FetchError], None]
    ) -> bytes:
        """Return the body of an address; ``note`` the tries that failed before the last one."""
        if address.kind is AddressKind.FILE:
            await share.take(MAX_BYTES)
            data = await self._threaded(read_file, address.url)
            share.shrink(len(data))
            return data
        host = host_of(address.url)
        pauses = iter(TRY_AGAIN_AFTER_S)
        while True:
            try:
                data, seconds = await self.fetcher.fetch(address, share)
            except FetchError as error:
                self.seconds[host] += error.seconds
                pause_s = next(pauses, None)
                if pause_s is None or not error.is_transient:
                    raise
                note(address, error)
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 — no secret
            else:
                self.seconds[host] += seconds
                return data

    async def _threaded(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        call = self.threads.submit(function, *args, **kwargs)
        return await asyncio.wrap_future(call)

    async def all(self) -> list[Result]:
        """Fetch the batch's candidates at once, but for those that an earlier run finished.

        What becomes of each is stored as soon as it is known. Raises ``OutputError``; that ends
        the others too.
        """
        earlier = self.workspace.earlier_results(self.number)

        async def one(candidate: Candidate) -> Result:
            result = earlier.get(candidate)
            if result is None:
                result = await self(candidate)
            progress.report("download", done=1)
            return result

        work = [asyncio.create_task(one(c)) for c in self.workspace.candidates(self.number)]
        try:
            return list(await asyncio.gather(*work))
        finally:
            for unfinished in work:
                unfinished.cancel()


def download_batch(workspace: Workspace, number: int, *, limits: QualityLimits) -> int:
    """Fetch and measure the candidates of a batch, and store what became of them.

    Returns the batch's number; what is finished already is left as it is.
    """
    if (results := workspace.results(number)) is None:
        with download_loop(Settings()) as loop:
            started = time.time()
            download = Download(loop.fetcher, loop.threads, limits, workspace, number)
            batch = loop.submit(download.all())
            try:
                while not batch.done():
                    stopping.check()
                    wait([batch], LOOK_EVERY_S)
            finally:
                batch.cancel()
            breakers = loop.fetcher.breakers(download.seconds)
            traffic = Traffic(started, time.time(), dict(download.seconds), breakers)
            workspace.save_traffic(number, traffic)
            workspace.save_results(number, batch.result())
    else:
        progress.report("download", done=len(results))
    return number


download_batch_task = task(
    name="download",
    task_run_name="download-{number}",
    retries=2,
    retry_delay_seconds=[1, 4],
    retry_condition_fn=is_worth_retrying,
    cache_policy=NO_CACHE,
)(download_batch)
