"""The same run in threads, on a Dask cluster and on a Ray cluster of two processes each."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from distributed import LocalCluster
from prefect.settings import PREFECT_API_URL

from flows.collect import Report, collect
from flows.request import CollectRequest
from flows.task_runners import ClusterError, task_runner_for
from tasks.database.jobs_table import Jobs
from tasks.errors import BadRequestError, ErrorCode, ModelError
from tasks.jobs import STOPPED, Status
from tasks.model import embedder
from tasks.settings import Settings
from tests.conftest import TINY_CLIP
from tests.support.leftovers import processes, until_nothing_is_left
from tests.support.waiting import until

COLLECT = Path(__file__).parents[1] / "flows" / "collect.py"
ELSEWHERE = ["dask", "ray"]

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("prefect_server", "quick_runs", "naver", "jobs"),
    pytest.mark.timeout(300),  # each process of a cluster imports everything anew
]


def run(out_dir: Path, **parameters: Any) -> Report:
    request = {"query": "사과", "limit": 70, "source": "naver-api", "model": str(TINY_CLIP)}
    return collect(CollectRequest(out_dir=out_dir, **request | parameters))


def record(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def results(folder: Path) -> dict[str, Any]:
    """Return what a run decided, all but the last digits of its scores."""
    decisions = record(folder, "decisions.jsonl")
    for row in decisions:
        row["score"] = row["score"] and round(row["score"], 5)
    return {
        "chosen": [(row["file"], row["sha256"]) for row in record(folder, "manifest.jsonl")],
        "decisions": decisions,
    }


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """What the first run in threads gave."""
    return {}


@pytest.fixture
def in_threads(known: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Return what a run in threads gives."""
    if not known:
        known.update(results(run(tmp_path / "threads").out_dir))
    return known


@pytest.mark.parametrize("name", ELSEWHERE)
def test_every_runner_gives_the_same_dataset(
    name: str, in_threads: dict[str, Any], jobs: Jobs, tmp_path: Path
) -> None:
    embedder._load.cache_clear()
    report = run(tmp_path / "out", task_runner=name)
    found = results(report.out_dir)
    different = [pair for pair in zip(found["decisions"], in_threads["decisions"], strict=True)
                 if pair[0] != pair[1]]  # fmt: skip
    assert different == []
    assert found["chosen"] == in_threads["chosen"]
    assert len(found["chosen"]) == 70
    assert len(found["decisions"]) == 140  # three batches

    job = jobs.newest(limit=1)[0]
    assert (job.status, job.count) == (Status.DONE, 70)
    assert job.progress
    good = report.waterfall.good
    assert job.progress["download"] == {"done": 140, "expected": 140}
    assert job.progress["embed"] == {"done": good, "expected": good}
    assert embedder._load.cache_info().currsize == 0  # others have it
    assert not cluster_processes()


def cluster_processes() -> list[str]:
    """Return the command lines of this process's descendants that belong to a cluster."""
    commands = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)
                if child.status() != psutil.STATUS_ZOMBIE]  # fmt: skip
    return [c for c in commands if "multiprocessing.spawn" in c or "ray" in c.split("/")]


def test_a_cluster_that_runs_already_is_used_and_left_running(
    in_threads: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        monkeypatch.setenv("TASK_RUNNER", "dask")
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        report = run(tmp_path / "out")
        assert len(cluster.scheduler_info["workers"]) == 1
    assert results(report.out_dir) == in_threads


def test_a_stage_that_fails_elsewhere_fails_the_run_with_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no checkpoint"):
        run(tmp_path / "out", task_runner="dask", model=str(tmp_path))
    assert not cluster_processes()


def test_a_cluster_that_is_away_is_said(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(ClusterError, match="The dask cluster cannot be used"),
    ):
        run(tmp_path / "out", task_runner="dask")
    (job,) = jobs.newest(limit=1)
    assert job.error_code == ErrorCode.CLUSTER
    assert "cannot be used" in (job.error or "")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_packages_that_are_missing_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, f"prefect_{name}", None)
    monkeypatch.delitem(sys.modules, f"flows.{name}_runner", raising=False)
    with pytest.raises(BadRequestError, match=rf"pip install .* -e '\.\[{name}\]'"):
        task_runner_for(name, Settings())


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files; its path is short, as sockets lie there."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        yield Path(path)


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_takes_its_cluster_with_it(
    name: str, how: signal.Signals, jobs: Jobs, temporary: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as stalling:
        host = f"127.0.0.1:{stalling.getsockname()[1]}"
        addresses = "".join(f"http://{host}/{number}.jpg\n" for number in range(200))
        (tmp_path / "slow.txt").write_text(addresses)
        environment = os.environ | {
            "DOWNLOAD_ALLOW_HOSTS": host,
            "PREFECT_API_URL": str(PREFECT_API_URL.value()),
            "TMPDIR": str(temporary),
            "TORCHINDUCTOR_CACHE_DIR": str(temporary.parent),  # torch's own, and stays
        }
        process = subprocess.Popen(
            [sys.executable, str(COLLECT), "느림", "--source", "files", "--input",
             str(tmp_path / "slow.txt"), "--model", str(TINY_CLIP), "--task-runner", name],
            env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            stalling.settimeout(90)
            stalling.accept()[0].close()  # a download has begun, in a process of the cluster
            process.send_signal(how)
            out, _ = process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait()
    if how is signal.SIGKILL:
        until(lambda: not processes(temporary), "the end of the cluster", 60)
        return
    assert process.returncode == 130, out
    assert "Traceback" not in out
    until_nothing_is_left(temporary)
    job = jobs.newest(limit=1)[0]
    assert (job.status, job.error_code) == (Status.CANCELLED, STOPPED.code)
