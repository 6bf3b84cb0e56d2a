"""Vectors of earlier runs: found again, bounded, and never in the way."""

import threading
from pathlib import Path

import numpy as np
import pytest

from tasks.model import vector_cache
from tasks.model.vector_cache import VectorCache


def vectors(*numbers: int) -> dict[bytes, np.ndarray]:
    return {bytes([n]) * 32: np.full(512, n, np.float32) for n in numbers}


def test_what_was_put_is_found_by_another_process_later(tmp_path: Path) -> None:
    VectorCache(tmp_path / "data" / "vectors.sqlite").put(vectors(1, 2))
    found = VectorCache(tmp_path / "data" / "vectors.sqlite").get(list(vectors(2, 3)))
    assert found.keys() == vectors(2).keys()
    np.testing.assert_array_equal(found[b"\2" * 32], vectors(2)[b"\2" * 32])


def test_it_stays_small_and_keeps_what_was_asked_for_last(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    cache = VectorCache(path, max_bytes=100_000)
    for n in range(200):
        cache.put(vectors(n))
        assert cache.get(list(vectors(0)))
    assert path.stat().st_size < 120_000
    assert cache.get(list(vectors(199)))
    assert not cache.get(list(vectors(1)))


def test_threads_share_it(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.sqlite")
    threads = [threading.Thread(target=cache.put, args=(vectors(n),)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache.get(list(vectors(*range(16))))) == 16


def test_a_broken_file_is_said_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "vectors.sqlite"
    path.write_bytes(b"no database" * 100)
    cache = VectorCache(path)
    cache.put(vectors(1))
    assert cache.get(list(vectors(1))) == {}
    cache.put(vectors(2))
    assert caplog.text.count("are of no use") == 1  # and not with each batch


def test_one_that_is_locked_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vectors.sqlite"
    VectorCache(path).put(vectors(1))
    monkeypatch.setattr(vector_cache, "PATIENCE_S", 0.05)
    with vector_cache.sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert VectorCache(path).get(list(vectors(1))) == {}
        other.rollback()
    other.close()
