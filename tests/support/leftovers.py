"""What a browser run leaves behind in its temporary folder and among the processes (Linux)."""

from pathlib import Path

from tests.support.waiting import until


def until_nothing_is_left(folder: Path) -> None:
    """Wait until the folder has no file, and no living process was started to use it.

    Killed processes take a moment to go.
    """

    def left() -> list[str]:
        return [*map(str, folder.iterdir()), *processes(folder)]

    until(lambda: not left(), lambda: f"nothing to be left; there is {left()}", 15)


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
