"""The failures of a stage that are worth another try."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from tasks.errors import CollectError


def is_worth_retrying(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Say whether a failed task may succeed when repeated (Prefect's ``retry_condition_fn``).

    Our errors say whether they are transient; of others only I/O and memory errors are.
    """
    error = state.result(raise_on_failure=False)
    if isinstance(error, CollectError):
        return error.is_transient
    # Torch's own out-of-memory error is known by its name: importing torch takes seconds.
    return isinstance(error, OSError | MemoryError) or type(error).__name__ == "OutOfMemoryError"
