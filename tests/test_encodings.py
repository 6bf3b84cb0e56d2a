"""Runs in locales without Hangul, on terminals without it, and in folders of odd names."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.flawed_files import AS_SHOWN, CUT_SHORT, REFUSED, WHOLE
from tests.support.images import image_file

ROOT = Path(__file__).parents[1]
WITHOUT_HANGUL = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
FLAWED = AS_SHOWN | REFUSED | CUT_SHORT | WHOLE
UNREADABLE = {"not_an_image", "unsupported_format", "undecodable", "too_many_pixels", "too_long"}
EUC_KR = "ko_KR.EUC-KR"


def run(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False,
        env=os.environ | {"DATA_DIR": str(data_dir)} | environment,
    )  # fmt: skip


def folder_of_images(folder: Path, count: int = 12) -> Path:
    folder.mkdir()
    for seed in range(count):
        (folder / f"사과 {seed}.jpg").write_bytes(image_file(seed=seed))
    return folder


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "euc-kr", "latin-1"])
def test_what_a_terminal_does_not_have_is_shown_otherwise(encoding: str, tmp_path: Path) -> None:
    arguments = ("flows/collect.py", "사과 ☃", "--lang", "ko", "--source", "files")
    wrong = run(tmp_path, *arguments, "--input", "없는 폴더 ☃", PYTHONIOENCODING=encoding)
    assert wrong.returncode == 2
    assert rb"\u2603" in wrong.stderr
    told = run(tmp_path, "flows/collect.py", "--help", "--lang", "ko", PYTHONIOENCODING=encoding)
    assert told.returncode == 0
    text = told.stdout.decode(encoding)
    assert ("옵션" in text) == (encoding in ("cp949", "euc-kr"))


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "latin-1"])
def test_json_means_the_same_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    missing = "없는 é \N{GRINNING FACE}"
    wrong = run(
        tmp_path, "flows/collect.py", "사과", "--source", "files", "--input", missing, "--json",
        PYTHONIOENCODING=encoding,
    )  # fmt: skip
    assert missing in json.loads(wrong.stdout.decode(encoding))["error"]
    assert wrong.returncode == 2


@pytest.mark.parametrize("redirection", ["1>&-", "2>&-", ">/dev/full 2>&1", "2>&1 | true"])
@pytest.mark.parametrize(("arguments", "code"), [("--help", 0), ("a --limit none", 2)])
def test_no_output_changes_how_a_command_ends(
    redirection: str, arguments: str, code: int, tmp_path: Path
) -> None:
    command = f'"{sys.executable}" flows/collect.py {arguments}'
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{{ {command}; echo $? >&3; }} 3>'{tmp_path}/code' {redirection}"],
        cwd=ROOT, capture_output=True, check=False, env=os.environ | {"DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (tmp_path / "code").read_text("utf-8") == f"{code}\n"
    assert b"Traceback" not in ended.stdout + ended.stderr
    assert b"Exception ignored" not in ended.stderr


@pytest.fixture
def euc_kr(tmp_path: Path) -> dict[str, str]:
    """Make a locale of Korean as it was before UTF-8."""
    if not (compiler := shutil.which("localedef")):
        pytest.skip("localedef is not installed")
    folder = tmp_path / "locales"
    folder.mkdir()
    made = [compiler, "-i", "ko_KR", "-f", "EUC-KR", str(folder / EUC_KR)]
    subprocess.run(made, check=True, capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": EUC_KR}


def test_a_run_works_in_a_locale_of_another_encoding(
    tmp_path: Path, euc_kr: dict[str, str]
) -> None:
    images = folder_of_images(tmp_path / "images")
    query = os.fsdecode("사과 조각".encode("euc-kr"))
    ended = run(
        tmp_path, "flows/collect.py", query, "--source", "files", "--input", str(images),
        "--limit", "5", "--eps", "1", "--json", "--model", "tests/tiny_clip", **euc_kr,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout.decode("euc-kr"))
    job = Path(report["out_dir"]) / "job.json"
    assert json.loads(job.read_text("utf-8"))["query"] == "사과 조각"
    again = run(tmp_path, "flows/collect.py", "--job-id", report["job_id"], **euc_kr)
    assert "사과 조각" in again.stdout.decode("euc-kr")


def test_a_run_and_what_follows_it_work_in_a_locale_without_hangul(tmp_path: Path) -> None:
    data_dir = tmp_path / "내 데이터 (1) 100%"
    images = folder_of_images(tmp_path / "사진 'a' \"b\"")
    out_dir = tmp_path / "사과 $1"
    asked = ("--source", "files", "--input", str(images), "--limit", "5", "--eps", "1")
    ended = run(
        data_dir, "flows/collect.py", "사과 조각", *asked, "--out-dir", str(out_dir), "--json",
        "--model", "tests/tiny_clip", **WITHOUT_HANGUL,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    job = json.loads(ended.stdout)["job_id"]
    record = json.loads((out_dir / "job.json").read_text("utf-8"))
    assert record["query"] == "사과 조각"
    again = run(data_dir, "flows/collect.py", "--job-id", job, **WITHOUT_HANGUL)
    assert again.returncode == 0, again.stderr
    chosen = run(data_dir, "flows/reselect.py", job, "--eps", "0.9", **WITHOUT_HANGUL)
    assert chosen.returncode == 0, chosen.stderr


@pytest.mark.timeout(300)
def test_a_run_over_all_that_is_flawed_among_what_is_good_ends_well_in_a_checkout_of_any_name(
    tmp_path: Path, euc_kr: dict[str, str]
) -> None:
    checkout = tmp_path / "내 프로젝트 (1) 100%"
    for part in ("flows", "tasks", "words"):
        shutil.copytree(ROOT / part, checkout / part)
    images = folder_of_images(tmp_path / "images", 100)
    for number, data in enumerate(FLAWED.values()):
        (images / f"flawed {number}").write_bytes(data)
    as_make = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "ascii"}
    environment = os.environ | euc_kr | as_make | {"PYTHONPATH": str(checkout)}
    environment.pop("DATA_DIR", None)
    ended = subprocess.run(
        [
            *(sys.executable, "flows/collect.py", os.fsdecode("사과 조각".encode("euc-kr"))),
            *("--source", "files", "--input", str(images), "--limit", "1000", "--eps", "1"),
            *("--model", str(ROOT / "tests/tiny_clip"), "--min-side", "30", "--min-sharpness", "0"),
            "--json",
        ],
        cwd=checkout, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout.decode("ascii"))
    counts, out_dir = report["waterfall"], Path(report["out_dir"])
    assert counts["found"] == 100 + len(FLAWED)
    assert out_dir.is_relative_to(checkout)
    rows = list(map(json.loads, (out_dir / "decisions.jsonl").read_text("utf-8").splitlines()))
    fates = {str(row["title"]): row["reason"] for row in rows}
    assert len(rows) == counts["found"] == counts["chosen"] + sum(counts["reasons"].values())
    for number, name in enumerate(FLAWED):
        is_refused = fates[f"flawed {number}"] in UNREADABLE
        assert is_refused == (name in REFUSED or name in CUT_SHORT), (name, fates)
    chosen = sorted(out_dir.glob("img_*.jpg"))
    assert len(chosen) == counts["chosen"] >= 100
    for path in chosen:
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            image.load()
