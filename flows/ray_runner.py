"""Prefect's task runner for Ray, on the cluster that the settings name or on one of its own."""

import os
import sys
import threading
import time
from tempfile import TemporaryDirectory
from typing import Any, Self

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner
from prefect_ray import RayTaskRunner

from flows.batches import report_when_done
from tasks.settings import Settings

LOOK_FOR_CLUSTER_EVERY_S = 0.5
OBJECT_STORE_BYTES = 100_000_000  # only records travel; Ray's own choice is a third of the memory


def ray_runner(settings: Settings) -> TaskRunner[Any]:
    """Make the runner; its own cluster has ``TASK_PROCESSES`` processes on this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    if settings.ray_address:
        return _RayRunner(address=settings.ray_address)
    processes = settings.task_processes
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it hides every GPU
    return _RayRunner(
        init_kwargs={
            "num_cpus": processes,
            "include_dashboard": False,
            "log_to_driver": False,  # the run's own log says it
            "logging_level": "ERROR",
            "object_store_memory": OBJECT_STORE_BYTES,
            "_node_ip_address": "127.0.0.1",
            "runtime_env": {
                "worker_process_setup_hook": end_with_cluster,
                "env_vars": {
                    "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes)),
                    # A worker imports the flow by its file's name, which Ray would not find.
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
            },
        }
    )


def end_with_cluster() -> None:
    """End this process of a cluster with the cluster, even amid a task; Ray would finish that.

    The cluster ends with the run that started it, however that ends.
    """
    raylet = os.getppid()

    def watch() -> None:
        while os.getppid() == raylet:
            time.sleep(LOOK_FOR_CLUSTER_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, name="cluster-watch", daemon=True).start()


class _RayRunner(RayTaskRunner):  # type: ignore[misc]  # it is not typed
    _folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        if not self.address:
            # Short, as Ray puts sockets there, and gone with the cluster, which leaves its logs.
            self._folder = TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True)
            self.init_kwargs["_temp_dir"] = self._folder.name
        try:
            super().__enter__()
        except BaseException:
            self._clean_up()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__(*exc_info)
        self._clean_up()

    def submit(
        self, task: Any, parameters: dict[str, Any], wait_for: Any = None, dependencies: Any = None
    ) -> PrefectFuture[Any]:
        self._awaited = [future.wrapped_future for future in wait_for or ()]
        future: PrefectFuture[Any] = super().submit(task, parameters, wait_for, dependencies)
        report_when_done(future, task, parameters)
        return future

    def _exchange_prefect_for_ray_futures(self, parameters: dict[str, Any]) -> Any:
        """Have Ray wait for what a task waits for; else one of its processes would, idle."""
        exchanged, upstream = super()._exchange_prefect_for_ray_futures(parameters)
        return exchanged, [*upstream, *self._awaited]

    def _clean_up(self) -> None:
        if self._folder:
            self._folder.cleanup()
