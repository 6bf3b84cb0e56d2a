"""Lists of addresses, as people and spreadsheets make them.

    list.txt      one address per line; empty lines and those that begin with # are skipped
    list.csv      a column url; the columns title and page_url are optional; parted by commas,
                  semicolons, tabs or bars, or by what a first line ``sep=`` says (also .tsv)
    list.jsonl    one object per line with the same keys (also .ndjson)

A list is read to its end before the first candidate is given. Lines that cannot be right are an
error that names all of them, or are left out and counted, where that was asked for. An address that
merely gives no image becomes a rejection like any other.
"""

import csv
import io
import json
import logging
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from tasks.errors import BadRequestError
from tasks.records import Candidate
from tasks.sources.address import tries, web_address
from tasks.sources.stated import title
from words import Message

MAX_LIST_BYTES = 100_000_000  # about a million rows
MAX_SHOWN_CHARS = 80
MOST_TOLD = 20  # lines that cannot be used

Row = tuple[int, Mapping[str, object]]  # its line, and what stands there by url, title, page_url
Wrong = tuple[int, Message]  # a line that cannot be used, and why

_NO_TEXT = re.compile("[\0\udc80-\udcff]")  # and what no encoding that was tried has
_NOT_TEXT = Message("error.line_not_text")
_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # as spreadsheets write and read it

log = logging.getLogger(__name__)


def read_list(path: Path, source: str, *, skip_bad: bool) -> list[Candidate]:
    """Return the candidates of a list, in its order; each address once.

    Raises ``BadRequestError`` where it is no list, holds no address or, unless ``skip_bad``, has
    lines that cannot be used; and ``OSError``.
    """
    if not path.is_file():
        is_there = path.exists()
        raise BadRequestError("neither_file_nor_folder" if is_there else "no_path", path=str(path))
    if path.stat().st_size > MAX_LIST_BYTES:
        most = MAX_LIST_BYTES // 1_000_000
        raise BadRequestError("list_too_large", path=str(path), most=most)
    read, encodings = _FORMATS.get(path.suffix.lower(), (_text_rows, _UNICODE))
    found: dict[str, Candidate] = {}
    wrong: list[Wrong] = []
    rows = 0
    for number, row in read(path, _decoded(path, encodings)):
        candidate = row if isinstance(row, Message) else _candidate(len(found) + 1, source, row)
        if isinstance(candidate, Message):
            wrong.append((number, candidate))
            continue
        found.setdefault(candidate.url, candidate)
        rows += 1
    if wrong and not skip_bad:
        raise _wrong(path, wrong)
    for number, why in wrong[:MOST_TOLD]:
        log.warning("%s, line %d is left out: %s.", path, number, why)
    if wrong:
        log.warning("%d lines of %s cannot be used and are left out.", len(wrong), path)
    if not found:
        raise BadRequestError("list_without_address", path=str(path))
    if repeated := rows - len(found):
        log.warning("%d rows of %s repeat an address and are left out.", repeated, path)
    return list(found.values())


def _decoded(path: Path, encodings: Sequence[str]) -> str:
    """Return the text of a file; single bytes that are none are lone surrogates in it."""
    data = path.read_bytes()
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # as spreadsheets save "Unicode text"
        encodings = ("utf-16",)
    for encoding in encodings:
        try:
            return _of_text(path, data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _of_text(path, data.decode("utf-8-sig", "surrogateescape"))


def _of_text(path: Path, text: str) -> str:
    """Return a text where most of its lines are some; the others are for their readers to tell."""
    lines = [line for _, line in _lines(text)]
    if sum(_NO_TEXT.search(line) is not None for line in lines) * 2 > len(lines):
        raise BadRequestError("list_not_text", path=str(path))
    return text


def _text_rows(_: Path, text: str) -> Iterator[Row | Wrong]:
    for number, line in _lines(text):
        if _NO_TEXT.search(line) and not line.startswith("#"):
            yield number, _NOT_TEXT
        elif not line.startswith("#"):
            yield number, {"url": line}


def _json_rows(_: Path, text: str) -> Iterator[Row | Wrong]:
    for number, line in _lines(text):
        if _NO_TEXT.search(line):
            yield number, _NOT_TEXT
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "nested without end"
            yield number, Message("error.line_no_json", {"why": why})
            continue
        if not isinstance(row, dict):
            example = '{"url": "https://…"}'
            yield number, Message("error.line_no_object", {"example": example})
            continue
        yield number, {name.strip().lower(): value for name, value in row.items()}


def _csv_rows(path: Path, text: str) -> Iterator[Row | Wrong]:
    """Yield the rows; where one cannot be told from the next, go on with the line after it."""
    lines = io.StringIO(text, newline="").readlines()
    if said := _SEPARATOR.fullmatch(lines[0] if lines else ""):
        lines[0] = "\n"
    delimiter = said[1] if said else _delimiter(text)
    header: list[str] = []
    at = 0
    while at < len(lines):
        reader = csv.reader(_from(lines, at), strict=True, delimiter=delimiter)
        number = at + 1
        try:
            cells = next(reader, [])
        except csv.Error as error:
            yield number, Message("error.line_no_csv", {"why": str(error)})
            at += 1
            continue
        at += max(reader.line_num, 1)
        if not any(map(str.strip, cells)):
            continue
        if any(map(_NO_TEXT.search, cells)):
            yield number, _NOT_TEXT
        elif not header:
            header = _header(path, cells)
        elif any(map(str.strip, cells[len(header) :])):
            sizes = {"cells": len(cells), "columns": len(header)}
            yield number, Message("error.line_cells", sizes)
        else:
            yield number, dict(zip_longest(header, cells[: len(header)], fillvalue=""))


def _from(lines: Sequence[str], at: int) -> Iterator[str]:
    while at < len(lines):
        yield lines[at]
        at += 1


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
_FORMATS: Mapping[str, tuple[Callable[[Path, str], Iterator[Row | Wrong]], Sequence[str]]] = {
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


def _candidate(rank: int, source: str, values: Mapping[str, object]) -> Candidate | Message:
    """Return the candidate of a row, or why it gives none."""
    stated = values.get("title")
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        values = {**values, "title": str(stated)}
    for name in ("url", "title", "page_url"):
        value = values.get(name)
        if not isinstance("" if value is None else value, str):
            found = {"name": name, "value": _shown(values[name])}
            return Message("error.line_no_text", found)
    addresses: list[str] = []
    for name in ("url", "page_url"):
        given = str(values.get(name) or "").strip()
        addresses.append(web_address(given))
        if given and not addresses[-1]:
            return Message("error.line_no_address", {"value": _shown(given)})
    url, page_url = addresses
    if not url:
        return Message("error.line_no_url")
    return Candidate(tries(url, page_url), rank, source, title(values.get("title")), page_url)


def _shown(value: object) -> str:
    text = repr(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"


def _wrong(path: Path, lines: Sequence[Wrong]) -> BadRequestError:
    """Return the error that names the lines that cannot be used, all at once."""
    if len(lines) == 1:
        ((number, why),) = lines
        return BadRequestError("wrong_line", path=str(path), number=number, why=why)
    told = Message("note.verbatim", {"text": ""})
    for number, why in lines[:MOST_TOLD]:
        told = Message("error.wrong_lines_one", {"before": told, "number": number, "why": why})
    if len(lines) > MOST_TOLD:
        more = len(lines) - MOST_TOLD
        told = Message("error.wrong_lines_more", {"before": told, "n": more})
    return BadRequestError("wrong_lines", path=str(path), n=len(lines), lines=told)
