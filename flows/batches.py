"""The batches of a run as task runs: how many at once, and how far those of other processes are."""

from contextlib import suppress
from contextvars import copy_context
from typing import Any

from prefect.futures import PrefectFuture
from prefect.tasks import Task

from tasks.download import download_batch_task
from tasks.embed import embed_batch_task
from tasks.process import progress
from tasks.workspace import Workspace

TASKS_AT_ONCE = 12  # two for each batch: one downloads, the other waits to embed it


def report_when_done(
    future: PrefectFuture[Any], task: Task[..., Any], parameters: dict[str, Any]
) -> None:
    """Report a batch as a whole once it is done, as nobody hears what another process reports."""
    here = copy_context()  # it has the watchers; the callback's own thread has not

    def report(_future: object) -> None:
        with suppress(OSError):  # the run is over and its workspace gone
            here.run(_report, task.name, **parameters)

    if task.name in (download_batch_task.name, embed_batch_task.name):
        future.add_done_callback(report)


def _report(
    task: str, *, workspace: Workspace, number: int, model: str = "", **_others: object
) -> None:
    if task == download_batch_task.name:
        if (results := workspace.results(number)) is not None:
            progress.report("download", done=len(results))
            progress.report("embed", expected=len(workspace.images(number)))
    elif (vectors := workspace.vectors(number, model)) is not None:
        progress.report("embed", done=len(vectors))
