"""The rate at which an address may change something: a bucket of tokens for each."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and after that so many a second."""

    burst: int
    per_s: float


CHANGES = Rate(burst=60, per_s=2.0)
WRONG_TOKENS = Rate(burst=10, per_s=0.1)


class Limiter:
    """Counts what each address did lately; used by the thread of the event loop alone."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, at

    def allows(self, address: str, *, takes: bool = True) -> bool:
        """Say whether an address may do it once more, and count it if it ``takes`` its turn."""
        now = self._clock()
        left, at = self._buckets.pop(address, (float(self._rate.burst), now))
        left = min(self._rate.burst, left + (now - at) * self._rate.per_s)
        is_allowed = left >= 1
        if is_allowed and takes:
            left -= 1
        self._buckets[address] = (left, now)
        while len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return is_allowed
