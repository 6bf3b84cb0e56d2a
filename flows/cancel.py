"""Cancel a job, however it was started.

    python flows/cancel.py JOB_ID

Exit code 0: it is cancelled, and can be resumed by its id; 1: it could not be; 2: bad arguments.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("flows.cancel")

import sys
import time
from collections.abc import Sequence

from flows.arguments import Parser
from tasks.database.jobs_table import Jobs
from tasks.errors import BadRequestError, CollectError
from tasks.jobs import Job, Status
from tasks.settings import Settings
from words import Message

CANCEL_WITHIN_S = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask for the job's cancelling, wait until it has ended, and return the exit code."""
    parser = Parser("cancel", arguments)
    parser.place("job_id", metavar="JOB_ID", help=parser.say("cli.job"))
    parser.lang()
    job_id: str = parser.parse_args(arguments).job_id
    try:
        job = _cancelled(job_id, Settings())
    except CollectError as error:
        return parser.fail(error.message, error.exit_code)
    status = parser.say(f"state.{job.status}")
    sys.stdout.write(parser.say("cli.job_is", job=job.id, status=status) + "\n")
    return 0 if job.status is Status.CANCELLED else 1


def _cancelled(job_id: str, settings: Settings) -> Job:
    with Jobs.open(settings) as jobs:
        job = jobs.get(job_id)
        if job is None:
            raise BadRequestError("no_job", job=job_id)
        if job.has_ended:
            status = Message(f"state.{job.status}")
            raise BadRequestError("job_has_ended", job=job_id, status=status)
        jobs.request_cancel(job_id)
        if job.status is not Status.RUNNING:
            _cancel_in_prefect(job, settings)
        deadline = time.monotonic() + CANCEL_WITHIN_S
        while not job.has_ended and time.monotonic() < deadline:
            time.sleep(0.2)
            job = jobs.get(job_id) or job
        return job


def _cancel_in_prefect(job: Job, settings: Settings) -> None:
    """Cancel a run that has no process yet; Prefect's import takes a while, so not sooner."""
    from flows.cancelling import cancel
    from flows.prefect_console import quiet_prefect
    from flows.temporary_server import running_server

    quiet_prefect()
    cancel(job, settings, running_server())
