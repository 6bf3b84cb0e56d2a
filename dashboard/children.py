"""Runs as child processes of the dashboard.

Each is ``flows/collect.py --job-id ID``: the job's row says what is asked of it, and all that
becomes of it. A child has a session of its own and outlives the dashboard, which may be restarted
at any time; the row is the truth, not the child.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO

from tasks.database.job_queue import Planned
from tasks.settings import PROJECT_DIR
from words import Message

_COLLECT = PROJECT_DIR / "flows" / "collect.py"
_LAST = 4096  # bytes of its output, of which the last line is a JSON object


@dataclass(frozen=True, slots=True)
class Child:
    """The process of a job, and what it prints, in a file without a name: nobody has to read it."""

    job: Planned
    process: "subprocess.Popen[bytes]"
    output: IO[bytes]

    def has_ended(self) -> bool:
        """Say whether the process is gone."""
        return self.process.poll() is not None

    def said(self) -> Message:
        """Return what it said of its end."""
        self.output.seek(0, os.SEEK_END)
        self.output.seek(max(0, self.output.tell() - _LAST))
        lines = self.output.read().decode("utf-8", "replace").splitlines()
        try:
            return Message.from_json(json.loads(lines[-1])["error_message"])
        except (IndexError, ValueError, KeyError, TypeError):
            return Message("error.run_not_begun", {"exit_code": self.process.returncode})


class Children:
    """The children of this process, by job id; one thread minds them, another may end one."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}

    def start(self, job: Planned) -> None:
        """Start the run of a planned job."""
        output = tempfile.TemporaryFile()  # noqa: SIM115 — for as long as the child runs
        environment = {k: v for k, v in os.environ.items() if k.upper() != "DASHBOARD_TOKEN"}
        environment["PYTHONIOENCODING"] = "utf-8"  # not as this terminal has it
        process = subprocess.Popen(  # noqa: S603 — our own program; the id is hexadecimal
            [sys.executable, str(_COLLECT), "--json", "--job-id", job.id],
            cwd=PROJECT_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._children[job.id] = Child(job, process, output)

    def jobs(self) -> list[Planned]:
        """Return the jobs whose children have not been reaped, as they were planned."""
        return [child.job for child in self._children.values()]

    def reap(self) -> list[tuple[Planned, Message]]:
        """Forget the children that ended; return their jobs, and what each said."""
        ended = [child for child in self._children.values() if child.has_ended()]
        said = [(child.job, child.said()) for child in ended]
        for child in ended:
            del self._children[child.job.id]
            child.output.close()
        return said

    def stop(self, job_id: str) -> None:
        """Stop a child, as Ctrl-C would; a job that has none is no error."""
        if child := self._children.get(job_id):
            child.process.send_signal(signal.SIGTERM)

    def release(self) -> None:
        """Let go of the children: they go on without the dashboard."""
        for child in self._children.values():
            if not child.has_ended():
                child.process.returncode = 0  # or Python complains that it outlives us, as meant
            child.output.close()
        self._children.clear()
