"""The private names of other libraries that the program leans on, and what it leans on of each.

A new version of a library may change them without a word: then it fails here first.
"""

import asyncio
import inspect
import os
import subprocess
from functools import partial
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from pydantic_core._pydantic_core import list_all_errors

from flows.cancelling import is_supervised
from tasks.fetching.heads import LenientHandler
from tests.support.site import BIN


def test_aiohttps_connector_makes_its_protocols_by_factory() -> None:
    """tasks/fetching/heads.py: the head of an answer is mended before the parser sees it."""

    async def factory() -> object:
        async with aiohttp.TCPConnector() as connector:
            return connector._factory

    made = asyncio.run(factory())
    assert isinstance(made, partial)
    assert issubclass(LenientHandler, made.func)


@pytest.mark.parametrize(("does_retry", "asked"), [(True, 3), (False, 2)])
def test_aiohttp_asks_a_host_again_by_itself_unless_retry_connection_is_off(
    does_retry: bool, asked: int
) -> None:
    """tasks/fetching/fetch.py: each request of ours is on record."""
    requests = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        for is_first in (True, False):
            await reader.readuntil(b"\r\n\r\n")
            requests += 1
            if is_first:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        writer.close()  # instead of an answer on the connection that was kept

    async def ask_twice() -> None:
        server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
        url = "http://{}:{}/".format(*server.sockets[0].getsockname())
        async with server, aiohttp.ClientSession() as session:
            assert session._retry_connection is True
            session._retry_connection = does_retry
            async with session.get(url) as answer:
                await answer.read()
            async with session.get(url) as answer:
                assert await answer.read() == b"ok"

    if does_retry:
        asyncio.run(ask_twice())
    else:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            asyncio.run(ask_twice())
    assert requests == asked


TOLD = """
import os
from pathlib import Path
from prefect import flow

@flow
def tell(path: str) -> None:
    Path(path).write_text(os.environ.get("PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS", ""))
"""


@pytest.mark.usefixtures("prefect_server")
def test_prefect_tells_a_process_that_it_supervises_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """flows/cancelling.py: a supervised run is stopped by a signal, others watch their state."""
    assert not is_supervised()
    (tmp_path / "told.py").write_text(TOLD)
    told = tmp_path / "told"
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            client.create_flow(flow(name="tell")(lambda path: None)),
            "told",
            path=str(tmp_path),
            entrypoint="told.py:tell",
        )
        run = client.create_flow_run_from_deployment(deployment, parameters={"path": str(told)})
    subprocess.run(
        [BIN / "prefect", "flow-run", "execute", str(run.id)],
        env=os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value())},
        check=True,
        timeout=100,
    )
    monkeypatch.setenv("PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS", told.read_text())
    assert is_supervised()


def test_prefect_ray_exchanges_its_futures_in_a_method_that_submit_calls() -> None:
    """flows/ray_runner.py: it adds what else a task waits for."""
    runners = pytest.importorskip("prefect_ray.task_runners")
    future = runners.PrefectRayFuture(task_run_id=uuid4(), wrapped_future="a reference")
    runner = runners.RayTaskRunner()
    exchanged = runner._exchange_prefect_for_ray_futures({"batch": future, "number": 3})
    assert exchanged == ({"batch": "a reference", "number": 3}, ["a reference"])
    called = inspect.unwrap(runners.RayTaskRunner.submit).__code__.co_names
    assert "_exchange_prefect_for_ray_futures" in called


@pytest.mark.parametrize("name", ["_node_ip_address", "_temp_dir"])
def test_ray_knows_where_its_cluster_is_to_be(name: str) -> None:
    """flows/ray_runner.py: on this machine alone, in a folder that goes with it."""
    ray = pytest.importorskip("ray")
    assert name in inspect.unwrap(ray.init).__code__.co_consts  # of all others it says an error


def test_prefect_dask_leaves_its_exit_stack_last() -> None:
    """flows/dask_runner.py: so does the cluster's folder go."""
    prefect_dask = pytest.importorskip("prefect_dask")
    left: list[str] = []
    with prefect_dask.DaskTaskRunner() as runner:
        runner._exit_stack.callback(left.append, "the folder")
        assert left == []
    assert left == ["the folder"]


def test_pydantic_core_lists_its_errors_with_what_they_know() -> None:
    """tests/test_dashboard_language.py: each has its words, with places that it fills."""
    known = {kind["type"]: kind["example_context"] for kind in list_all_errors()}
    assert known["greater_than_equal"].keys() == {"ge"}
    assert known["missing"] is None
