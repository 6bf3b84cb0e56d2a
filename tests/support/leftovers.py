"""What a browser run leaves behind in its temporary folder and among the processes (Linux)."""

import time
from pathlib import Path

PATIENCE_S = 5.0


def leftovers(folder: Path) -> list[str]:
    """Return the files in the folder and the living processes that were started to use it.

    Killed processes take a moment to go, so this waits while there is anything.
    """
    deadline = time.monotonic() + PATIENCE_S
    while (found := [*map(str, folder.iterdir()), *processes(folder)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    return found


def processes(folder: Path) -> list[str]:
    """Return the command lines of the living processes that use the folder for temporary files."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()  # empty for one that is dead already
            environment = (process / "environ").read_bytes()
        except OSError:  # ended meanwhile, or another user's
            continue
        if command and str(folder).encode() in command + environment:
            found.append(command.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found
