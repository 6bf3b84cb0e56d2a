"""A run in this process: its progress on the terminal, and a server of Prefect for as long."""

from prefect.exceptions import TerminationSignal

from flows.collect import Report, collect
from flows.request import CollectRequest
from flows.temporary_server import use_prefect_server
from flows.terminal import display
from tasks.database.jobs_table import Jobs
from tasks.settings import Settings
from words import Language


def run(request: CollectRequest, language: Language) -> Report:
    """Collect; raises ``CollectError``, and ``KeyboardInterrupt`` where the run is stopped."""
    with display(language):
        # A job that cannot be kept is better known now.
        with use_prefect_server(), Jobs.open(Settings()) as jobs:
            jobs.end_long_lost()
        try:
            return collect(request)
        except TerminationSignal as error:
            raise KeyboardInterrupt from error
