"""Prefect's task runner for Dask, on the cluster that the settings name or on one of its own."""

import logging
import os
from tempfile import TemporaryDirectory
from typing import Any, Self

import dask
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner
from prefect_dask import DaskTaskRunner

from flows.batches import TASKS_AT_ONCE, report_when_done
from tasks.settings import Settings


def dask_runner(settings: Settings) -> TaskRunner[Any]:
    """Make the runner; its own cluster has ``TASK_PROCESSES`` processes on this machine."""
    if settings.dask_scheduler_address:
        return _DaskRunner(address=settings.dask_scheduler_address)
    return _DaskRunner(
        cluster_kwargs={
            "n_workers": settings.task_processes,
            "threads_per_worker": -(-TASKS_AT_ONCE // settings.task_processes),
            "dashboard_address": None,
            "silence_logs": logging.CRITICAL,
        }
    )


class _DaskRunner(DaskTaskRunner):  # type: ignore[misc]  # it is not typed
    def __enter__(self) -> Self:
        super().__enter__()
        # Gone with the cluster, which would leave a folder behind.
        folder = TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True)
        processes = self.cluster_kwargs.get("n_workers", 1)
        environment = {
            "OMP_NUM_THREADS": max(1, (os.cpu_count() or 1) // processes),  # Dask says one
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the run's own log says it
            "DASK_LOGGING__DISTRIBUTED": "critical",  # it shows tracebacks when it is stopped
        }
        start: dict[str, Any] = {
            f"distributed.nanny.pre-spawn-environ.{k}": v for k, v in environment.items()
        }
        start["temporary-directory"] = self._exit_stack.enter_context(folder)
        try:
            with dask.config.set(start):
                _ = self.client  # now, not with the first task: a cluster that is away is said
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def submit(
        self, task: Any, parameters: dict[str, Any], *args: Any, **kwargs: Any
    ) -> PrefectFuture[Any]:
        future: PrefectFuture[Any] = super().submit(task, parameters, *args, **kwargs)
        report_when_done(future, task, parameters)
        return future
