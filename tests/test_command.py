"""Mistakes on the command line: told at once, before anything was begun, and with what helps."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.command import main
from tasks.settings import PROJECT_DIR
from tests.conftest import TINY_CLIP

NO_KEYS = {"NAVER_CLIENT_ID": "", "NAVER_CLIENT_SECRET": ""}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--source", "files", "--input", "{tmp}/none"], 2, "There is no {tmp}/none."),
        (["--source", "files", "--input", "{tmp}"], 2, "{tmp} holds no file"),
        (["--source", "files", "--input", "{tmp}/list.txt"], 2, "line 2: 'ftp://a' is no http"),
        (["--source", "naver-api"], 1, "NAVER_CLIENT_ID"),
        (
            ["--licence", "any", "--source", "files", "--input", "{tmp}", "--size", "large"],
            2,
            "size",
        ),
        (["--model", "{tmp}"], 1, "holds no checkpoint"),
        (["--model", "./none"], 1, "There is no folder none"),
        (["--model", "a/b/c"], 1, "owner/name"),
        (["--out-dir", "{tmp}/list.txt"], 2, "not an empty folder"),
        (["--out-dir", "{tmp}/list.txt/out"], 1, "cannot be written: Not a directory"),
        (["--out-dir", "/proc/none"], 1, "cannot be written"),
    ],
)
def test_a_mistake_is_told_before_anything_is_begun(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "list.txt").write_text("http://example.com/1.jpg\nftp://a\n")
    folder = tmp_path if "list" in str(arguments) else tmp_path / "empty"
    folder.mkdir(exist_ok=True)
    for name, value in NO_KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setitem(sys.modules, "flows.running", None)  # nothing is run
    asked = [argument.format(tmp=folder) for argument in arguments]
    assert main(["사과", "--lang", "en", *asked]) == code
    assert said.format(tmp=folder) in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["사과", "--color", "red"], "is --colour meant?"),
        (["사과", "--license=any"], "is --licence meant?"),
        (["사과", "--limt", "5"], "is --limit meant?"),
        (["사과", "--zzz"], "There is no option --zzz. See --help."),
        (["사과", "바나나"], "“바나나” is one argument too many: put quotes"),
        (["빨간", "사과", "--limit", "5"], "“사과” is one argument too many"),
    ],
)
def test_what_may_have_been_meant_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--lang", "en"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_help_lists_the_values_of_each_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help", "--lang", "en"])
    text = " ".join(capsys.readouterr().out.split())
    for values in ("any, small, medium, large", "largest, ask, fail", "auto, cpu, cuda"):
        assert f"One of: {values}." in text


def test_what_a_list_leaves_out_is_not_told_before_the_run_tells_it(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("http://example.com/1.jpg\n\x1b[2J\n")
    asked = ["사과", "--source", "files", "--input", str(tmp_path / "list.txt"), "--skip-bad"]
    done = subprocess.run(
        [sys.executable, "flows/collect.py", *asked, "--model", "./none", "--lang", "en"],
        cwd=PROJECT_DIR, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert line.startswith("There is no folder none")


def test_a_mistake_is_told_without_what_takes_seconds_to_import() -> None:
    program = (
        "import sys; from flows.command import main; code = main(['사과', '--model', './none']);"
        "print(code, {'torch', 'sklearn', 'prefect', 'uvicorn'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_DIR, stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == b"1 set()\n"


def test_a_checkpoint_that_is_there_is_not_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["사과", "--model", str(TINY_CLIP), "--source", "files", "--input", str(tmp_path / "x")]
    assert main(asked) == 2
    assert "x" in capsys.readouterr().err
