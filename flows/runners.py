"""Where a run's batches are worked on: in threads of its process, or on a Dask or Ray cluster.

    with tasks_on("dask", settings):
        download_batch.submit(…)

Only records and paths travel, so every process has to see the dataset's folder, and a model that is
a folder, under the same path. A cluster that no setting names is started on this machine for the
run, and ends with it. The search and the choice stay in the run's own process.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import copy_context
from typing import Any

from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from tasks.download import download_batch
from tasks.embed import embed_batch
from tasks.errors import BadRequestError, CollectError, ErrorCode
from tasks.process import progress
from tasks.settings import Settings, TaskRunnerName
from tasks.workspace import Workspace

TASKS_AT_ONCE = 12  # of a batch two: one downloads, the other waits to embed it


class ClusterError(CollectError):
    """The Dask or Ray cluster cannot be reached or started."""

    code = ErrorCode.CLUSTER


def runner_for(name: TaskRunnerName, settings: Settings) -> TaskRunner[Any]:
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
        raise BadRequestError(
            f"The task runner {name} needs packages that are not installed: "
            f"pip install -c constraints.txt -e '.[{name}]'"
        ) from error


@contextmanager
def tasks_on(name: TaskRunnerName, settings: Settings) -> Iterator[None]:
    """Have the tasks that the flow submits in the block run there; after it, nothing is left.

    Raises ``BadRequestError``, and ``ClusterError`` where the cluster is not to be had.
    """
    context = FlowRunContext.get()
    if name == "threads" or context is None:  # the flow has its threads already
        yield
        return
    runner = runner_for(name, settings)
    with ExitStack() as until_end:
        try:
            until_end.enter_context(runner)
        except (OSError, RuntimeError, ValueError) as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ClusterError(f"The {name} cluster cannot be used: {why}") from error
        until_end.enter_context(context.model_copy(update={"task_runner": runner}))
        yield


def report_when_done(
    future: PrefectFuture[Any], task: Task[..., Any], parameters: dict[str, Any]
) -> None:
    """Count a batch as a whole once it is done: what another process reports, nobody hears."""
    here = copy_context()  # which has the watchers; the callback's own thread has not

    def count(_future: object) -> None:
        with suppress(OSError):  # the run is over, and its workspace gone
            here.run(_count, task.name, **parameters)

    if task.name in (download_batch.name, embed_batch.name):
        future.add_done_callback(count)


def _count(
    task: str, *, workspace: Workspace, number: int, model: str = "", **_others: object
) -> None:
    if task == download_batch.name:
        if (results := workspace.results(number)) is not None:
            progress.report("download", done=len(results))
            progress.report("embed", expected=len(workspace.pictures(number)))
    elif (vectors := workspace.vectors(number, model)) is not None:
        progress.report("embed", done=len(vectors))
