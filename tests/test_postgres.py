"""The embedded Postgres, in folders of every name that the file system takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.database.postgres import _safe_path

_USED = """
from tasks.database.jobs_table import Jobs
from tasks.settings import Settings
with Jobs.open(Settings()) as jobs:
    print(len(jobs.unfinished()))
"""


@pytest.mark.parametrize(
    "name",
    ["내 데이터 (1) 100%", "a b'c\"d", "a$b`c\\d", "a?b&c;d#e,f:g=h@i", "-a", "x" * 120],
)
def test_the_database_lies_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    environment = os.environ | {"DATA_DIR": str(folder)}
    for name_of_setting in ("PGHOST", "DATABASE_URL"):
        environment.pop(name_of_setting, None)
    for _ in range(2):  # made, then found again
        done = subprocess.run(
            [sys.executable, "-c", _USED], capture_output=True, text=True, check=False,
            env=environment, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr
    assert (folder / "postgres" / "PG_VERSION").is_file()


def test_a_link_that_somebody_else_put_in_the_way_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = tmp_path / "my data" / "postgres"
    folder.mkdir(parents=True)
    place = _safe_path(folder).parent
    (place / "postgres").unlink()
    place.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.symlink_to(elsewhere)
    with pytest.raises(PermissionError):
        _safe_path(folder)
