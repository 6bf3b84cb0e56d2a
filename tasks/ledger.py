"""The ledger of a dataset: a ``Decision`` for every candidate, and a ``JobRecord`` for the job.

They alone know the keys of ``decisions.jsonl``, ``manifest.jsonl`` and ``job.json``, and read what
earlier versions wrote. ``docs/schema/`` holds their JSON Schemas. Pure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import NoneType
from typing import Any, Literal, Self, get_args, get_type_hints

from tasks.records import (
    Accepted,
    AddressKind,
    Attempt,
    Rejected,
    Verdict,
    Waterfall,
    read_note,
)
from words import Message

_NOT_OF_CHOSEN = ("is_chosen", "reason", "notes", "copy_of")  # they'd say nothing in the manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One row of ``decisions.jsonl``, and of ``manifest.jsonl`` for a chosen image.

    The fields are the row's keys, in its order, but for ``measures``: each of them is a key of its
    own. What a candidate never got to is None. Rows of earlier versions may lack keys, and those of
    the original program have nothing but ``file``: so there is a default for everything.
    """

    query: str = ""
    file: str | None = None  # of the chosen alone
    source: str = ""
    url: str = ""
    page_url: str = ""
    title: str = ""
    rank: int = 0  # 1 is first on the page
    width: int | None = None  # px, upright
    height: int | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    sha256: str | None = None  # of the saved file
    phash: str | None = None  # 64-bit perceptual hash, 16 hex digits
    cluster: int | None = None  # DBSCAN's label, -1 is noise
    score: float | None = None  # 0 … 1, how surely it shows the subject
    text_similarity: float | None = None  # cosine to the text that describes the subject
    group: int | None = None  # 1 has the greatest claim
    distance: float | None = None  # cosine, to the subject's medoid
    neighbours: int | None = None  # images within the radius
    by_hand: Literal["kept", "dropped"] | None = None
    embedding: int | None = None  # its row in embeddings.npy
    key: str | None = None
    source_sha256: str | None = None  # of the bytes that came
    source_format: str | None = None  # as Pillow names it
    source_mode: str | None = None  # of its pixels, as Pillow names it: RGB, L, CMYK …
    is_animated: bool | None = None
    fetched_url: str | None = None
    rendition: AddressKind | None = None
    is_chosen: bool = False
    reason: str | None = None
    notes: tuple[Message, ...] = ()
    copy_of: str | None = None  # the key of the image that stays
    attempts: tuple[Attempt, ...] = ()

    @classmethod
    def of(
        cls,
        result: Accepted | Rejected,
        verdict: Verdict | None = None,
        *,
        query: str,
        file: str | None = None,
        sha256: str | None = None,
        embedding: int | None = None,
    ) -> Self:
        """Put together what is known of a candidate; ``file`` and ``sha256`` are of the chosen."""
        candidate, measures = result.candidate, result.measures
        accepted = result if isinstance(result, Accepted) else None
        rejected = result if isinstance(result, Rejected) else None
        fetched = accepted.attempts[-1] if accepted else None
        judged = verdict or Verdict(None)
        return cls(
            query=query,
            file=file,
            source=candidate.source,
            url=candidate.url,
            page_url=candidate.page_url,
            title=candidate.title,
            rank=candidate.rank,
            width=measures.width if measures else None,
            height=measures.height if measures else None,
            measures={k: round(v, 2) for k, v in measures.values.items()} if measures else {},
            sha256=sha256,
            phash=measures.phash if measures else None,
            cluster=judged.cluster,
            score=_rounded(judged.score),
            text_similarity=_rounded(judged.text_similarity),
            group=judged.group,
            distance=_rounded(judged.distance),
            neighbours=judged.neighbours,
            by_hand=judged.by_hand,
            embedding=embedding,
            key=result.key,
            source_sha256=result.source_sha256,
            source_format=accepted.format if accepted else None,
            source_mode=measures.mode if measures else None,
            is_animated=measures.is_animated if measures else None,
            fetched_url=fetched.url if fetched else None,
            rendition=fetched.kind if fetched else None,
            is_chosen=file is not None,
            reason=rejected.reason if rejected else judged.reason,
            notes=(rejected.note,) if rejected else judged.notes,
            copy_of=judged.copy_of,
            attempts=result.attempts,
        )

    @property
    def verdict(self) -> str:
        """``chosen``, or the reason against it."""
        return "chosen" if self.is_chosen else str(self.reason)

    def to_row(self) -> dict[str, Any]:
        """Return the row of ``decisions.jsonl``, as JSON can hold it."""
        row: dict[str, Any] = {}
        for name in _KEYS:
            value = getattr(self, name)
            if name == "measures":
                row |= value
            elif name in ("notes", "attempts"):
                row[name] = [part.to_json() for part in value]
            else:
                row[name] = value
        return row

    def to_manifest_row(self) -> dict[str, Any]:
        """Return the row of ``manifest.jsonl``."""
        return {key: value for key, value in self.to_row().items() if key not in _NOT_OF_CHOSEN}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of ``decisions.jsonl``, of this or an earlier version.

        Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is no such row.
        """
        plain = {name: row[name] for name in _PLAIN if name in row}
        for name, value in plain.items():
            if type(value) not in _PLAIN[name]:
                raise TypeError(f"{name} is {value!r:.100}")
        old = read_note(None, str(row.get("detail") or ""))
        kind = row.get("rendition")
        return cls(
            **{"is_chosen": bool(row.get("file"))} | plain,
            by_hand=row.get("by_hand"),
            measures={key: float(value) for key, value in row.items() if _is_measure(key, value)},
            notes=tuple(map(Message.from_json, row.get("notes") or ())) or ((old,) if old else ()),
            attempts=tuple(map(Attempt.from_json, row.get("attempts") or ())),
            rendition=AddressKind(kind) if kind else None,
        )


_KEYS = tuple(one.name for one in fields(Decision))
# The types of the fields that a row holds as they are; JSON has no difference of 1 and 1.0.
_PLAIN = {
    name: (*types, int) if float in types else types
    for name, hint in get_type_hints(Decision).items()
    if (types := get_args(hint) or (hint,)) and set(types) <= {str, int, float, bool, NoneType}
}


def _is_measure(key: str, value: object) -> bool:
    """A measure is every number under a key that no field has."""
    return key not in _KEYS and isinstance(value, int | float) and not isinstance(value, bool)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """What ``job.json`` says of a dataset: what was asked, with what it was made, and the counts.

    The fields are its keys; those that earlier versions did not write have a default. Times are
    ISO 8601 with their zone.
    """

    id: str
    query: str
    request: Mapping[str, Any] = field(
        default_factory=dict
    )  # a CollectRequest as JSON, without its job id
    source: str = ""
    search_loads: int = 0  # pages that the source was asked for, each a call where it is an API
    model_family: str = "clip"
    model_revision: str = ""
    text: str | None = None  # that the images were compared with
    download: Mapping[str, Any] = field(default_factory=dict)  # see ``fetching.traffic``
    embedding: Mapping[str, float] = field(default_factory=dict)  # ``seconds`` and ``wait_s``
    choice: Mapping[str, Any] = field(
        default_factory=dict
    )  # how the subject was chosen: a ``selection.Choice``
    started_at: str = ""
    finished_at: str = ""
    version: int = 1  # of the dataset; each new choice writes the next one
    chosen_from: str | None = None  # the folder of the version that was chosen from again
    counts: Waterfall
    versions: Mapping[str, str] = field(
        default_factory=dict
    )  # of the program, of Python and of the libraries that matter

    def to_json(self) -> dict[str, Any]:
        """Return what ``job.json`` holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read a ``job.json`` of this or an earlier version.

        Raises ``KeyError`` and ``TypeError`` for what is none.
        """
        known: dict[str, Any] = {
            one.name: stored[one.name] for one in fields(cls) if one.name in stored
        }
        return cls(**known | {"counts": Waterfall(**stored["counts"])})
