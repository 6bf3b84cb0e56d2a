"""Start the replica in a process of its own, and stop it for certain.

with serve() as replica:
    environment = os.environ | replica.environment()
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.naver_replica import addresses, api, faults
from tests.naver_replica.addresses import LOOPBACK, Ports
from tests.naver_replica.faults import Fault
from tests.naver_replica.results import Result, results

ROOT = Path(__file__).parents[2]
STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Replica:
    """A running replica: its addresses, and the truth about what it serves."""

    ports: Ports
    seed: int = 0

    @property
    def search_url(self) -> str:
        """Return what stands for https://search.naver.com/search.naver."""
        return self.search_url_with()

    def search_url_with(self, *chosen: Fault) -> str:
        """Return the address of a search page that has the given faults."""
        path = faults.prefix(frozenset(chosen))
        return f"{addresses.origin(self.ports.search)}{path}/search.naver"

    @property
    def api_url(self) -> str:
        """Return what stands for https://openapi.naver.com/v1/search/image."""
        return addresses.origin(self.ports.search) + api.CLASSIC_PATH

    @property
    def hub_api_url(self) -> str:
        """Return what stands for https://naverapihub.apigw.ntruss.com/search/v1/image."""
        return addresses.origin(self.ports.search) + api.HUB_PATH

    @property
    def allow_hosts(self) -> str:
        """Return every host and port, as `DOWNLOAD_ALLOW_HOSTS` lists them."""
        return ",".join(f"{LOOPBACK}:{port}" for port in self.ports.all())

    def environment(self, *chosen: Fault) -> dict[str, str]:
        """Return the settings that send the project to the replica instead of Naver."""
        return {
            "NAVER_SEARCH_URL": self.search_url_with(*chosen),
            "NAVER_API_URL": self.api_url,
            "NAVER_CLIENT_ID": api.CLIENT_ID,
            "NAVER_CLIENT_SECRET": api.CLIENT_SECRET,
            "DOWNLOAD_ALLOW_HOSTS": self.allow_hosts,
            # Politeness spares other people's hosts; these are our own, and all on one address.
            "DOWNLOAD_REQUESTS_PER_S": "0",
            "DOWNLOAD_AT_ONCE_PER_HOST": "64",
        }

    def truth(self, query: str) -> Mapping[str, Result]:
        """Return the query's results by the address of their originals, best rank first."""
        found = results(query, self.seed)
        return {addresses.original(result, self.ports): result for result in found}


@contextmanager
def serve(seed: int = 0, *, latency_s: float = 0.0) -> Iterator[Replica]:
    """Run a replica on free ports while the context lasts.

    Its picture hosts answer ``latency_s`` late, as if they were far away.

    The process ends when its stdin closes, so it does not outlive this one, however that ends;
    in a session of its own it hears no Ctrl-C meant for this one.
    """
    command = [sys.executable, "-m", "tests.naver_replica.server"]
    command += ["--seed", str(seed), "--latency-s", str(latency_s)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        # The sockets listen before the line is written: no request can come too early.
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError("The replica ended before it served; its own error is above.")
        yield Replica(Ports(**json.loads(line)), seed)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
