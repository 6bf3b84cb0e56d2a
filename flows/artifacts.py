"""A run's artifacts in Prefect's UI: its progress, the waterfall of counts, and a summary."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.exceptions import PrefectException

from tasks.records import AddressKind, Candidate, Waterfall, stage_of
from tasks.selection import Selection

SHOWN = 12  # thumbnails in the summary

log = logging.getLogger(__name__)


class ShownProgress:
    """A progress artifact: the images that show the subject so far, of those wanted."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._id: UUID | None = None
        with _unimportant():
            # Prefect types what is called without await as if it might be awaited.
            self._id = create_progress_artifact(  # type: ignore[assignment]
                0.0, key="progress", description=f"Images of the {wanted} that are wanted."
            )

    def update(self, chosen: int) -> None:
        """Show how many images are chosen by now."""
        if self._id is None:
            return
        with _unimportant():
            update_progress_artifact(self._id, min(100.0, 100 * chosen / self._wanted))


def publish(query: str, out_dir: Path, selection: Selection) -> None:
    """Add the waterfall as a table, and a summary with thumbnails, to the run."""
    waterfall = selection.waterfall()
    with _unimportant():
        create_table_artifact(table_of(waterfall), key="waterfall", description=query)
        chosen = [image.candidate for image in selection.chosen]
        create_markdown_artifact(summary(query, out_dir, waterfall, chosen), key="summary")


def table_of(waterfall: Waterfall) -> list[dict[str, str | int]]:
    """Return a row for each stage with what was left, then one for each reason."""
    rows: list[dict[str, str | int]] = [
        {"stage": step, "left": left, "reason": "", "rejected": ""}
        for step, left in waterfall.steps()
    ]
    rows += [
        {"stage": stage_of(reason), "left": "", "reason": reason, "rejected": count}
        for reason, count in waterfall.reasons.items()
    ]
    return rows


def summary(query: str, out_dir: Path, waterfall: Waterfall, chosen: list[Candidate]) -> str:
    """Return Markdown; titles come from the web and stay plain text in it."""
    lines = [
        f"# {_plain(query)}",
        "",
        f"**{waterfall.chosen}** images of {waterfall.found} candidates in `{out_dir}`.",
        "",
    ]
    lines += filter(None, map(link_to, chosen[:SHOWN]))
    return "\n".join(lines)


def link_to(candidate: Candidate) -> str:
    """Return a line of Markdown that links to a candidate's thumbnail; empty if it has no web one.

    Its title comes from the web and stays plain text.
    """
    title = _plain(candidate.title) or "image"
    thumbnails = [a.url for a in candidate.addresses if a.kind is AddressKind.THUMBNAIL]
    link = (thumbnails or [candidate.url])[0]
    if not link.startswith(("https://", "http://")):
        return ""
    return f"- [{title}]({quote(link, safe=':/?&=%+,;@!*~$#-._')})"


def _plain(text: str) -> str:
    """Escape what Markdown and HTML would take for markup."""
    return "".join(f"&#{ord(c)};" if c in "\\`*_{}[]()<>#+-.!|&\n" else c for c in text)


@contextmanager
def _unimportant() -> Iterator[None]:
    """A run does not fail because a server that is away shows nothing of it."""
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        log.warning("Prefect's page will lack an artifact: %s", error)
