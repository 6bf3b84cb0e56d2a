"""Choosing again among what a job has collected."""

import json
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from flows import reselect
from flows.request import CollectRequest
from flows.reselect import Asked
from tasks.database.jobs_table import Jobs
from tasks.dataset import claim, finished, write_dataset
from tasks.jobs import Status
from tasks.ledger import Decision
from tasks.records import Accepted, Rejected
from tasks.selection import choose_among
from tasks.settings import Settings
from tasks.workspace import Workspace
from tests.support.images import image_file
from tests.support.records import a_candidate, a_record, an_image, rows
from tests.support.vectors import group
from words import Message

SUBJECT, RIVAL, STRAYS = range(1, 13), range(13, 20), range(20, 23)
COPY, BLURRED = 23, 24


@pytest.fixture
def out_dir(tmp_path: Path, jobs: Jobs) -> Path:
    """The dataset of job a1: 12 of the subject, 7 of a rival, 3 strays, a copy, a blurred one."""
    folder = tmp_path / "사과"
    request = CollectRequest(query="사과", limit=10, eps=0.18, model="tiny")
    asked = request.model_dump(mode="json", exclude={"job_id"})
    workspace = claim(folder, "a1", asked)
    images = [an_image(workspace, rank, image_file(seed=rank)) for rank in range(1, COPY)]
    images.append(replace(images[0], candidate=a_candidate(COPY)))
    blurred = Rejected(
        a_candidate(BLURRED), "blurred",
        Message("note.sharpness_below", {"sharpness": 3.0, "least": 50.0}),
        source_sha256=workspace.save_image(blurred := image_file(seed=99), blurred),
    )  # fmt: skip
    strays = np.eye(64, dtype=np.float32)[5:8]
    vectors = np.concatenate([group(0, 12, 0.03, 1), group(1, 7, 0.03, 2), strays])
    fill(workspace, [*images, blurred], np.concatenate([vectors, vectors[:1]]))
    selection = choose_among(workspace, 1, model="tiny", criteria=request.criteria)
    record = a_record(selection, request=asked, choice=asdict(selection.choice))
    write_dataset(workspace, folder, selection, record)
    workspace.discard()
    jobs.begin(
        job_id="a1", flow_run_id="b2", request=asked, out_dir=str(folder), since=datetime.now(UTC)
    )
    jobs.end("b2", Status.DONE)
    return folder


def fill(workspace: Workspace, results: list[Accepted | Rejected], vectors: np.ndarray) -> None:
    workspace.add_batch([result.candidate for result in results])
    workspace.save_results(0, results)
    workspace.save_vectors(0, "tiny", vectors)
    workspace.set_text("tiny", vectors.mean(axis=0))


def again(**asked: object) -> Path:
    return reselect.reselect("a1", Asked(**asked), Settings())[0]


def chosen(folder: Path) -> set[object]:
    return {row["rank"] for row in rows(folder / "manifest.jsonl")}


def by_rank(folder: Path) -> dict[object, dict[str, object]]:
    return {row["rank"]: row for row in rows(folder / "decisions.jsonl")}


def adds_up(folder: Path) -> bool:
    counts = json.loads((folder / "job.json").read_text())["counts"]
    decisions = rows(folder / "decisions.jsonl")
    reasons = Counter(row["reason"] for row in decisions if not row["is_chosen"])
    is_counted = reasons == counts["reasons"] and counts["found"] == len(decisions) == BLURRED
    return is_counted and counts["found"] == counts["chosen"] + reasons.total()


def listed(tmp_path: Path, *names: object) -> Path:
    path = tmp_path / "list.txt"
    path.write_text("# by hand\n\n" + "\n".join(map(str, names)))
    return path


def test_the_same_choice_is_the_same_dataset_beside_the_old(out_dir: Path, jobs: Jobs) -> None:
    before = {path.name: path.read_bytes() for path in out_dir.iterdir() if path.is_file()}
    written = again()
    assert written == out_dir.with_name("사과-v2")
    after = {path.name: path.read_bytes() for path in written.iterdir() if path.is_file()}
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] != before[name]} == {"job.json"}
    refused = {p.name: p.read_bytes() for p in (out_dir / ".rejected").iterdir()}
    assert {p.name: p.read_bytes() for p in (written / ".rejected").iterdir()} == refused
    job = jobs.get("a1")
    assert job
    assert (job.status, job.out_dir, job.count) == (Status.DONE, str(written), 10)
    assert job.request
    assert job.request["out_dir"] == str(written)
    assert again() == out_dir.with_name("사과-v3")
    assert not list(out_dir.parent.glob(".*"))
    assert finished(out_dir, "a1") == finished(written, "a1")


def test_another_group_can_be_the_subject_and_stays_it(out_dir: Path) -> None:
    written = again(group=2)
    assert chosen(written) == set(RIVAL)
    row = by_rank(written)[1]
    assert row["reason"] == "other_cluster"
    said = "; ".join(str(note) for note in Decision.from_row(row).notes)
    assert said.startswith("belongs to group 1;")
    assert adds_up(written)
    assert chosen(again()) == set(RIVAL)
    assert chosen(again(eps="0.2")) == {*SUBJECT} - {11, 12}


def test_what_is_decided_by_hand_is_recorded_and_stays(out_dir: Path, tmp_path: Path) -> None:
    stray = by_rank(out_dir)[20]
    written = again(
        keep=listed(tmp_path, stray["key"], by_rank(out_dir)[21]["url"]),
    )
    assert chosen(written) == {*range(1, 9), 20, 21}  # 10 are wanted
    assert by_rank(written)[20]["by_hand"] == "kept"
    assert {row["by_hand"] for row in rows(written / "manifest.jsonl")} == {None, "kept"}
    assert adds_up(written)
    written = again(drop=listed(tmp_path, "img_0001.jpg", stray["key"]))
    assert chosen(written) == {*range(2, 11), 21}
    assert {by_rank(written)[rank]["reason"] for rank in (1, 20)} == {"dropped_by_hand"}
    assert by_rank(written)[COPY]["reason"] == "exact_copy"  # what was dropped does not come back
    assert adds_up(written)
    assert chosen(again(eps="auto")) == {*range(2, 11), 21}


def test_nothing_is_changed_where_nothing_can_be_chosen(
    out_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: Jobs
) -> None:
    blurred, copy = (str(by_rank(out_dir)[rank]["key"]) for rank in (BLURRED, COPY))
    cases = [
        (["a1", "--eps", "0.001"], 3, "Nothing would be chosen"),
        (["a1", "--group", "3"], 2, "There are 2 groups"),
        (["a1", "--group", "0"], 2, "There are 2 groups"),
        (["a1", "--eps", "2"], 2, "--eps cannot be used"),
        (["a1", "--keep", str(listed(tmp_path, blurred))], 2, "was rejected before the choice"),
        (["a1", "--keep", str(tmp_path / "none.txt")], 2, "cannot be read"),
        (["zz"], 2, "There is no job zz"),
    ]
    for arguments, code, sentence in cases:
        assert reselect.main(arguments) == code
        assert sentence in capsys.readouterr().err
    both = str(listed(tmp_path, copy))
    assert reselect.main(["a1", "--keep", both, "--drop", both]) == 2
    wrong = str(listed(tmp_path, "img_0099.jpg"))
    assert reselect.main(["a1", "--drop", wrong]) == 2
    assert "has no image img_0099.jpg" in capsys.readouterr().err
    assert {path.name for path in out_dir.parent.iterdir()} == {"사과", "list.txt"}
    job = jobs.get("a1")
    assert job
    assert job.out_dir == str(out_dir)
    (out_dir / ".rejected" / f"{copy}.jpg").unlink()
    assert reselect.main(["a1"]) == 2
    assert "1 of the images to choose from are gone" in capsys.readouterr().err
    (out_dir / "embeddings.npy").unlink()
    assert reselect.main(["a1"]) == 2
    assert "holds nothing to choose from again" in capsys.readouterr().err


def test_a_job_under_way_is_left_alone(
    out_dir: Path, jobs: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs.begin(
        job_id="a1", flow_run_id="c3", request={"query": "사과", "limit": 10},
        out_dir=str(out_dir), since=datetime.now(UTC),
    )  # fmt: skip
    assert reselect.main(["a1"]) == 2
    assert "Job a1 is running" in capsys.readouterr().err
