"""What a dataset keeps of the images that were not chosen."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.dataset import write_dataset
from tasks.download import download_batch
from tasks.errors import OutputError
from tasks.images.saving import saved_bytes
from tasks.ledger import Decision
from tasks.quality import QualityLimits
from tasks.records import (
    Accepted,
    Address,
    AddressKind,
    Candidate,
    Reason,
    Rejected,
    Verdict,
)
from tasks.selection import Choice, Selection
from tasks.subject.clustering import Outcome
from tasks.workspace import Workspace
from tasks.writers.folder import Dataset
from tasks.writers.rejected import write_rejected
from tests.support.images import image_file
from tests.support.records import a_candidate, a_record, an_image
from words import Message, verbatim

SMALL = Message("note.short_side_below", {"short_side": 200, "least": 300})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "out" / ".work")


def kept(workspace: Workspace) -> set[str]:
    return {path.stem for path in (workspace.root.parent / ".rejected").iterdir()}


def a_selection(*results: Accepted | Rejected) -> Selection:
    """Return a selection that chose none of these yet."""
    images = tuple(result for result in results if isinstance(result, Accepted))
    return Selection(
        images,
        np.eye(len(images), 4, dtype=np.float32),
        tuple(result for result in results if isinstance(result, Rejected)),
        {image.key: Verdict(Reason.NO_SUBJECT) for image in images},
        Choice(Outcome.NONE, 0.18, None),
    )


def keep(workspace: Workspace, *results: Accepted | Rejected) -> None:
    """Keep what these results rejected, as the writer of a whole dataset does."""
    selection = a_selection(*results)
    decisions = tuple(Decision.of(result, query="사과") for result in results)
    folder = workspace.root.parent
    write_rejected(Dataset(folder, workspace, selection, a_record(selection), decisions))


def test_a_dataset_keeps_what_it_rejected_whole_or_small(workspace: Workspace) -> None:
    out_dir = workspace.root.parent
    first, noise = (an_image(workspace, rank, image_file(400 + rank, 900)) for rank in (1, 2))
    data = image_file(200, 500)
    small = Rejected(
        a_candidate(5), "too_small", SMALL, source_sha256=workspace.save_image(data, data)
    )
    broken = Rejected(
        a_candidate(3),
        "too_small",
        SMALL,
        source_sha256=workspace.save_image(b"no image", b"no image"),
    )
    lost = Rejected(a_candidate(4), Reason.HTTP_ERROR, verbatim("status 404"))
    selection = Selection(
        (first, noise),
        np.eye(2, dtype=np.float32),
        (broken, lost, small),
        {first.key: Verdict(None), noise.key: Verdict(Reason.NOISE)},
        Choice(Outcome.CLEAR, 0.18, 1),
    )
    write_dataset(workspace, out_dir, selection, a_record(selection))
    assert kept(workspace) == {noise.key, small.key}
    whole = out_dir / ".rejected" / f"{noise.key}.jpg"
    assert whole.read_bytes() == saved_bytes(image_file(402, 900))
    with Image.open(out_dir / ".rejected" / f"{small.key}.jpg") as shown:
        assert max(shown.size) == 320
    assert whole.stat().st_mtime_ns <= (out_dir / "manifest.jsonl").stat().st_mtime_ns


def test_without_a_subject_every_image_is_kept(workspace: Workspace) -> None:
    images = [an_image(workspace, rank, image_file(400 + rank, 900)) for rank in (1, 2)]
    selection = a_selection(*images)
    write_dataset(workspace, workspace.root.parent, selection, a_record(selection))
    assert kept(workspace) == {image.key for image in images}


def test_what_a_resumed_run_chooses_is_rejected_no_more(workspace: Workspace) -> None:
    out_dir = workspace.root.parent
    images = [an_image(workspace, rank, image_file(400 + rank, 900)) for rank in (1, 2)]
    keep(workspace, *images)
    assert kept(workspace) == {image.key for image in images}
    before = (out_dir / ".rejected" / f"{images[1].key}.jpg").stat().st_mtime_ns
    keep(workspace, images[1])
    assert kept(workspace) == {images[1].key}
    assert (out_dir / ".rejected" / f"{images[1].key}.jpg").stat().st_mtime_ns == before


def test_a_folder_of_an_earlier_version_keeps_its_name(workspace: Workspace) -> None:
    (workspace.root.parent / ".refused").mkdir(parents=True)
    keep(workspace, an_image(workspace, 1, image_file(400, 900)))
    assert not (workspace.root.parent / ".rejected").exists()
    assert len(list((workspace.root.parent / ".refused").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_said(workspace: Workspace) -> None:
    image = an_image(workspace, 1, image_file(400, 900))
    (workspace.root.parent / ".rejected").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        keep(workspace, image)


@pytest.mark.parametrize("data", [image_file(500, 120), image_file(8, 8, "PNG")])
def test_an_image_rejected_for_its_quality_is_kept_for_its_thumbnail(
    data: bytes, workspace: Workspace, tmp_path: Path
) -> None:
    source = tmp_path / "image"
    source.write_bytes(data)
    candidate = Candidate((Address(source.as_uri(), AddressKind.FILE),), 1, "files")
    number = download_batch(workspace, workspace.add_batch([candidate]), limits=QualityLimits())
    (result,) = workspace.results(number) or ()
    assert isinstance(result, Rejected)
    assert result.reason == "too_small"
    keep(workspace, result)
    assert kept(workspace) == {candidate.key}
