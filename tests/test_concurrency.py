"""Places under the global concurrency limits of a real Prefect server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.process.concurrency import slot

AT_ONCE_S = 20.0  # within which two that need not wait for each other are inside together
APART_S = 2.0  # for which one waits inside for another that is not to come in


def allow(name: str, limit: int) -> None:
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limit))


def are_inside_together(name: str | None, within_s: float) -> bool:
    """Have two hold a place at the same time, if they can; both have left at the end."""
    inside = threading.Barrier(2)

    def hold() -> bool:
        with slot(name):
            try:
                inside.wait(within_s)
            except threading.BrokenBarrierError:  # the other one did not come in
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        # In the context of this thread, which names the server.
        holders = [pool.submit(copy_context().run, hold) for _ in range(2)]
        return all(holder.result() for holder in holders)


@pytest.mark.usefixtures("prefect_server")
def test_under_a_limit_of_one_two_are_never_inside_together() -> None:
    allow("one", 1)
    assert not are_inside_together("one", APART_S)


@pytest.mark.usefixtures("prefect_server")
def test_under_a_limit_of_two_both_are() -> None:
    allow("two", 2)
    assert are_inside_together("two", AT_ONCE_S)


@pytest.mark.usefixtures("prefect_server")
def test_where_the_server_has_no_such_limit_nobody_waits() -> None:
    assert are_inside_together("unknown", AT_ONCE_S)


def test_without_a_name_nobody_asks_a_server() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert are_inside_together(None, AT_ONCE_S)
