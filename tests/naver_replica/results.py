"""What the replica knows of a query: a fixed mixture of good, unrelated and broken pictures.

`results("고양이")` always returns the same records. Each says what it truly is (`Result.truth`,
`Result.shows_subject`), so that a test can compare what a scraper kept with what it should keep.
Pure: nothing is drawn and no address is formed here.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import chain, repeat
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from tests.naver_replica import copies, wording
from tests.naver_replica.pictures import STRAYS, SUBJECTS, Subject
from tests.naver_replica.wording import Host

DEFAULT_COUNT = 150
LARGEST_COUNT = 1100  # the official API reaches 1,099 results of a query
FIRST_PICTURE_SEED = 1_000_000  # smaller seeds are left to the training of models
NOTHING_FOUND = "없는검색어"

SIZES = ((640, 480), (800, 600), (600, 800), (960, 640), (700, 700), (492, 492), (1024, 768))
SMALL_SIZES = ((240, 180), (160, 160), (200, 280), (299, 400), (120, 90))

Choice = TypeVar("Choice")


class Truth(StrEnum):
    """What a result is; the last four have no picture at their original address."""

    SUBJECT = "subject"
    UNRELATED = "unrelated"
    EXACT_COPY = "exact_copy"
    NEAR_COPY = "near_copy"
    BLURRED = "blurred"
    SMALL = "small"
    MISSING = "missing"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    PLACEHOLDER = "placeholder"


class Quirk(StrEnum):
    """How an original's host behaves; each can be fetched by a client that is prepared for it."""

    NONE = "none"
    HOTLINK_GUARDED = "hotlink_guarded"  # 403 for a Referer other than the result's own page
    NEEDS_REFERER = "needs_referer"  # 403 unless the Referer is the result's own page
    WRONG_EXTENSION = "wrong_extension"
    REDIRECT = "redirect"
    SLOW = "slow"


BROKEN = frozenset({Truth.MISSING, Truth.NOT_AN_IMAGE, Truth.TRUNCATED, Truth.PLACEHOLDER})

TRUTH_SHARES: Mapping[Truth, float] = MappingProxyType(
    {
        Truth.SUBJECT: 0.58,
        Truth.UNRELATED: 0.22,
        Truth.BLURRED: 0.06,
        Truth.SMALL: 0.04,
        Truth.EXACT_COPY: 0.025,
        Truth.NEAR_COPY: 0.025,
        Truth.MISSING: 0.02,
        Truth.NOT_AN_IMAGE: 0.01,
        Truth.TRUNCATED: 0.01,
        Truth.PLACEHOLDER: 0.01,
    }
)
# Counted on 144 results of one real query.
HOST_SHARES: Mapping[Host, float] = MappingProxyType(
    {Host.BLOG: 102 / 144, Host.WEB: 38 / 144, Host.SHOP: 3 / 144, Host.CAFE: 1 / 144}
)
QUIRK_SHARES: Mapping[Quirk, float] = MappingProxyType(
    {
        Quirk.NONE: 0.82,
        Quirk.HOTLINK_GUARDED: 0.09,
        Quirk.WRONG_EXTENSION: 0.03,
        Quirk.REDIRECT: 0.03,
        Quirk.SLOW: 0.015,
        Quirk.NEEDS_REFERER: 0.015,
    }
)


class Edit(StrEnum):
    """What was done to a picture after it was drawn."""

    NONE = "none"
    BLUR = "blur"
    NEAR_COPY = "near_copy"


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the bytes of a picture follow from; a near copy is 80-95 % of the size."""

    kind: str
    seed: int
    width: int
    height: int
    format: copies.Format
    edit: Edit = Edit.NONE


@dataclass(frozen=True, slots=True)
class Result:
    """One search result; `rank` counts from 1, stated sizes are 0 where the page knows none."""

    query: str
    rank: int
    truth: Truth
    shows_subject: bool
    picture: Picture
    copy_of: int | None
    host: Host
    quirk: Quirk
    stated_width: int
    stated_height: int
    title: str
    page: wording.Page
    file_name: str
    day: date
    colour: str
    img_id: str

    @property
    def named_format(self) -> copies.Format:
        """Return the format that the address promises."""
        if self.quirk is not Quirk.WRONG_EXTENSION:
            return self.picture.format
        return "PNG" if self.picture.format == "JPEG" else "JPEG"


def subject_of(query: str) -> Subject | None:
    """Return the subject whose Korean or English name the query contains, the longest first."""
    if NOTHING_FOUND in query:
        return None
    found = [
        (len(name), subject)
        for subject in SUBJECTS.values()
        for name, pattern in (
            (subject.korean, _korean(subject.korean)),
            (subject.name, rf"\b{re.escape(subject.name)}s?\b"),
        )
        if re.search(pattern, query, re.IGNORECASE)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _korean(name: str) -> str:
    """Return a pattern for a word that may go on ("고양이사진"), unless it is but one syllable."""
    return rf"(?<!\S){re.escape(name)}" + (r"(?!\S)" if len(name) == 1 else "")


@lru_cache(maxsize=64)
def results(query: str, seed: int = 0, count: int | None = None) -> tuple[Result, ...]:
    """Return the query's results, best rank first; none if it names no subject.

    A number at the end of the query asks for that many results ("사과 500"), as `count` does.
    """
    subject = subject_of(query)
    if subject is None:
        return ()
    count = min(_wanted(query) if count is None else count, LARGEST_COUNT)
    rng = np.random.default_rng([seed, *query.encode()])
    truths = _mixed(TRUTH_SHARES, count, rng)
    hosts = _mixed(HOST_SHARES, count, rng)
    quirks = _mixed(QUIRK_SHARES, count, rng)
    drawn: dict[int, Result] = {}
    # Copies come last: they need an original to be copies of.
    for index in sorted(range(count), key=lambda at: _is_copy(truths[at])):
        original = _original_for(truths[index], list(drawn.values()), rng)
        drawn[index] = _result(
            query, index + 1, truths[index], hosts[index], quirks[index], subject, original, rng
        )
    return tuple(drawn[index] for index in range(count))


def _wanted(query: str) -> int:
    number = re.search(r"\s(\d{1,4})$", query)
    return int(number.group(1)) if number else DEFAULT_COUNT


def _is_copy(truth: Truth) -> bool:
    return truth in (Truth.EXACT_COPY, Truth.NEAR_COPY)


def _mixed(shares: Mapping[Choice, float], count: int, rng: np.random.Generator) -> list[Choice]:
    """Apportion `count` places by largest remainder, in a random order."""
    exact = [share * count for share in shares.values()]
    places = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: places[at] - exact[at])
    for at in by_remainder[: count - sum(places)]:
        places[at] += 1
    in_order = list(chain.from_iterable(map(repeat, shares, places)))
    return [in_order[at] for at in rng.permutation(count)]


def _original_for(truth: Truth, drawn: Sequence[Result], rng: np.random.Generator) -> Result | None:
    if not _is_copy(truth):
        return None
    candidates = [r for r in drawn if r.truth in (Truth.SUBJECT, Truth.UNRELATED)]
    return candidates[rng.integers(len(candidates))]


def _result(
    query: str,
    rank: int,
    truth: Truth,
    host: Host,
    quirk: Quirk,
    subject: Subject,
    original: Result | None,
    rng: np.random.Generator,
) -> Result:
    if original is not None:
        picture = _copied(original.picture, truth)
    else:
        picture = _picture(truth, host, subject, rng)
    width, height = _stated_size(picture, rng)
    identity = hashlib.blake2b(f"{query}/{rank}".encode(), digest_size=16).hexdigest()
    return Result(
        query=query,
        rank=rank,
        truth=truth,
        shows_subject=picture.kind == subject.name,
        picture=picture,
        copy_of=None if original is None else original.rank,
        host=host,
        quirk=Quirk.NONE if truth in BROKEN else quirk,
        stated_width=width,
        stated_height=height,
        title=wording.title(query, rng),
        page=wording.page(host, query, rng),
        file_name=wording.file_name(query, rng),
        day=wording.day(rng),
        colour=wording.TILE_COLOURS[rng.integers(len(wording.TILE_COLOURS))],
        img_id=f"image_sas:{host}_{identity}",
    )


def _copied(picture: Picture, truth: Truth) -> Picture:
    edit = Edit.NEAR_COPY if truth is Truth.NEAR_COPY else Edit.NONE
    return Picture(picture.kind, picture.seed, picture.width, picture.height, picture.format, edit)


def _picture(truth: Truth, host: Host, subject: Subject, rng: np.random.Generator) -> Picture:
    kind = _unrelated_kind(subject, rng) if truth is Truth.UNRELATED else subject.name
    sizes = SMALL_SIZES if truth is Truth.SMALL else SIZES
    width, height = sizes[rng.integers(len(sizes))]
    other: copies.Format = "PNG" if host is Host.BLOG else "WEBP"
    return Picture(
        kind=kind,
        seed=FIRST_PICTURE_SEED + int(rng.integers(10**9)),
        width=width,
        height=height,
        format=other if host in (Host.BLOG, Host.WEB) and rng.random() < 0.25 else "JPEG",
        edit=Edit.BLUR if truth is Truth.BLURRED else Edit.NONE,
    )


def _unrelated_kind(subject: Subject, rng: np.random.Generator) -> str:
    """Return a stray, or for about every fifth picture another subject."""
    others = [name for name in SUBJECTS if name != subject.name]
    names = others if others and rng.random() < 0.2 else list(STRAYS)
    return names[rng.integers(len(names))]


def _stated_size(picture: Picture, rng: np.random.Generator) -> tuple[int, int]:
    """Return the size the page states: mostly true, sometimes unknown or of a larger upload."""
    luck = rng.random()
    if luck < 0.04:
        return 0, 0
    if luck < 0.08:
        return picture.width * 4 // 3, picture.height * 4 // 3
    return picture.width, picture.height
