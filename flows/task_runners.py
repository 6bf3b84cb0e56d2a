"""Prefect's task runners: a run's batches in threads of its process, or on a Dask or Ray cluster.

    with tasks_on("dask", settings):
        download_batch_task.submit(…)

Only records and paths travel, so every process has to see the dataset's folder, and a model that is
a folder, under the same path. Where no setting names a cluster, the run starts one on this machine
and ends it. The search and the choice stay in the run's own process.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from prefect.context import FlowRunContext
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.batches import TASKS_AT_ONCE
from tasks.errors import BadRequestError, CollectError, ErrorCode, first_line
from tasks.settings import Settings, TaskRunnerName


class ClusterError(CollectError):
    """The Dask or Ray cluster cannot be reached or started."""

    code = ErrorCode.CLUSTER


def task_runner_for(name: TaskRunnerName, settings: Settings) -> TaskRunner[Any]:
    """Make the task runner of that name, which starts or reaches its cluster when entered.

    Raises ``BadRequestError`` where its packages are not installed.
    """
    if name == "threads":
        return ThreadPoolTaskRunner(max_workers=TASKS_AT_ONCE)
    try:
        if name == "dask":
            from flows.dask_runner import dask_runner

            return dask_runner(settings)
        from flows.ray_runner import ray_runner

        return ray_runner(settings)
    except ImportError as error:
        raise BadRequestError("task_runner_packages", name=name) from error


@contextmanager
def tasks_on(name: TaskRunnerName, settings: Settings) -> Iterator[None]:
    """Run the tasks that the flow submits in the block there; nothing is left after it.

    Raises ``BadRequestError``, and ``ClusterError`` where the cluster cannot be had.
    """
    context = FlowRunContext.get()
    if name == "threads" or context is None:  # the flow has its threads already
        yield
        return
    runner = task_runner_for(name, settings)
    with ExitStack() as until_end:
        try:
            until_end.enter_context(runner)
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError("cluster", name=name, why=first_line(error)) from error
        until_end.enter_context(context.model_copy(update={"task_runner": runner}))
        yield
