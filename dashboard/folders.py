"""The folders that the API may write to, and the one where a job's images lie.

Whatever is sent, a dataset's parent is a folder inside the data folder. Names are of letters,
digits and a few signs, so that nothing that only looks like a separator, or means one elsewhere,
comes through.
"""

import re
import unicodedata
from pathlib import Path

from dashboard.errors import BadInputError, NotFoundError
from tasks.characters import has_refused, visible
from tasks.jobs import Job
from tasks.settings import DATASETS, PROJECT_DIR

RESERVED = ("postgres", "prefect", "dashboard")  # not datasets
MAX_DEPTH, MAX_NAME_BYTES = 8, 200
_NAME = re.compile(r"[\w(][\w .,()+=@&-]*(?<![ .])")
_DATASET = ("manifest.jsonl", "decisions.jsonl", "job.json", ".work")


def parent_folder(asked: str | None, data_dir: Path) -> Path:
    """Return the folder below which a job's dataset goes.

    ``asked`` is a path inside the data folder: absolute, relative to it, or beginning with
    ``data/``, which stands for it. Raises ``BadInputError``.
    """
    root = data_dir.absolute()
    text = (asked or "").strip() or DATASETS
    if text.startswith(f"{root}/") or text == str(root):
        text = text[len(str(root)) :].strip("/")
    elif text.startswith("/"):
        raise BadInputError(
            "folder_outside",
            folder=_shown(text),
            root=str(root),
        )
    names = [name for name in text.split("/") if name not in ("", ".")]
    if names[:1] == ["data"]:
        del names[0]
    if len(names) > MAX_DEPTH:
        raise BadInputError("folder_too_deep", depth=MAX_DEPTH)
    for name in names:
        _check(name)
    if names and names[0].casefold() in RESERVED:
        raise BadInputError("folder_not_for_datasets", folder=names[0])
    folder = root.joinpath(*names)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise BadInputError("folder_leads_out", folder=_shown(text))
    for above in (folder, *folder.parents):
        if above == root:
            break
        if above.exists() and not above.is_dir():
            raise BadInputError("folder_is_file", folder=_shown(above.name))
        if any((above / mark).exists() for mark in _DATASET):
            raise BadInputError("folder_is_dataset", folder=_shown(above.name))
    return folder


def input_path(asked: object, data_dir: Path) -> Path:
    """Return the list or folder of images that a run may read; raises ``BadInputError``."""
    path = _inside(asked, data_dir)
    if not path.resolve().is_relative_to(data_dir.resolve()):
        raise BadInputError(
            "input_leads_out",
            path=_shown(str(asked)),
            root=str(data_dir),
        )
    return path


def model_name(asked: str, data_dir: Path) -> str:
    """Return the name of a model on the hub, or its folder, in the data or the project folder.

    Raises ``BadInputError``.
    """
    if re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", asked, re.ASCII):
        is_folder = (PROJECT_DIR / asked).is_dir()
        return str(PROJECT_DIR / asked) if is_folder else asked
    try:
        return str(_inside(asked, PROJECT_DIR))
    except BadInputError:
        return str(_inside(asked, data_dir))


def dataset_folder(job: Job) -> Path:
    """Return where a job's images lie; raises ``NotFoundError`` where no folder is known.

    The original program's rows may name the parent, relative to the project.
    """
    if not job.out_dir or "\0" in job.out_dir:
        raise NotFoundError("no_folder", job=job.id)
    folder = PROJECT_DIR / job.out_dir
    return folder / job.id if job.request is None and (folder / job.id).is_dir() else folder


def _inside(asked: object, root: Path) -> Path:
    text = str(asked)
    path = root.absolute() / text
    if has_refused(text) or ".." in path.parts or not path.is_relative_to(root.absolute()):
        raise BadInputError(
            "input_outside",
            path=_shown(text),
            root=str(root),
        )
    return path


def _check(name: str) -> None:
    as_read = unicodedata.normalize("NFKC", name)
    is_plain = unicodedata.normalize("NFC", name) == as_read  # no look-alikes of other characters
    if not (is_plain and _NAME.fullmatch(as_read) and len(name.encode()) <= MAX_NAME_BYTES):
        raise BadInputError(
            "folder_name",
            name=_shown(name),
        )


def _shown(text: str) -> str:
    """Return foreign text as it can stand in a sentence."""
    return f"“{visible(text[:80])}”"
