"""The cost and the yield of all downloads: a part of ``job.json``, for the run and each host.

Counts and bytes come from the attempts on record; times, and the states of the circuit breakers,
from what each batch noted when it ended.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tasks.fetching.addresses import host_of
from tasks.records import OK, Attempt, Reason, Traffic
from tasks.spans import covered_s
from tasks.workspace import Workspace

_NOT_ASKED = frozenset(
    {Reason.BAD_ADDRESS, Reason.FORBIDDEN_ADDRESS, Reason.FORBIDDEN_PORT, Reason.HOST_FAILING}
)


def download_report(workspace: Workspace) -> dict[str, Any]:
    """Return what ``job.json`` says of all downloads: in all, and of each host, busiest first."""
    attempts: list[Attempt] = []
    batches: list[Traffic] = []
    for number in range(workspace.batch_count()):
        attempts += [a for result in workspace.results(number) or () for a in result.attempts]
        if batch := workspace.traffic(number):
            batches.append(batch)
    hosts = defaultdict[str, _Host](_Host)
    for attempt in attempts:
        hosts[host_of(attempt.url)].add(attempt)
    for batch in sorted(batches, key=lambda b: b.ended):
        for name, seconds in batch.seconds.items():
            hosts[name].seconds += seconds
        for name, state in batch.breakers.items():
            hosts[name].breaker = state
    seconds = covered_s((batch.started, batch.ended) for batch in batches)
    images = sum(host.images for host in hosts.values())
    order = sorted(filter(None, hosts), key=lambda name: (-hosts[name].requests, name))
    return {
        "requests": sum(host.requests for host in hosts.values()),
        "images": images,
        "bytes": sum(host.bytes for host in hosts.values()),
        "seconds": round(seconds, 3),
        "images_per_second": round(images / seconds, 1) if seconds else None,
        "hosts": {name: hosts[name].report() for name in order},
    }


@dataclass(slots=True)
class _Host:
    requests: int = 0
    images: int = 0
    bytes: int = 0
    seconds: float = 0.0
    breaker: str = "closed"
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, attempt: Attempt) -> None:
        outcome = attempt.outcome
        self.requests += outcome not in _NOT_ASKED
        self.images += outcome == OK
        self.bytes += attempt.bytes
        if outcome != OK:
            self.failures[outcome] += 1

    def report(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "images": self.images,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "breaker": self.breaker,
            "failures": dict(sorted(self.failures.items())),
        }
