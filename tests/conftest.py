"""Fixtures that several test modules share."""

from collections.abc import Iterator

import pytest

from tests.naver_replica.serving import Replica, serve


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """Serve a local Naver image search for the whole test session."""
    with serve() as running:
        yield running
