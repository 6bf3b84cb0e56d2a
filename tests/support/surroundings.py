"""Every variable of the environment that the program reads, with the class that reads it."""

from pathlib import Path

import pytest

import tasks.search  # noqa: F401 — with the sources come the settings that only they read
from tasks.settings import FromEnvironment


def readers() -> list[type[FromEnvironment]]:
    """Return the classes of settings, those of the sources too."""
    return _below(FromEnvironment)


def variables() -> set[str]:
    """Return the names of all variables."""
    return {name.upper() for reader in readers() for name in reader.model_fields}


def keep_out(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    """Keep a developer's own .env and data out of a test."""
    for reader in readers():
        monkeypatch.setitem(reader.model_config, "env_file", None)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(data_dir))


def _below(kind: type[FromEnvironment]) -> list[type[FromEnvironment]]:
    return [one for child in kind.__subclasses__() for one in (child, *_below(child))]
