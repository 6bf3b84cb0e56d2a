"""The memory that bodies may take from when they are fetched until they are decoded.

    with room.share() as share:
        await share.take(len(data))
        ...  # the data is there; at the end of the block it is decoded, or given up

Hosts send faster than files are decoded. So each body takes its bytes of one sum for the whole
process, and waits where there are none left. A large one does so before the most of it is read;
until then it holds nothing, so that no two wait for each other. Small ones have a part of their
own, for which no large one waits.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

LARGE_BYTES = 1_000_000
MOST_OF_LARGE, MOST_OF_SMALL = 160_000_000, 40_000_000


class Room:
    """The memory of all bodies of one event loop."""

    def __init__(self) -> None:
        self._large, self._small = _Part(MOST_OF_LARGE), _Part(MOST_OF_SMALL)

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """Give the share of one body; all that it holds is given back at the end."""
        share = Share(self._large, self._small)
        try:
            yield share
        finally:
            share.shrink(0)


class Share:
    """The bytes that one body holds; none at first."""

    def __init__(self, large: "_Part", small: "_Part") -> None:
        self._large, self._small = large, small
        self._of: _Part | None = None
        self._count = 0

    def is_due(self, count: int) -> bool:
        """Say whether a body that has come so far has to take its bytes before it is read on."""
        return self._of is None and count > LARGE_BYTES

    async def take(self, most: int) -> None:
        """Wait for the bytes that the body has at most, unless they were taken before."""
        if self._of is None:
            part = self._large if most > LARGE_BYTES else self._small
            self._count = await part.take(most)
            self._of = part

    def shrink(self, count: int) -> None:
        """Give back all but so many bytes."""
        if self._of is not None and count < self._count:
            self._of.give_back(self._count - count)
            self._count = count
        if not count:
            self._of = None


class _Part:
    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()  # who came first goes first

    async def take(self, count: int) -> int:
        count = min(count, self._most)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was served at that very moment
                self.give_back(count)
            else:
                self._waiting.remove((count, turn))
                self._serve()
            raise
        return count

    def give_back(self, count: int) -> None:
        self._left += count
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._left:
            count, turn = self._waiting.popleft()
            self._left -= count
            turn.set_result(None)
