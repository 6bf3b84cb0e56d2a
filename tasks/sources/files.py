"""Candidates that the user has already: a list of addresses, or a folder of images.

    list.txt      one address per line; empty lines and those that begin with # are skipped
    list.csv      a column url; the columns title and page_url are optional; parted by commas,
                  semicolons, tabs or bars (also .tsv)
    list.jsonl    one object per line with the same keys (also .ndjson)
    images/       every file below it, "img2" before "img10"; none that is hidden, or that a system
                  or a NAS put there

A list is read to its end before the first candidate is given: a row that cannot be right is an
error with its line. An address that merely gives no image becomes a rejection like any other.
"""

import csv
import io
import json
import logging
import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from unicodedata import normalize

from tasks.errors import BadRequestError
from tasks.records import Address, AddressKind, Candidate
from tasks.settings import Settings
from tasks.sources.address import tries, web_address
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source
from tasks.sources.stated import title
from words import Message

NAME = "files"
PAGE_SIZE = 100
MAX_LIST_BYTES = 100_000_000  # about a million rows
MAX_SHOWN_CHARS = 80

_OF_SYSTEMS = {  # in lower case, beside what is hidden
    *("@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin", "system volume information"),
    *("__macosx", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini"),
}

Row = tuple[int, Mapping[str, object]]  # its line, and what stands there by url, title, page_url

log = logging.getLogger(__name__)


def search(query: SearchQuery, _settings: Settings) -> Generator[Page]:
    """Yield the candidates of ``query.input`` in pages of up to 100, in their order.

    Raises BadRequestError before the first page where the list or a row of it cannot be right. Only
    files of a folder that was named get an address of this machine.
    """
    if query.input is None:
        raise BadRequestError("no_input")
    path = query.input.absolute()
    try:
        candidates = _of_folder(path) if path.is_dir() else _of_list(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise BadRequestError("unreadable_path", path=str(path), why=why) from error
    for start in range(0, len(candidates), PAGE_SIZE):
        yield tuple(candidates[start : start + PAGE_SIZE])


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


def _of_list(path: Path) -> list[Candidate]:
    if not path.is_file():
        is_there = path.exists()
        raise BadRequestError("neither_file_nor_folder" if is_there else "no_path", path=str(path))
    if path.stat().st_size > MAX_LIST_BYTES:
        most = MAX_LIST_BYTES // 1_000_000
        raise BadRequestError("list_too_large", path=str(path), most=most)
    read, encodings = _FORMATS.get(path.suffix.lower(), (_text_rows, _UNICODE))
    found: dict[str, Candidate] = {}
    rows = 0
    for row in read(path, _decoded(path, encodings)):
        candidate = _candidate(path, len(found) + 1, row)
        found.setdefault(candidate.url, candidate)
        rows += 1
    if not found:
        raise BadRequestError("list_without_address", path=str(path))
    if repeated := rows - len(found):
        log.warning("%d rows of %s repeat an address and are left out.", repeated, path)
    return list(found.values())


def _decoded(path: Path, encodings: Sequence[str]) -> str:
    data = path.read_bytes()
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # as spreadsheets save "Unicode text"
        encodings = ("utf-16",)
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadRequestError("list_not_text", path=str(path))


def _text_rows(path: Path, text: str) -> Iterator[Row]:
    for number, line in _lines(text):
        if not line.startswith("#"):
            yield number, {"url": line}


def _json_rows(path: Path, text: str) -> Iterator[Row]:
    for number, line in _lines(text):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise _wrong(path, number, Message("error.line_no_json", {"why": why})) from error
        if not isinstance(row, dict):
            example = '{"url": "https://…"}'
            raise _wrong(path, number, Message("error.line_no_object", {"example": example}))
        yield number, {name.strip().lower(): value for name, value in row.items()}


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_delimiter(text))
    header: list[str] = []
    number = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                if not header:
                    header = _header(path, cells)
                elif not any(map(str.strip, cells[len(header) :])):
                    yield number, dict(zip_longest(header, cells[: len(header)], fillvalue=""))
                else:
                    sizes = {"cells": len(cells), "columns": len(header)}
                    raise _wrong(path, number, Message("error.line_cells", sizes))
            number = reader.line_num + 1  # where the next row begins
    except csv.Error as error:
        raise _wrong(path, number, Message("error.line_no_csv", {"why": str(error)})) from error


def _delimiter(text: str) -> str:
    """Return what parts the columns: the first that makes a column url of the header."""
    _, header = next(_lines(text), (0, ""))
    found = (
        one for one in _DELIMITERS if "url" in (c.strip(' "').lower() for c in header.split(one))
    )
    return next(found, _DELIMITERS[0])


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    if header.count("url") != 1:
        columns = _shown(", ".join(header))
        raise BadRequestError("list_without_url_column", path=str(path), columns=columns)
    return header


_DELIMITERS = ",;\t|"
_UNICODE = ("utf-8-sig",)
_FORMATS: Mapping[str, tuple[Callable[[Path, str], Iterator[Row]], Sequence[str]]] = {
    ".csv": (_csv_rows, (*_UNICODE, "cp949")),  # the latter is what Korean Excel saves
    ".tsv": (_csv_rows, (*_UNICODE, "cp949")),
    ".jsonl": (_json_rows, _UNICODE),
    ".ndjson": (_json_rows, _UNICODE),
}


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold something, with their numbers."""
    for number, line in enumerate(re.split(r"\r\n?|\n", text), start=1):
        if stripped := line.strip():
            yield number, stripped


def _candidate(path: Path, rank: int, row: Row) -> Candidate:
    number, values = row
    if isinstance(values.get("title"), int | float):
        values = {**values, "title": str(values["title"])}
    for name in ("url", "title", "page_url"):
        if not isinstance(values.get(name) or "", str):
            found = {"name": name, "value": _shown(values[name])}
            raise _wrong(path, number, Message("error.line_no_text", found))
    url, page_url = (_web_address(path, number, values.get(name)) for name in ("url", "page_url"))
    if not url:
        raise _wrong(path, number, Message("error.line_no_url"))
    return Candidate(tries(url, page_url), rank, NAME, title(values.get("title")), page_url)


def _web_address(path: Path, number: int, value: object) -> str:
    """Return the http(s) address, or an empty string where there is none."""
    given = str(value or "").strip()
    address = web_address(given)
    if given and not address:
        raise _wrong(path, number, Message("error.line_no_address", {"value": _shown(given)}))
    return address


def _shown(value: object) -> str:
    text = repr(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"


def _wrong(path: Path, number: int, why: Message) -> BadRequestError:
    return BadRequestError("wrong_line", path=str(path), number=number, why=why)


SOURCE = Source(name=NAME, search=search, needs_input=True)
