"""The files of a dataset: its images, its decisions, and the folder as one archive.

Only regular files of the dataset's own names are touched; a link is not followed.
"""

import json
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import RawIOBase
from pathlib import Path
from typing import Any

from tasks.dataset import WRITERS
from tasks.ledger import Decision
from tasks.writers.folder import DECISIONS, image_path, rejected_folder

IMAGE = re.compile(r"img_[0-9]{4,9}\.jpg", re.ASCII)
CHOSEN = "chosen"
_CHUNK = 256 * 1024  # bytes
_KEPT_FILES = 8  # parsed decisions in memory: some MB each


def regular_file(path: Path) -> Path | None:
    """Return the path where it is a file itself, no link to one, else None."""
    try:
        return path if stat.S_ISREG(path.lstat().st_mode) else None
    except (OSError, ValueError):
        return None


def image_names(folder: Path) -> list[str]:
    """Return the names of a dataset's images, in their order; none where there is no folder."""
    try:
        names = [path.name for path in folder.iterdir() if IMAGE.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(names, key=lambda name: (len(name), name))


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of every candidate, in the order of the search page."""

    decisions: tuple[Decision, ...]
    counts: dict[str, int]  # decisions by verdict
    by_key: dict[str, Decision]

    def having(self, verdict: str) -> tuple[Decision, ...]:
        """Return the decisions of a verdict, or all."""
        if verdict == "all":
            return self.decisions
        return tuple(one for one in self.decisions if one.verdict == verdict)


def decided(folder: Path) -> Decided:
    """Read a dataset's decisions.

    A folder without a record, as the original program left them, has those on its images.
    """
    path = regular_file(folder / DECISIONS)
    if path:
        about = path.stat()
        return _read(path, about.st_mtime_ns, about.st_size)
    decisions = tuple(Decision(file=name, is_chosen=True) for name in image_names(folder))
    return Decided(decisions, {CHOSEN: len(decisions)} if decisions else {}, {})


@lru_cache(maxsize=_KEPT_FILES)
def _read(path: Path, _mtime_ns: int, _size: int) -> Decided:
    decisions = []
    for line in path.read_bytes().splitlines():
        try:
            decision = Decision.from_row(json.loads(line, parse_constant=lambda _: None))
        except (ValueError, KeyError, TypeError, AttributeError):  # somebody else's line
            continue
        if decision.file is None or IMAGE.fullmatch(decision.file):
            decisions.append(decision)
    counts = Counter(one.verdict for one in decisions)
    order = sorted(counts, key=lambda verdict: (verdict != CHOSEN, -counts[verdict], verdict))
    return Decided(
        decisions=tuple(decisions),
        counts={verdict: counts[verdict] for verdict in order},
        by_key={one.key: one for one in decisions if one.key},
    )


def image_of(folder: Path, decision: Decision) -> Path | None:
    """Return the file that shows a candidate: the saved image, or what was kept of a rejected."""
    is_safe = decision.file or re.fullmatch("[0-9a-f]{1,64}", decision.key or "")
    return regular_file(image_path(folder, decision)) if is_safe else None


def rejected_keys(folder: Path) -> set[str]:
    """Return the keys of the rejected images that something was kept of."""
    try:
        kept = rejected_folder(folder).iterdir()
        return {path.stem for path in kept if path.suffix == ".jpg"}
    except OSError:
        return set()


class _Chunks(RawIOBase):
    """Takes what zipfile writes, for a generator to hand on; it cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what came since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def archive(folder: Path, name: str) -> Iterator[bytes]:
    """Yield a dataset as a ZIP file, its files below ``name/``, stored as they are."""
    out = _Chunks()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        beside = [file_name for writer in WRITERS for file_name in writer.files]
        for file_name in (*image_names(folder), *beside):
            path = regular_file(folder / file_name)
            if path is None:
                continue
            entry = zipfile.ZipInfo.from_file(path, f"{name}/{file_name}", strict_timestamps=False)
            with path.open("rb") as source, zipped.open(entry, "w") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
                    yield out.take()
    yield out.take()
