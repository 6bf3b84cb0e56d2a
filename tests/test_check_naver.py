"""The check of Naver's page, as a user runs it and as a flow."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from flows.check_naver import GOLDEN_QUERIES, check_naver, main
from tasks.errors import PageChangedError
from tests.naver_replica.faults import Fault
from tests.naver_replica.results import subject_of
from tests.naver_replica.serving import Replica
from tests.support.leftovers import processes, until_nothing_is_left
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("database")

SCRIPT = Path(__file__).parents[1] / "flows" / "check_naver.py"


def test_the_table_shows_every_way_of_reading(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url)

    assert main(["고양이"]) == 0
    shown = capsys.readouterr().out
    for words in ("embedded data", "continuation", "tiles", "144 candidates can be had."):
        assert words in shown
    assert "has probably changed" not in shown


def test_a_way_that_broke_is_named_while_the_others_go_on(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url_with(Fault.RENAMED_TILES))

    assert main(["고양이", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    counts = {part["strategy"]: part["candidates"] for part in report["strategies"]}
    assert counts == {"embedded data": 48, "continuation": 96, "tiles": 0}


def test_the_flow_fails_as_soon_as_one_way_is_broken(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url_with(Fault.RENAMED_TILES))

    with pytest.raises(PageChangedError, match="Nothing was found in: tiles"):
        check_naver.fn("고양이")


def test_the_golden_queries_are_checked_where_none_is_named(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url)
    names = [way["query"] for way in json.loads(GOLDEN_QUERIES.read_text())]
    golden = tmp_path / "golden_queries.json"
    ways = ["embedded data", "continuation", "tiles"]
    queries = [name for name in names if subject_of(name)]
    golden.write_text(json.dumps([{"query": name, "strategies": ways} for name in queries]))
    monkeypatch.setattr("flows.check_naver.GOLDEN_QUERIES", golden)
    assert len(queries) > 1
    assert [report["query"] for report in check_naver.fn()] == queries


def test_what_was_seen_is_kept_for_a_bug_report(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url)
    assert main(["고양이", "--save", str(tmp_path / "seen")]) == 0
    seen = {path.name: path.read_bytes() for path in (tmp_path / "seen").iterdir()}
    assert set(seen) == {"page.html", "page.png", "response-1.txt"}
    assert b"imageSearchTabData" in seen["page.html"]
    assert seen["page.png"].startswith(b"\x89PNG")
    assert seen["response-1.txt"].count(b'"imgId"') == 96


def test_a_block_page_is_kept_too_and_the_source_rests(
    replica: Replica,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url)
    assert main(["차단", "--save", str(tmp_path / "seen")]) == 1
    assert "is left alone until" in capsys.readouterr().err
    assert "비정상적인" in (tmp_path / "seen" / "page.html").read_text()
    assert main(["고양이"]) == 1
    assert "refused this program lately" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "cause"),
    [("차단", "refuses this network"), ("없는검색어", "has no images")],
)
def test_a_failure_is_one_sentence_and_exit_code_1(
    replica: Replica,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    query: str,
    cause: str,
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url)

    assert main([query]) == 1
    captured = capsys.readouterr()
    assert cause in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    "arguments", [[], [" "], ["\u3000"], ["a\x1bb"], ["\udcff"], ["고양이", "--no-such-option"]]
)
def test_bad_arguments_are_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_browser_too(replica: Replica, number: signal.Signals) -> None:
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        environment = os.environ | replica.environment(Fault.STALLED) | {"TMPDIR": path}
        process = subprocess.Popen(
            [sys.executable, SCRIPT, "고양이"], env=environment, stderr=subprocess.PIPE, text=True
        )
        until(lambda: len(processes(Path(path))) >= 4 or process.poll() is not None, "Chrome", 60)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

        assert process.returncode == 130
        assert "Traceback" not in errors
        until_nothing_is_left(Path(path))
