"""The output folder: what is in it, what never is, and when it counts as whole."""

import json
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tasks.dataset import WRITERS, claim, finished, write_dataset
from tasks.errors import BadRequestError, OutputError
from tasks.images.decoding import decode
from tasks.images.saving import saved_bytes
from tasks.records import (
    Reason,
    Verdict,
)
from tasks.selection import Choice
from tasks.subject.clustering import Outcome
from tasks.workspace import Workspace
from tests.support.images import image_file
from tests.support.records import a_record, a_selection, rows
from words import Message

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
REQUEST = {"query": "사과", "source": "naver", "min_side": 300, "min_sharpness": 50.0, "eps": 0.18}
VECTORS = np.eye(3, 4, dtype=np.float32)
OF_WRITERS = {name for writer in WRITERS for name in writer.files}
STATUS_404 = Message("note.status", {"status": 404})


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010F] = "a secret camera"
    return made


def test_an_upright_jpeg_keeps_its_pixels_and_profile_and_nothing_else() -> None:
    before = image_file(exif=exif(1), icc_profile=PROFILE, comment=b"a secret")
    after = saved_bytes(before)
    np.testing.assert_array_equal(decode(after).pixels, decode(before).pixels)
    assert b"secret" not in after
    assert Image.open(BytesIO(after)).info["icc_profile"] == PROFILE


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_jpeg_is_saved_upright(orientation: int) -> None:
    before = image_file(exif=exif(orientation), icc_profile=PROFILE, comment=b"a secret")
    after = saved_bytes(before)
    assert b"secret" not in after
    saved = Image.open(BytesIO(after))
    upright = decode(before).pixels
    assert saved.size == (upright.shape[1], upright.shape[0])
    assert not saved.getexif()
    assert "icc_profile" not in saved.info  # its colours are sRGB
    difference = np.asarray(saved).astype(int) - upright
    assert np.abs(difference).mean() < 12  # noise, encoded anew at quality 95


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "GIF", "BMP", "ICO", "AVIF"])
def test_every_other_format_becomes_a_jpeg(file_format: str) -> None:
    saved = Image.open(BytesIO(saved_bytes(image_file(file_format=file_format))))
    assert (saved.format, saved.mode) == ("JPEG", "RGB")
    assert saved.size == ((256, 248) if file_format == "ICO" else (320, 310))


def test_the_profile_of_other_colours_does_not_stay() -> None:
    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    saved = Image.open(
        BytesIO(saved_bytes(image_file(file_format="PNG", mode="L", icc_profile=grey)))
    )
    assert "icc_profile" not in saved.info


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    return tmp_path / "사과"


@pytest.fixture
def workspace(out_dir: Path) -> Workspace:
    return claim(out_dir, "a1", REQUEST)


def test_the_folder_holds_the_chosen_and_the_whole_record(
    workspace: Workspace, out_dir: Path
) -> None:
    selection = a_selection(workspace)
    write_dataset(workspace, out_dir, selection, a_record(selection))
    names = {p.name for p in out_dir.iterdir()} - {".work"}
    promised = {
        ".rejected", "img_0001.jpg", "img_0002.jpg", "manifest.jsonl", "decisions.jsonl",
        "job.json", "embeddings.npy", "report.html",
    }  # fmt: skip
    assert promised <= names <= promised | OF_WRITERS
    manifest = rows(out_dir / "manifest.jsonl")
    assert list(manifest[0])[:3] == ["query", "file", "source"]
    assert [(r["file"], r["rank"], r["score"]) for r in manifest] == [
        ("img_0001.jpg", 1, 0.9123),
        ("img_0002.jpg", 4, 0.9),
    ]
    for row in manifest:
        data = (out_dir / str(row["file"])).read_bytes()
        assert row["sha256"] == sha256(data).hexdigest()
        assert (row["query"], row["source"]) == ("사과", "naver")
        assert (row["width"], row["height"]) == Image.open(BytesIO(data)).size
    decisions = rows(out_dir / "decisions.jsonl")
    assert [(r["rank"], r["is_chosen"], r["reason"]) for r in decisions] == [
        (1, True, None), (2, False, "noise"), (3, False, "http_error"), (4, True, None),
    ]  # fmt: skip
    assert decisions[2]["attempts"] == [
        {
            "url": "http://example.com/3",
            "kind": "original",
            "outcome": "http_error",
            "note": {"code": "note.status", "values": {"status": 404}},
            "bytes": 0,
        }
    ]
    job = json.loads((out_dir / "job.json").read_text())
    assert (job["counts"]["found"], job["counts"]["chosen"]) == (4, 2)
    assert job["counts"]["reasons"] == {"http_error": 1, "noise": 1}
    assert finished(out_dir, "a1") == selection.waterfall()
    assert finished(out_dir, "another") is None


def test_a_run_that_was_killed_as_it_began_can_go_on(tmp_path: Path) -> None:
    unfinished = [tmp_path / ".work" / ".tmp-1", tmp_path / ".tmp-2"]
    for path in unfinished[:1]:
        path.parent.mkdir()
        path.touch()
    workspace = claim(tmp_path, "a1", REQUEST)
    unfinished[1].touch()
    assert claim(tmp_path, "a1", REQUEST) == workspace
    assert not any(path.exists() for path in unfinished)


def test_without_a_subject_there_are_no_images_and_no_manifest(
    workspace: Workspace, out_dir: Path
) -> None:
    selection = a_selection(workspace)
    verdicts = {key: Verdict(Reason.NO_SUBJECT) for key in selection.verdicts}
    none = replace(selection, verdicts=verdicts, choice=Choice(Outcome.NONE, 0.18, None))
    write_dataset(workspace, out_dir, none, a_record(none))
    names = {p.name for p in out_dir.iterdir()}
    assert {".rejected", ".work", "decisions.jsonl", "job.json", "report.html"} <= names
    assert not [name for name in names if name.startswith(("img_", "manifest"))]
    assert len(rows(out_dir / "decisions.jsonl")) == 4
    assert finished(out_dir, "a1") is None


def test_writing_twice_is_harmless(workspace: Workspace, out_dir: Path) -> None:
    selection = a_selection(workspace)
    write_dataset(workspace, out_dir, selection, a_record(selection))
    first = {p.name: p.read_bytes() for p in out_dir.iterdir() if p.is_file()}
    write_dataset(workspace, out_dir, selection, a_record(selection))
    assert {p.name: p.read_bytes() for p in out_dir.iterdir() if p.is_file()} == first


def test_a_file_that_cannot_be_written_leaves_no_manifest(
    workspace: Workspace, out_dir: Path
) -> None:
    selection = a_selection(workspace)
    (out_dir / "decisions.jsonl").mkdir()
    with pytest.raises(OutputError, match=r"decisions\.jsonl cannot be written"):
        write_dataset(workspace, out_dir, selection, a_record(selection))
    assert not (out_dir / "manifest.jsonl").exists()
    assert not list(out_dir.glob(".tmp-*"))


def test_a_folder_with_other_things_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "img_0001.jpg").write_text("a holiday")
    with pytest.raises(BadRequestError, match="not an empty folder"):
        claim(tmp_path, "a1", REQUEST)
    assert [p.name for p in tmp_path.iterdir()] == ["img_0001.jpg"]
    with pytest.raises(BadRequestError, match="not an empty folder"):
        claim(tmp_path / "img_0001.jpg", "a1", REQUEST)


def test_a_folder_of_another_job_is_refused(workspace: Workspace, out_dir: Path) -> None:
    with pytest.raises(BadRequestError, match="belongs to job a1"):
        claim(out_dir, "b2", REQUEST)


def test_a_folder_under_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        claim(tmp_path / "file" / "out", "a1", REQUEST)
