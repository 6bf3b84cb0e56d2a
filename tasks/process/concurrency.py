"""Shares in what all runs, on all machines, may use only so many at a time.

How many is a global concurrency limit of Prefect's server; ``deployments/limits.py`` makes them.
Where the server has no such limit, nobody waits.
"""

from contextlib import AbstractContextManager, nullcontext

from prefect.concurrency.sync import concurrency

GPU = "gpu"  # the name of its limit; those of the sources are their own
LEASE_S = 60.0  # a run that was killed holds its share no longer


def slot(name: str | None) -> AbstractContextManager[None]:
    """Hold a share of the limit of that name while the block runs; wait for it if need be."""
    if name is None:
        return nullcontext()
    return concurrency(name, lease_duration=LEASE_S, raise_on_lease_renewal_failure=False)
