"""``report.html``: one page that shows what a run chose and what not. It needs nothing but itself.

The counts after each stage, the parameters, a map of all images, and small images of the chosen and
of each reason. What comes from the web is escaped, and the page loads and runs nothing.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

import numpy as np

from tasks.arrays import Points, Vectors
from tasks.images.decoder import ImageError
from tasks.images.thumbnails import thumbnail
from tasks.ledger import Decision, JobRecord
from tasks.records import Reason, Stage, Waterfall, stage_of
from tasks.workspace import writing
from tasks.writers.folder import REPORT, Dataset, Writer, image_path
from words import Language, language_of_system, say

CHOSEN = "chosen"
CHOSEN_SHOWN, REJECTED_SHOWN = 60, 12  # small images; of each reason
SIDE_PX = 160
WIDTH, HEIGHT, MARGIN = 960, 540, 16  # of the map
_COLOURS = {  # those of the dashboard, more where a stage has several reasons on the map
    CHOSEN: "#0b6b57",
    Reason.EXACT_COPY: "#6a3aae",
    Reason.NEAR_COPY: "#a78bd0",
    Reason.OTHER_CLUSTER: "#a82a63",
    Reason.NOISE: "#8a949b",
    Reason.NO_SUBJECT: "#8a949b",
    Reason.DROPPED_BY_HAND: "#b3261e",
    Reason.OVER_LIMIT: "#1a57b5",
}
_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#16211d, #e6ece9);
  --muted: light-dark(#52605a, #a0b1a9); --line: light-dark(#d5dad5, #2d3833);
  --sunken: light-dark(#eaede8, #0a0e0c); --accent: light-dark(#0b6b57, #4fcaa9); }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 70rem; color: var(--ink);
  background: light-dark(#fff, #171d1a); font: 15px/1.5 system-ui, "Noto Sans KR", sans-serif;
  overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
h2 small, p { color: var(--muted); font-weight: 400; } p { margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; text-align: start; font-weight: 400; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { width: 9rem; color: var(--muted); } td.count { width: 5rem; text-align: end; }
.bar { height: 1rem; min-width: 1px; border-radius: 3px; background: var(--accent); }
svg { width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
.legend, .images { display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0; margin: .6rem 0;
  list-style: none; }
.legend i { display: inline-block; width: .75rem; height: .75rem; border-radius: 50%; }
.images { display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); }
.images img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 6px;
  background: var(--sunken); }
.images li { font-size: .8rem; color: var(--muted); } a { color: inherit; }
"""


def write_report(dataset: Dataset) -> None:
    """Write the page, in the language that the request names or the system has.

    Raises ``OutputError``.
    """
    language = dataset.record.request.get("lang") or language_of_system()
    page = report(
        dataset.record,
        dataset.decisions,
        vectors=dataset.selection.vectors,
        folder=dataset.folder,
        language=language,
    )
    with writing(dataset.folder / REPORT) as file:
        file.write(page.encode(errors="replace"))


def report(
    record: JobRecord,
    decisions: Sequence[Decision],
    *,
    vectors: Vectors,
    folder: Path,
    language: Language,
) -> str:
    """Return the page of a dataset; ``vectors`` (n, d) are those that the decisions name.

    The images are read from the dataset's folder; one that is not there is left out.
    """
    by_verdict: dict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        by_verdict[decision.verdict].append(decision)
    query = _text(record.query)
    counts = record.counts
    return "\n".join(
        [
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "img-src data:; style-src 'unsafe-inline'\">",
            f"<title>{query}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{query}</h1>",
            f"<p>{_summary(record, language)}</p>",
            f"<h2>{say('waterfall.title', language)}</h2>",
            _waterfall(counts, language),
            f"<h2>{say('report.map', language)} "
            f"<small>{say('report.map.how', language)}</small></h2>",
            _map(decisions, vectors, language),
            *(
                _images(verdict, by_verdict[verdict], folder, language)
                for verdict in sorted(by_verdict, key=_place)
            ),
            f"<h2>{say('report.parameters', language)}</h2>",
            _table([*record.request.items(), *record.versions.items()]),
            "</body></html>",
        ]
    )


def project(vectors: Vectors) -> Points:
    """Return places (n, 2) in 0 … 1 on the two principal axes, which tear nothing apart."""
    from sklearn.decomposition import PCA  # half a second that only a report needs

    if len(vectors) < 2 or not np.ptp(vectors, axis=0).any():  # nothing lies anywhere else
        return np.full((len(vectors), 2), 0.5)
    places = PCA(2, random_state=0).fit_transform(vectors.astype(np.float64))
    low, high = places.min(axis=0), places.max(axis=0)
    return np.asarray((places - low) / np.maximum(high - low, 1e-9))


def name_of(verdict: str, language: Language) -> str:
    """Return what people call ``chosen`` or a reason."""
    return say(f"verdict.{CHOSEN}" if verdict == CHOSEN else f"reason.{verdict}", language)


def _place(verdict: str) -> tuple[int, int]:
    """Sort the chosen first, then the reasons by their stages."""
    if verdict == CHOSEN:
        return -1, 0
    reasons = list(Reason)
    return (
        list(Stage).index(stage_of(verdict)),
        reasons.index(Reason(verdict)) if verdict in reasons else len(reasons),
    )


def _summary(record: JobRecord, language: Language) -> str:
    counts, choice = record.counts, record.choice
    said = say("waterfall.summary", language, found=counts.found, chosen=counts.chosen)
    sentences = [f"{said}.", say(f"report.choice.{choice.get('outcome', 'unknown')}", language)]
    if choice.get("by_hand"):
        sentences.append(say("report.choice.by_hand", language, group=choice["group"]))
    return _text(" ".join(sentences))


def _waterfall(counts: Waterfall, language: Language) -> str:
    most = max(counts.found, 1)
    steps = "".join(
        f'<tr><th>{say(f"waterfall.{step}", language)}</th><td class="count">{left}</td><td>'
        f'<div class="bar" style="width:{100 * left / most:.1f}%"></div></td></tr>'
        for step, left in counts.steps()
    )
    reasons = "".join(
        f'<tr><th>{_text(name_of(reason, language))}</th><td class="count">− {count}</td>'
        f"<td>{say(f'stage.{stage_of(reason)}', language)}</td></tr>"
        for reason, count in sorted(counts.reasons.items(), key=lambda item: _place(item[0]))
    )
    return f"<table>{steps}{reasons}</table>"


def _map(decisions: Sequence[Decision], vectors: Vectors, language: Language) -> str:
    """Draw a dot for each image; the chosen come last, so that they lie on top."""
    shown = [one for one in decisions if one.embedding is not None]
    if not shown:
        return f"<p>{say('report.map.none', language)}</p>"
    places = project(vectors)
    used = {one.verdict for one in shown}
    legend = "".join(
        f'<li><i style="background:{colour}"></i> {name_of(verdict, language)}</li>'
        for verdict, colour in _COLOURS.items()
        if verdict in used
    )
    dots = "".join(
        _dot(one, places[one.embedding], language)
        for one in sorted(shown, key=lambda one: one.is_chosen)
    )
    label = say("report.map", language)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{dots}'
        f'</svg><ul class="legend">{legend}</ul>'
    )


def _dot(decision: Decision, place: Points, language: Language) -> str:
    x, y = place
    colour = _COLOURS[decision.verdict]
    return (
        f'<circle cx="{MARGIN + x * (WIDTH - 2 * MARGIN):.1f}" '
        f'cy="{MARGIN + y * (HEIGHT - 2 * MARGIN):.1f}" r="7" stroke="{colour}" '
        f'fill="{colour if decision.is_chosen else "none"}" fill-opacity=".7">'
        f"<title>{_caption(decision, language)}</title></circle>"
    )


def _images(verdict: str, decisions: Sequence[Decision], folder: Path, language: Language) -> str:
    shown = decisions[: CHOSEN_SHOWN if verdict == CHOSEN else REJECTED_SHOWN]
    with ThreadPoolExecutor(thread_name_prefix="report") as pool:
        items = "".join(pool.map(lambda one: _image(one, folder, language), shown))
    more = say("report.first", language, n=len(shown)) if len(shown) < len(decisions) else ""
    return (
        f'<h2 id="{_text(verdict)}">{_text(name_of(verdict, language))} '
        f'<small>{len(decisions)}{more}</small></h2><ul class="images">{items}</ul>'
    )


def _image(decision: Decision, folder: Path, language: Language) -> str:
    try:
        data = base64.b64encode(thumbnail(image_path(folder, decision), SIDE_PX)).decode()
    except (ImageError, OSError):  # it never came, or is none
        return ""
    caption = _caption(decision, language)
    image = f'<img src="data:image/jpeg;base64,{data}" alt="" title="{caption}">'
    if decision.page_url.startswith(("https://", "http://")):
        image = f'<a href="{_text(decision.page_url)}" rel="noreferrer noopener">{image}</a>'
    return f"<li>{image}{decision.rank}</li>"


def _caption(decision: Decision, language: Language) -> str:
    notes = "; ".join(note.said_in(language) for note in decision.notes)
    title = f"{decision.rank} {decision.title}".strip()
    return _text(": ".join(filter(None, [title, notes])))


def _table(rows: Iterable[tuple[str, object]]) -> str:
    shown = "".join(
        f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>"
        for name, value in rows
        if value is not None
    )
    return f"<table>{shown}</table>"


def _text(value: object) -> str:
    """Return what may come from the web as it can stand in markup and attributes."""
    return escape(str(value))


REPORT_WRITER = Writer((REPORT,), write_report)
