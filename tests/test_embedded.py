"""The embedded Postgres, in folders of any name: real servers, each of a process of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.database import embedded
from tasks.database.postgres import connect
from tasks.errors import DatabaseError
from tasks.settings import Settings

ROOT = Path(__file__).parents[1]
USE = r"""
from tasks.database import embedded
from tasks.database.postgres import connect
from tasks.settings import Settings
with connect(Settings()) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT lower('\u00c9\uace0')")
    assert cursor.fetchone() == ("\u00e9\uace0",)
    print(connection.info.host)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder that the user of root's server can get to, too."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def use(data_dir: Path, before: str = "", **environment: str) -> Path:
    """Use the server of a folder in a process of its own; return the link to its files."""
    done = subprocess.run(
        [sys.executable, "-c", before + USE],
        cwd=ROOT, env=os.environ | {"DATA_DIR": str(data_dir)} | environment,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return Path(os.fsdecode(done.stdout.strip()))


@pytest.mark.parametrize(
    "name",
    [
        "내 데이터 (1) 100%",
        "a%20b@c:d?e#f=g+h,i",
        "a\"b'c$d`e\\f",
        "-a;b&c|d",
        pytest.param("x" * 120, id="120 letters"),
        pytest.param("가" * 66, id="198 bytes"),
    ],
)
def test_the_server_takes_every_folder_and_leaves_nothing_elsewhere(
    name: str, folder: Path
) -> None:
    link = use(folder / name, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert not (folder / name / "postgres" / "postmaster.pid").exists()
    assert not link.is_symlink()


def test_programs_in_a_checkout_of_any_name_are_started(folder: Path) -> None:
    odd = folder / 'a "b$c`d\\e'
    odd.symlink_to(embedded.INSTALLED.parents[2])
    program = odd / embedded.INSTALLED.relative_to(embedded.INSTALLED.parents[2])
    before = "from pathlib import Path; from tasks.database import embedded\n"
    before += f"embedded.INSTALLED = Path({str(program)!r})"
    there = set(embedded.LINKS.glob("cv-dataset-builder-programs-*"))
    for _ in range(2):  # copied, and found again
        use(folder / "data", before)
    (copies,) = set(embedded.LINKS.glob("cv-dataset-builder-programs-*")) - there
    shutil.rmtree(copies)


def test_all_processes_find_the_same_server_even_when_tmp_was_cleaned(folder: Path) -> None:
    with_space = Settings(_env_file=None, data_dir=folder / "a b")
    connection = connect(with_space)
    link = Path(connection.info.host)
    link.unlink()
    assert use(folder / "a b", TMPDIR=str(folder)) == link
    link.unlink()
    with connect(with_space) as again, again.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [connection.info.backend_pid]
        )
        assert cursor.fetchone() == (1,)
    again.close()
    connection.close()


def test_folders_of_one_name_have_servers_of_their_own(folder: Path) -> None:
    assert use(folder / "one" / "data") != use(folder / "two" / "data")


def test_a_link_that_leads_elsewhere_is_not_followed(folder: Path) -> None:
    link = use(folder / "data")
    link.symlink_to(folder)
    try:
        with pytest.raises(DatabaseError, match="File exists"):
            connect(Settings(_env_file=None, data_dir=folder / "data"))
        assert link.readlink() == folder
    finally:
        link.unlink()


def begin(data_dir: Path) -> subprocess.Popen[str]:
    """Start a process that uses the server of a folder until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", USE + "\ninput()"], cwd=ROOT, text=True,
        env=os.environ | {"DATA_DIR": str(data_dir)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline()
    return process


def is_gone(data_dir: Path) -> bool:
    return not (data_dir / "postgres" / "postmaster.pid").exists()


def soon(condition: Callable[[], bool]) -> bool:
    last = time.monotonic() + 20
    while not condition() and time.monotonic() < last:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize(
    ("killed", "number"),
    [
        ("first", signal.SIGKILL),
        ("second", signal.SIGKILL),
        ("both", signal.SIGKILL),
        ("both", signal.SIGTERM),
        ("second", signal.SIGINT),
    ],
)
def test_the_server_ends_with_its_last_user_however_the_others_ended(
    killed: str, number: int, folder: Path
) -> None:
    first, second = begin(folder), begin(folder)
    for process, name in ((first, "first"), (second, "second")):
        assert not is_gone(folder)
        if killed in (name, "both"):
            process.send_signal(number)
            process.communicate(timeout=10)
        else:
            process.communicate("\n", timeout=20)
    assert soon(lambda: is_gone(folder))
    assert use(folder)  # and begins again


def test_a_process_that_ends_in_order_leaves_no_server_behind(folder: Path) -> None:
    begin(folder).communicate("\n", timeout=20)
    assert is_gone(folder)


def test_files_that_were_not_made_to_the_end_are_made_anew(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n", "utf-8")
    use(folder)
    assert not (folder / "postgres.new").exists()


@pytest.mark.parametrize("pid", ["1", "4000000", "mine"])
def test_what_a_crash_of_the_machine_leaves_keeps_no_server_from_starting(
    pid: str, folder: Path
) -> None:
    use(folder)
    pid = pid.replace("mine", str(os.getpid()))
    content = f"{pid}\n/x\n1\n5432\n/x\n\n  1 1\nready\n"
    (folder / "postgres" / "postmaster.pid").write_text(content, "utf-8")
    assert use(folder)


def test_files_of_another_version_are_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("9.6\n", "utf-8")
    with pytest.raises(DatabaseError, match=r"expecting version 18 but found version 9\.6"):
        connect(Settings(_env_file=None, data_dir=folder))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("postgresql.conf", "port = many\n", "configuration file"),
        ("postmaster.pid", "", "postmaster.pid. is empty"),
    ],
)
def test_the_reason_for_which_it_does_not_start_is_told(
    name: str, content: str, reason: str, folder: Path
) -> None:
    use(folder)
    (folder / "postgres" / name).write_text(content, "utf-8")
    with pytest.raises(DatabaseError, match=reason):
        connect(Settings(_env_file=None, data_dir=folder))
