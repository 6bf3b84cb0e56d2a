"""Places in what only so many runs may use at a time, on whatever machine they are.

The limits are global concurrency limits of Prefect's server, made by ``deployments/limits.py``.
Where the server has no limit of a name, nobody waits.
"""

from contextlib import AbstractContextManager, nullcontext

from prefect.concurrency.sync import concurrency

GPU = "gpu"  # the name of its limit; those of the sources are their own
LEASE_S = 60.0  # a run that was killed holds its place no longer


def slot(name: str | None) -> AbstractContextManager[None]:
    """Hold a place under the limit of that name while the block runs; wait for one if need be."""
    if name is None:
        return nullcontext()
    return concurrency(name, lease_duration=LEASE_S, raise_on_lease_renewal_failure=False)
