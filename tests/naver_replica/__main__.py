"""Serve the replica by hand, or for one command.

python -m tests.naver_replica                      serves until Ctrl-C, prints the settings
python -m tests.naver_replica -- COMMAND [ARG …]   runs the command with these settings
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from tests.naver_replica.serving import Replica, serve


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code: the command's own, 128 + the signal that ended it, or 0 without one."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.naver_replica",
        description="Serve a local replica of Naver's image search.",
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, other results")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="run with it, after --")
    asked = parser.parse_args(argv)
    with serve(asked.seed) as replica:
        return _run(asked.command, replica) if asked.command else _wait(replica)


def _wait(replica: Replica) -> int:
    for name, value in replica.environment().items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    sys.stdout.write(f"# {replica.search_url}?where=image&query=고양이 (Ctrl-C ends it)\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    return 0


def _run(command: Sequence[str], replica: Replica) -> int:
    # Ctrl-C reaches the command too, which decides what to do about it. A KeyboardInterrupt here
    # could fall between the command's end and the reading of its exit code, which would be lost.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen(command, env=os.environ | replica.environment())
    except OSError as error:
        sys.stderr.write(f"The command {command[0]!r} does not start: {error.strerror}.\n")
        return 127
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
