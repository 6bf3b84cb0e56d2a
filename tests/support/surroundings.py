"""Every variable of the environment that the program reads, with the class that reads it."""

import tasks.search  # noqa: F401 — with the sources come the settings that only they read
from tasks.settings import FromEnvironment


def readers() -> list[type[FromEnvironment]]:
    """Return the classes of settings, those of the sources too."""
    return _below(FromEnvironment)


def variables() -> set[str]:
    """Return the names of all variables."""
    return {name.upper() for reader in readers() for name in reader.model_fields}


def _below(kind: type[FromEnvironment]) -> list[type[FromEnvironment]]:
    return [one for child in kind.__subclasses__() for one in (child, *_below(child))]
