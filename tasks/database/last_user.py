"""Wait until an embedded Postgres has no user left, and stop it.

    python last_user.py USERS LINK PG_CTL OWNER

USERS is the file on which each user shares a lock, LINK leads to the server's folder, and OWNER is
the user who runs it, where that is not this one. It imports next to nothing, as it waits long.
"""

import fcntl
import os
import subprocess
import sys


def stop(link: str, pg_ctl: str, owner: str | None) -> None:
    """Stop the server, if it runs, and remove the link to its folder."""
    subprocess.run(  # noqa: S603 — our own program
        [pg_ctl, "stop", "-w", "-D", link],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False, env=os.environ | {"LC_ALL": "C"}, cwd="/", user=owner, start_new_session=True,
    )  # fmt: skip
    if os.path.islink(link):  # noqa: PTH114 — without pathlib
        os.unlink(link)  # noqa: PTH108


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as users:  # noqa: PTH123
        fcntl.flock(users, fcntl.LOCK_EX)
        stop(sys.argv[2], sys.argv[3], sys.argv[4] or None)
