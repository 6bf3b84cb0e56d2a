"""The pace at which a host is asked: slower once it is overloaded, not at all while it fails.

Each registered domain (``b.co.kr`` of ``a.b.co.kr``) has a token bucket. 429 and 503 slow it down,
and a Retry-After silences it for so long. A host that fails time after time is left alone for a
while; then one request tries it again. No network and no clock: the caller says what time it is.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from words import Message

BURST = 8  # requests that a bucket lets through at once
FIRST_SLOWING_S, SLOWEST_S = 0.25, 8.0  # added between two requests; doubled each time it is asked
LONGEST_WAIT_S = 30.0  # longest Retry-After that we wait out; a longer one opens the breaker
FAILURES_IN_A_ROW = 8
FIRST_BREAK_S, LONGEST_BREAK_S = 30.0, 300.0  # doubled each time that the host fails again
TRIAL_S = 30.0  # for the one request that tries a host again


@dataclass(slots=True)
class _Bucket:
    """Of a domain. ``booked_until`` is when all requests so far are paid for."""

    booked_until: float = 0.0
    quiet_until: float = 0.0
    slowed_by_s: float = 0.0
    slowed_at: float = 0.0


@dataclass(slots=True)
class _Breaker:
    """Of a host: open until then, and why."""

    failures: int = 0
    broke: int = 0  # in a row
    open_until: float = 0.0
    why: Message | None = None


class Politeness:
    """What is known of all hosts; ``per_s`` is the rate of a domain, 0 for any."""

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1 / per_s if per_s else 0.0
        self._buckets: defaultdict[str, _Bucket] = defaultdict(_Bucket)
        self._breakers: defaultdict[str, _Breaker] = defaultdict(_Breaker)

    def refusal(self, host: str, now: float) -> Message | None:
        """Say why the host is not asked now; None where it is."""
        breaker = self._breakers[host]
        return breaker.why if now < breaker.open_until else None

    def wait_s(self, host: str, now: float) -> float:
        """Take a token; return how long to wait for it."""
        bucket = self._buckets[registered_domain(host)]
        interval_s = self._interval_s + bucket.slowed_by_s
        allowance_s = 0.0 if bucket.slowed_by_s else (BURST - 1) * interval_s
        at = max(now, bucket.booked_until - allowance_s, bucket.quiet_until)
        bucket.booked_until = max(bucket.booked_until, at) + interval_s
        return at - now

    def quiet_s(self, host: str, now: float) -> float:
        """Return how long the domain still wants silence; it may have asked for it meanwhile."""
        return max(0.0, self._buckets[registered_domain(host)].quiet_until - now)

    def begin(self, host: str, now: float) -> None:
        """A request goes out: where it tries a host that failed, it is the only one."""
        breaker = self._breakers[host]
        if breaker.broke:
            breaker.open_until = now + TRIAL_S

    def answered(self, host: str) -> None:
        """The host works."""
        self._breakers[host] = _Breaker()
        bucket = self._buckets[registered_domain(host)]
        bucket.slowed_by_s = bucket.slowed_by_s / 2 if bucket.slowed_by_s > FIRST_SLOWING_S else 0.0

    def failed(self, host: str, now: float) -> None:
        """The host gave no answer, or an error of its own."""
        breaker = self._breakers[host]
        breaker.failures += 1
        if breaker.broke or breaker.failures >= FAILURES_IN_A_ROW:
            length_s = min(FIRST_BREAK_S * 2**breaker.broke, LONGEST_BREAK_S)
            why = Message("note.failures_in_a_row", {"count": breaker.failures})
            self._break(breaker, now + length_s, why)

    def overloaded(self, host: str, now: float, *, sent_at: float, retry_after_s: float) -> None:
        """The host answered a request of ``sent_at`` by 429 or 503."""
        bucket = self._buckets[registered_domain(host)]
        if retry_after_s > LONGEST_WAIT_S:
            why = Message("note.left_alone", {"seconds": round(retry_after_s)})
            self._break(self._breakers[host], now + retry_after_s, why)
        elif bucket.slowed_by_s >= SLOWEST_S:
            self.failed(host, now)
        bucket.quiet_until = max(bucket.quiet_until, now + min(retry_after_s, LONGEST_WAIT_S))
        if sent_at >= bucket.slowed_at:  # what was under way then says nothing new
            bucket.slowed_by_s = min(max(2 * bucket.slowed_by_s, FIRST_SLOWING_S), SLOWEST_S)
            bucket.slowed_at = now

    def states(self, hosts: Iterable[str], now: float) -> dict[str, str]:
        """Return the state of each host's breaker: closed, open, or half-open before a trial."""
        return {host: self._state(self._breakers[host], now) for host in hosts}

    @staticmethod
    def _state(breaker: _Breaker, now: float) -> str:
        if now < breaker.open_until:
            return "open"
        return "half-open" if breaker.broke else "closed"

    @staticmethod
    def _break(breaker: _Breaker, until: float, why: Message) -> None:
        breaker.broke += 1
        breaker.open_until = until
        breaker.why = why


@lru_cache(maxsize=1)
def politeness(per_s: float) -> Politeness:
    """Return what this process knows of all hosts; it outlives a batch."""
    return Politeness(per_s)


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str:
    """Return the part of ``host`` (``name`` or ``name:port``) that somebody registered.

    By ICANN's part of the public suffix list (https://publicsuffix.org), as shipped with the
    package: all blogs of one provider are one domain. An IP address stands for itself.
    """
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return _suffixes().privatesuffix(name) or name


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)
