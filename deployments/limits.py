"""The limits on what all runs share, on Prefect's server: ``python deployments/limits.py``.

On all machines together, one run at a time asks a source, and one uses the GPU. A limit that is
there already is left as it is: it may have been changed on Prefect's page.
"""

import sys
from contextlib import suppress

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists

from tasks.process.concurrency import GPU
from tasks.sources.listed import SOURCES

AT_ONCE = 1


def make_limits() -> list[str]:
    """Make the limits that are not there yet; return the names of all."""
    names = sorted({GPU, *(source.slot for source in SOURCES if source.slot)})
    with get_client(sync_client=True) as client:
        for name in names:
            with suppress(ObjectAlreadyExists):
                client.create_global_concurrency_limit(
                    GlobalConcurrencyLimitCreate(name=name, limit=AT_ONCE)
                )
    return names


if __name__ == "__main__":
    sys.stdout.write(f"Limited to {AT_ONCE} run at a time: {', '.join(make_limits())}.\n")
