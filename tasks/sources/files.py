"""Candidates that the user has already: a list of addresses, or a folder of images.

A list is as ``tasks/sources/lists.py`` reads it. Of a folder it is every file below it, "img2"
before "img10", but none that is hidden, or that a system or a NAS put there.
"""

import logging
import os
import re
from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path
from unicodedata import normalize

from tasks.errors import BadRequestError
from tasks.records import Address, AddressKind, Candidate
from tasks.settings import Settings
from tasks.sources.lists import read_list
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source
from tasks.sources.stated import title

NAME = "files"
PAGE_SIZE = 100

_OF_SYSTEMS = {  # in lower case, beside what is hidden
    *("@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin", "system volume information"),
    *("__macosx", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini"),
}

log = logging.getLogger(__name__)


def search(query: SearchQuery, _settings: Settings) -> Generator[Page]:
    """Yield the candidates of ``query.input`` in pages of up to 100, in their order.

    Raises BadRequestError before the first page where the list or a row of it cannot be right. Only
    files of a folder that was named get an address of this machine.
    """
    candidates = _candidates(query, _settings)
    for start in range(0, len(candidates), PAGE_SIZE):
        yield tuple(candidates[start : start + PAGE_SIZE])


def _candidates(query: SearchQuery, _settings: Settings) -> list[Candidate]:
    if query.input is None:
        raise BadRequestError("no_input")
    path = query.input.absolute()
    try:
        if path.is_dir():
            return _of_folder(path)
        return read_list(path, NAME, skip_bad=query.skip_bad)
    except OSError as error:
        why = error.strerror or str(error)
        raise BadRequestError("unreadable_path", path=str(path), why=why) from error


def _of_folder(folder: Path) -> list[Candidate]:
    """Return a candidate for each file; what is no image is for later stages to say."""
    root = folder.resolve()
    found = sorted(_files(root), key=lambda path: _natural(path.relative_to(root)))
    if not found:
        raise BadRequestError("folder_without_files", folder=str(folder))
    return [
        Candidate((Address(path.as_uri(), AddressKind.FILE),), rank, NAME, title(path.stem))
        for rank, path in enumerate(found, start=1)
    ]


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, those of each real folder once; log what is left out."""
    folders, seen = deque([root]), set()
    while folders:
        folder = folders.popleft()
        real = Path(os.path.realpath(folder))
        if real in seen:  # a link to a folder that has been read, perhaps in a loop
            continue
        seen.add(real)
        try:
            found = [path for path in sorted(folder.iterdir()) if not _is_of_system(path.name)]
        except OSError as error:
            if folder == root:
                raise
            _leave_out(folder, str(error.strerror))
            continue
        for path in found:
            try:
                is_folder, is_file = path.is_dir(), path.is_file()
            except OSError as error:  # in a folder that may not be entered, or too deep
                _leave_out(path, str(error.strerror))
                continue
            if not Path(os.path.realpath(path)).is_relative_to(root):
                _leave_out(path, "it leads out of the folder")
            elif is_folder:
                # Links come last, so that a file is named by the folder in which it lies.
                (folders.append if path.is_symlink() else folders.appendleft)(path)
            elif is_file:
                yield path
            else:
                _leave_out(path, "it is no file")


def _leave_out(path: Path, why: str) -> None:
    log.warning("%s is left out: %s.", path, why)


def _is_of_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _OF_SYSTEMS


def _natural(path: Path) -> list[tuple[list[tuple[int, str]], str]]:
    """Return what to sort paths by in every locale: numbers in names count as numbers."""
    return [
        (
            [
                (int(piece), "") if piece.isdecimal() else (0, piece)
                for piece in re.split(r"(\d+)", normalize("NFC", part).casefold())
            ],
            part,
        )
        for part in path.parts
    ]


SOURCE = Source(name=NAME, search=search, needs_input=True, check=_candidates)
