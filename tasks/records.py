"""The records that travel between the stages, and the reasons for which a candidate is rejected.

    Candidate ──download, quality──▶ Accepted | Rejected ──embed, cluster──▶ Decision

Records are small and frozen; image bytes and vectors stay in the run's workspace. What is written
down in the end is described in ``ledger``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal, Self, get_args

from words import Message, verbatim


class Stage(StrEnum):
    """What a candidate passes on its way into the dataset, in this order."""

    DOWNLOAD = "download"
    QUALITY = "quality"
    DUPLICATES = "duplicates"
    SUBJECT = "subject"
    LIMIT = "limit"


class Reason(StrEnum):
    """Why a candidate is not in the dataset, but for what the quality measures find.

    Each measure in ``tasks.measures`` brings a reason of its own, so reasons are typed ``str``.
    """

    BAD_ADDRESS = "bad_address"  # not http(s), or it cannot be read
    FORBIDDEN_ADDRESS = "forbidden_address"  # private, loopback, multicast, in whatever form
    FORBIDDEN_PORT = "forbidden_port"
    HOST_FAILING = "host_failing"  # not asked: it failed time after time, or wants to be left
    UNREACHABLE = "unreachable"  # no connection, or no answer or file that can be read
    TIMED_OUT = "timed_out"
    HTTP_ERROR = "http_error"  # a status that brings no file
    TOO_MANY_REDIRECTS = "too_many_redirects"
    OPTED_OUT = "opted_out"  # by X-Robots-Tag
    BROKEN_OFF = "broken_off"  # the connection ended before the body
    TOO_MANY_BYTES = "too_many_bytes"  # the file, or the headers before it
    UNPACKS_TOO_LARGE = "unpacks_too_large"  # a compressed body that explodes
    NOT_AN_IMAGE = "not_an_image"  # by its first bytes, whatever the header says
    UNSUPPORTED_FORMAT = "unsupported_format"  # an image, but of none of the formats that are read
    UNDECODABLE = "undecodable"  # truncated or broken
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_LONG = "too_long"  # a side is longer than a JPEG's may be
    TOO_COSTLY = "too_costly"  # its decoding takes more time or memory than an image may
    UNUSABLE = "unusable"  # something unforeseen went wrong with it
    NO_VECTOR = "no_vector"  # the model gives none of it that is a number
    EXACT_COPY = "exact_copy"
    NEAR_COPY = "near_copy"
    OTHER_CLUSTER = "other_cluster"
    NOISE = "noise"  # in no cluster
    NO_SUBJECT = "no_subject"  # there is no cluster at all
    DROPPED_BY_HAND = "dropped_by_hand"  # somebody said that it is not wanted
    OVER_LIMIT = "over_limit"  # shows the subject, but enough were there


_STAGE_OF = {
    Reason.BAD_ADDRESS: Stage.DOWNLOAD,
    Reason.FORBIDDEN_ADDRESS: Stage.DOWNLOAD,
    Reason.FORBIDDEN_PORT: Stage.DOWNLOAD,
    Reason.HOST_FAILING: Stage.DOWNLOAD,
    Reason.UNREACHABLE: Stage.DOWNLOAD,
    Reason.TIMED_OUT: Stage.DOWNLOAD,
    Reason.HTTP_ERROR: Stage.DOWNLOAD,
    Reason.TOO_MANY_REDIRECTS: Stage.DOWNLOAD,
    Reason.OPTED_OUT: Stage.DOWNLOAD,
    Reason.BROKEN_OFF: Stage.DOWNLOAD,
    Reason.TOO_MANY_BYTES: Stage.DOWNLOAD,
    Reason.UNPACKS_TOO_LARGE: Stage.DOWNLOAD,
    Reason.NOT_AN_IMAGE: Stage.DOWNLOAD,
    Reason.UNSUPPORTED_FORMAT: Stage.DOWNLOAD,
    Reason.UNDECODABLE: Stage.QUALITY,
    Reason.TOO_MANY_PIXELS: Stage.QUALITY,
    Reason.TOO_LONG: Stage.QUALITY,
    Reason.TOO_COSTLY: Stage.QUALITY,
    Reason.UNUSABLE: Stage.QUALITY,
    Reason.NO_VECTOR: Stage.QUALITY,
    Reason.EXACT_COPY: Stage.DUPLICATES,
    Reason.NEAR_COPY: Stage.DUPLICATES,
    Reason.OTHER_CLUSTER: Stage.SUBJECT,
    Reason.NOISE: Stage.SUBJECT,
    Reason.NO_SUBJECT: Stage.SUBJECT,
    Reason.DROPPED_BY_HAND: Stage.SUBJECT,
    Reason.OVER_LIMIT: Stage.LIMIT,
}


def stage_of(reason: str) -> Stage:
    """Return the stage that rejects for a reason: quality for all that is not in ``Reason``."""
    return _STAGE_OF[Reason(reason)] if reason in _STAGE_OF else Stage.QUALITY


class AddressKind(StrEnum):
    """Which rendition of the image an address gives."""

    ORIGINAL = "original"
    VIEWER = "viewer"  # the search engine's large preview
    THUMBNAIL = "thumbnail"
    FILE = "file"  # of this machine, in a folder that the user named; no page ever gives one


@dataclass(frozen=True, slots=True)
class Address:
    """One place to fetch an image from, and the Referer that its host wants (None: send none)."""

    url: str
    kind: AddressKind = AddressKind.ORIGINAL
    referer: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One search result. ``addresses`` are tried in turn; the first names the candidate."""

    addresses: tuple[Address, ...]
    rank: int  # 1 is first on the page
    source: str  # the source module's name
    title: str = ""
    page_url: str = ""
    stated_width: int = 0  # px, 0 where the source does not say
    stated_height: int = 0

    @property
    def url(self) -> str:
        """The address that names the candidate."""
        return self.addresses[0].url

    @property
    def key(self) -> str:
        """A file-safe name, equal for equal addresses (16 hex digits)."""
        return sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_note(stored: Mapping[str, Any] | None, said: str) -> Message | None:
    """Read a message; earlier versions have a sentence in its place, or nothing."""
    if stored is not None:
        return Message.from_json(stored)
    return verbatim(said) if said else None


OK = "ok"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One address that was tried, and how it ended: ``ok``, or the reason with its particulars."""

    url: str
    kind: AddressKind
    outcome: str
    note: Message | None = None
    bytes: int = 0  # of the body, as far as it came

    def to_json(self) -> dict[str, Any]:
        """Return the attempt as a row holds it."""
        note = self.note and self.note.to_json()
        return asdict(self) | {"note": note}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read an attempt; in those of earlier versions the particulars follow the outcome."""
        outcome, _, said = str(stored["outcome"]).partition(": ")
        return cls(
            url=stored["url"],
            kind=AddressKind(stored["kind"]),
            outcome=outcome,
            note=read_note(stored.get("note"), said),
            bytes=stored.get("bytes", 0),
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a batch noted of its downloads besides their results; hosts are as ``host:port``."""

    started: float  # seconds since 1970
    ended: float
    seconds: dict[str, float]  # by host: how long requests to it took, all together
    breakers: dict[str, str]  # by host: closed, open or half-open at the end


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of the upright image; ``values`` by the names of ``tasks.measures``."""

    width: int  # px
    height: int
    phash: str  # 64-bit perceptual hash, 16 hex digits
    values: Mapping[str, float]
    is_animated: bool = False  # and the image is its first frame
    mode: str = "RGB"  # of the pixels as they came, as Pillow names it: RGB, L, CMYK …


@dataclass(frozen=True, slots=True)
class Accepted:
    """A candidate whose file was fetched and is good enough; the bytes lie in the workspace."""

    candidate: Candidate
    attempts: tuple[Attempt, ...]
    format: str  # of the bytes that came, as Pillow names it: JPEG, PNG, WEBP …
    source_sha256: str  # of the bytes that came; names the file in the workspace
    measures: Measures

    @property
    def key(self) -> str:
        """The candidate's key."""
        return self.candidate.key


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was rejected, with the reason and its particulars."""

    candidate: Candidate
    reason: str
    note: Message
    attempts: tuple[Attempt, ...] = ()
    source_sha256: str | None = None
    measures: Measures | None = None

    @property
    def key(self) -> str:
        """The candidate's key."""
        return self.candidate.key


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided of one image among the others; ``reason`` is None for the chosen."""

    reason: str | None
    copy_of: str | None = None  # the key of the image that stays, where this one is its copy
    cluster: int | None = None  # DBSCAN's label, -1 is noise
    score: float | None = None  # 0 … 1, how surely it shows the subject
    notes: tuple[Message, ...] = ()
    group: int | None = None  # of that image; 1 has the greatest claim
    distance: float | None = None  # cosine, to the subject's medoid
    neighbours: int | None = None  # images within the radius
    by_hand: Literal["kept", "dropped"] | None = None
    text_similarity: float | None = None  # cosine to the text that describes the subject


Step = Literal["found", "fetched", "good", "unique", "subject", "chosen"]
STEPS: tuple[Step, ...] = get_args(Step)  # what was found, then what each stage left


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How many candidates were left after each stage; ``reasons`` counts the rejected.

    ``found == chosen + sum(reasons.values())``, always.
    """

    found: int
    fetched: int
    good: int
    unique: int
    subject: int
    chosen: int
    reasons: Mapping[str, int]

    def steps(self) -> Iterator[tuple[Step, int]]:
        """Yield what was left after each step, and the step's name, in their order."""
        for step in STEPS:
            yield step, getattr(self, step)

    def __str__(self) -> str:
        """Return the counts as a line of a log has them."""
        left = ", ".join(f"{count} {step}" for step, count in self.steps())
        rejected = ", ".join(f"{count} {reason}" for reason, count in self.reasons.items())
        return f"{left}; rejected: {rejected or 'none'}."
