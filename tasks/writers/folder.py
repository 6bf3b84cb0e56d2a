"""The dataset's folder: the names of its files, and what its writers write of.

img_0001.jpg …     the chosen images, in the order of the search page
.rejected/KEY.jpg  what was downloaded and not chosen, named by the decision's key
decisions.jsonl    one row for every candidate ever seen, chosen or not, with its reason
embeddings.npy     (n, d) float32: the vector of each image, in the row that its decision names
text.npy           (d,) float32: of the text that the images were compared with, where there is one
job.json           parameters, versions, model revision, counts
report.html        all of it to look at
manifest.jsonl     one row for every chosen image; written last: a folder that has it is complete
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.ledger import Decision, JobRecord
from tasks.selection import Selection
from tasks.workspace import Workspace

MANIFEST, DECISIONS, JOB = "manifest.jsonl", "decisions.jsonl", "job.json"
EMBEDDINGS, TEXT, REPORT = "embeddings.npy", "text.npy", "report.html"
REJECTED = ".rejected"
_REJECTED_ONCE = ".refused"  # as versions before 0.2 called it


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset whose images are saved; the rest of its folder is still to be written."""

    folder: Path
    workspace: Workspace
    selection: Selection
    record: JobRecord
    decisions: tuple[Decision, ...]  # on every candidate, in the order of the page


@dataclass(frozen=True, slots=True)
class Writer:
    """What writes a part of the folder: the files it makes, by their names, and how."""

    files: tuple[str, ...]
    write: Callable[[Dataset], None]  # raises ``OutputError``


def image_name(number: int) -> str:
    """Return the name of a chosen image's file; 1 is the first."""
    return f"img_{number:04d}.jpg"


def rejected_folder(folder: Path) -> Path:
    """Return where a dataset keeps the images that were not chosen."""
    earlier = folder / _REJECTED_ONCE
    return earlier if earlier.is_dir() else folder / REJECTED


def image_path(folder: Path, decision: Decision) -> Path:
    """Return where the image of a decision lies, if it was kept."""
    return (
        folder / decision.file if decision.file else rejected_folder(folder) / f"{decision.key}.jpg"
    )
