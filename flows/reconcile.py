"""Keep the ``jobs`` table true to what no run can say itself, for as long as this runs.

    python flows/reconcile.py

``make up`` starts it. What it does is in ``flows/reconciler.py``.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("flows.reconcile")

import logging
import signal
import threading
from collections.abc import Sequence

import httpx
from prefect.exceptions import PrefectException

from flows.arguments import Parser
from flows.prefect_console import quiet_prefect
from flows.reconciler import Reconciler
from flows.terminal import Visible
from tasks.errors import CollectError, DatabaseError
from tasks.settings import Settings
from tasks.upkeep.recorder import handling

TURN_EVERY_S = 2.0

log = logging.getLogger("flows.reconcile")


def main(arguments: Sequence[str] | None = None) -> int:
    """Reconcile until stopped; waits out an unreachable server or database."""
    parser = Parser("reconcile", arguments)
    parser.lang()
    parser.parse_args(arguments)
    quiet_prefect()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    to_stderr = logging.StreamHandler()
    to_stderr.setFormatter(Visible("%(asctime)s %(message)s", "%H:%M:%S"))
    last_problem = ""
    with handling(to_stderr):
        try:
            reconciler = Reconciler(Settings())
        except CollectError as error:
            log.error("%s", error)
            return error.exit_code
        while not over.is_set():
            try:
                reconciler.turn()
                last_problem = ""
            except (DatabaseError, httpx.HTTPError, PrefectException) as error:
                if last_problem != (last_problem := str(error)):  # said once, not at each turn
                    log.warning("Waiting for what the table is compared with: %s", error)
            over.wait(TURN_EVERY_S)
    return 0
