"""The small pictures of what was refused."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tasks.dataset import write_dataset
from tasks.download import download_batch
from tasks.errors import OutputError
from tasks.images.saving import saved_bytes
from tasks.images.thumbnails import ThumbnailError, keep_refused, thumbnail
from tasks.quality import QualityLimits, examine
from tasks.records import (
    Address,
    AddressKind,
    Attempt,
    Candidate,
    Picture,
    Reason,
    Rejected,
    Verdict,
)
from tasks.selection import Choice, Selection
from tasks.subject.clustering import Outcome
from tasks.workspace import Workspace

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def image_file(width: int, height: int, file_format: str = "JPEG", **options: object) -> bytes:
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, file_format, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(1600, 800, (320, 160)), (400, 900, (142, 320)), (200, 100, (200, 100)), (3000, 3, (320, 1))],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_thumbnail_is_as_large_as_asked_and_never_enlarged(
    width: int, height: int, expected: tuple[int, int], file_format: str
) -> None:
    small = Image.open(BytesIO(thumbnail(image_file(width, height, file_format), 320)))
    assert (small.format, small.mode) == ("JPEG", "RGB")
    assert small.size == expected


def test_a_thumbnail_stands_upright_and_carries_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a secret camera"
    data = thumbnail(image_file(640, 320, exif=exif, comment=b"a secret", icc_profile=PROFILE), 320)
    small = Image.open(BytesIO(data))
    assert small.size == (160, 320)
    assert not small.getexif()
    assert b"secret" not in data
    assert small.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_what_is_transparent_is_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(out, "PNG")
    assert Image.open(BytesIO(thumbnail(out.getvalue(), 160))).getpixel((25, 25)) == (255,) * 3


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", image_file(400, 400)[:900]])
def test_what_is_no_picture_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises(ThumbnailError):
        thumbnail(data, 320)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        thumbnail(tmp_path / "no.jpg", 320)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "out" / ".work")


def a_candidate(rank: int) -> Candidate:
    return Candidate((Address(f"http://example.com/{rank}"),), rank, "naver")


def a_picture(workspace: Workspace, rank: int, data: bytes) -> Picture:
    file_format, measures = examine(data, QualityLimits())
    candidate = a_candidate(rank)
    attempts = (Attempt(candidate.url, AddressKind.ORIGINAL, "ok"),)
    return Picture(candidate, attempts, file_format, workspace.save_image(data), measures)


def kept(workspace: Workspace) -> set[str]:
    return {path.stem for path in (workspace.root.parent / ".refused").iterdir()}


def test_a_dataset_keeps_what_it_refused_whole_or_small(workspace: Workspace) -> None:
    out_dir = workspace.root.parent
    first, noise = (a_picture(workspace, rank, image_file(400 + rank, 900)) for rank in (1, 2))
    data = image_file(200, 500)
    small = Rejected(a_candidate(5), Reason.TOO_SMALL, "", source_sha256=workspace.save_image(data))
    broken = Rejected(
        a_candidate(3), Reason.TOO_SMALL, "", source_sha256=workspace.save_image(b"no picture")
    )
    lost = Rejected(a_candidate(4), Reason.HTTP_ERROR, "status 404")
    verdicts = {first.key: Verdict(None), noise.key: Verdict(Reason.NOISE)}
    selection = Selection(
        (first, noise),
        np.eye(2, dtype=np.float32),
        (broken, lost, small),
        verdicts,
        Outcome.CLEAR,
        0.18,
    )
    write_dataset.fn(workspace, out_dir, selection, {"id": "a1", "query": "사과"})
    assert kept(workspace) == {noise.key, small.key}
    whole = out_dir / ".refused" / f"{noise.key}.jpg"
    assert whole.read_bytes() == saved_bytes(image_file(402, 900))
    with Image.open(out_dir / ".refused" / f"{small.key}.jpg") as shown:
        assert max(shown.size) == 320
    assert whole.stat().st_mtime_ns <= (out_dir / "manifest.jsonl").stat().st_mtime_ns


def test_without_a_subject_every_picture_is_kept(workspace: Workspace) -> None:
    pictures = tuple(a_picture(workspace, rank, image_file(400 + rank, 900)) for rank in (1, 2))
    verdicts = {picture.key: Verdict(Reason.NO_SUBJECT) for picture in pictures}
    selection = Selection(
        pictures, np.eye(2, dtype=np.float32), (), verdicts, Choice(Outcome.NONE, 0.18, None)
    )
    write_dataset.fn(workspace, workspace.root.parent, selection, {"id": "a1", "query": "사과"})
    assert kept(workspace) == set(verdicts)


def test_what_a_resumed_run_chooses_is_refused_no_more(workspace: Workspace) -> None:
    out_dir = workspace.root.parent
    pictures = [a_picture(workspace, rank, image_file(400 + rank, 900)) for rank in (1, 2)]
    assert keep_refused(workspace, out_dir, pictures) == 2
    before = (out_dir / ".refused" / f"{pictures[1].key}.jpg").stat().st_mtime_ns
    assert keep_refused(workspace, out_dir, pictures[1:]) == 1
    assert kept(workspace) == {pictures[1].key}
    assert (out_dir / ".refused" / f"{pictures[1].key}.jpg").stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_said(workspace: Workspace) -> None:
    picture = a_picture(workspace, 1, image_file(400, 900))
    (workspace.root.parent / ".refused").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        keep_refused(workspace, workspace.root.parent, [picture])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (image_file(500, 120), Reason.TOO_SMALL),
        (image_file(8, 8, "PNG"), Reason.TOO_SMALL),
    ],
)
def test_a_picture_refused_for_its_quality_is_kept_for_its_thumbnail(
    data: bytes, reason: Reason, workspace: Workspace, tmp_path: Path
) -> None:
    source = tmp_path / "picture"
    source.write_bytes(data)
    candidate = Candidate((Address(source.as_uri(), AddressKind.FILE),), 1, "files")
    number = download_batch.fn(workspace, workspace.add_batch([candidate]), QualityLimits())
    (result,) = workspace.results(number) or ()
    assert isinstance(result, Rejected)
    assert result.reason is reason
    assert keep_refused(workspace, workspace.root.parent, [result]) == 1
    assert kept(workspace) == {candidate.key}
