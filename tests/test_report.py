"""The page that shows what a run chose and what not."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.dataset import write_dataset
from tasks.ledger import Decision, JobRecord
from tasks.records import Reason, Waterfall
from tasks.report import project, report
from tasks.workspace import Workspace
from tests.support.images import image_file
from tests.support.records import a_record, a_selection
from words import verbatim

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'> \ud800 사과"


class Tags(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def decision(rank: int, reason: Reason | None, **more: Any) -> Decision:
    known = {
        "rank": rank, "title": f"사과 {rank}", "page_url": "https://example.com/a?b&c",
        "is_chosen": reason is None, "reason": reason, "embedding": rank - 1,
        "file": f"img_{rank:04d}.jpg" if reason is None else None, "key": f"{rank:016x}",
    }  # fmt: skip
    return Decision(**known | more)


def about(**more: Any) -> JobRecord:
    known = {
        "id": "a1",
        "query": "사과",
        "counts": Waterfall(3, 3, 3, 3, 2, 1, {"noise": 1, "over_limit": 1}),
        "versions": {"python": "3.11"},
        "choice": {"outcome": "ambiguous", "eps": 0.2, "group": 1, "by_hand": False},
        "request": {"eps": "auto", "limit": 1, "out_dir": None},
    }
    return JobRecord(**known | more)


def test_a_dataset_has_its_report(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / ".work")
    selection = a_selection(workspace)
    write_dataset(workspace, tmp_path, selection, a_record(selection))
    page = (tmp_path / "report.html").read_text()
    tags = Tags(page)
    assert len(tags.of("circle")) == 3  # the one that could not be fetched has no vector
    assert len(tags.of("img")) == 3
    assert re.findall(r'<h2 id="(\w+)">[\w ]+ <small>(\d)</small>', page) == [
        ("chosen", "2"), ("http_error", "1"), ("noise", "1"),
    ]  # fmt: skip
    assert page.index('<td class="count">4<') < page.index('<td class="count">2<')


def test_what_comes_from_the_web_stays_text(tmp_path: Path) -> None:
    (tmp_path / "img_0001.jpg").write_bytes(image_file(300, 200))
    page_url, notes = f"https://example.com/{HOSTILE}", (verbatim(HOSTILE),)
    decisions = [
        decision(1, None, title=HOSTILE, notes=notes, page_url=page_url),
        decision(2, Reason.NOISE, title=HOSTILE, page_url="javascript:alert(3)"),
        decision(3, Reason.OVER_LIMIT),
    ]
    page = report(
        about(query=HOSTILE, request={HOSTILE: HOSTILE}), decisions,
        vectors=np.eye(3, 8, dtype="f4"), folder=tmp_path, language="en",
    )  # fmt: skip
    tags = Tags(page)
    names = {tag for tag, _ in tags.found}
    assert not names & {"script", "link", "iframe", "object"}
    for _, attributes in tags.found:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("href") or "https://").startswith("https://")
    assert len(tags.of("img")) == 1
    assert "The choice is ambiguous." in page


def test_the_map_keeps_what_is_alike_together() -> None:
    rng = np.random.default_rng(1)
    centres = np.eye(2, 64).repeat(20, axis=0)
    vectors = (centres + rng.normal(0, 0.02, centres.shape)).astype(np.float32)
    places = project(vectors)
    assert places.min() >= 0
    assert places.max() <= 1
    inside = np.ptp(places[:20, 0])
    between = abs(places[:20, 0].mean() - places[20:, 0].mean())
    assert inside < between / 3
    np.testing.assert_array_equal(project(vectors), places)


@pytest.mark.parametrize("shape", [(0, 0), (1, 8), (2, 8)])
def test_few_images_have_a_map_too(shape: tuple[int, int], tmp_path: Path) -> None:
    decisions = [decision(rank, Reason.NO_SUBJECT) for rank in range(1, shape[0] + 1)]
    vectors = np.ones(shape, np.float32)
    page = report(about(), decisions, vectors=vectors, folder=tmp_path, language="en")
    assert len(Tags(page).of("circle")) == shape[0]
    assert "nan" not in page


def test_the_report_speaks_the_language_it_is_asked_for(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / ".work")
    selection = a_selection(workspace)
    record = a_record(
        selection, request={"lang": "ko"}, choice={"outcome": "clear", "by_hand": False}
    )
    write_dataset(workspace, tmp_path, selection, record)
    page = (tmp_path / "report.html").read_text()
    assert '<html lang="ko">' in page
    assert "주제가 분명합니다." in page
    assert "응답 상태 404" not in page  # what never came has no image to say it of
    assert not re.search(r">(Chosen|Found|Parameters)<", page)
