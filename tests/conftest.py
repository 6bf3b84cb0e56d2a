"""The fixtures that tests share: a replica of Naver, a real Postgres, and Prefect's test server."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from tasks.database.jobs_table import Jobs
from tasks.database.postgres import connect
from tasks.fetching.politeness import politeness
from tasks.process import stopping
from tasks.settings import Settings
from tests.naver_replica.serving import Replica, serve
from tests.support.databases import empty_database
from tests.support.surroundings import keep_out

TINY_CLIP = Path(__file__).parent / "tiny_clip"

# A shell without job control starts what it runs in the background with Ctrl-C ignored, and so
# would every process that a test stops by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """Run the replica for as long as the tests last."""
    with serve() as running:
        yield running


@pytest.fixture
def naver(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the replica searched instead of Naver."""
    for name, value in replica.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep a developer's own .env and data out of every test, and the stop of an earlier run."""
    stopping.allow_work()
    keep_out(monkeypatch, tmp_path / "data")
    politeness.cache_clear()  # no test has to do with hosts that failed in another


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start the embedded Postgres; yield the address of its first database."""
    # Not below pytest's own folder, which each new session closes to other users, and the server
    # of root's is one.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        connection = connect(Settings(_env_file=None, data_dir=Path(folder)))
        address = connection.dsn
        connection.close()
        yield address


@pytest.fixture
def database(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make an empty database, the one that ``Settings()`` names; return its address."""
    with empty_database(postgres) as address:
        monkeypatch.setenv("DATABASE_URL", address)
        yield address


@pytest.fixture
def jobs(database: str) -> Iterator[Jobs]:
    """Open the jobs table of an empty database."""
    opened = Jobs.open(Settings())
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Run Prefect's test server for as long as the tests last."""
    with prefect_test_harness(server_startup_timeout=90):
        yield


@pytest.fixture
def quick_runs() -> Iterator[None]:
    """Spare each run the second in which its heartbeat thread ends."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
