"""``report.html``: one page that shows what a run chose and what not. It needs nothing but itself.

The counts after each stage, the parameters, a map of all pictures, and small pictures of the chosen
and of each reason. What comes from the web is escaped, and the page loads and runs nothing.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tasks.arrays import Points, Vectors
from tasks.images.thumbnails import REFUSED, ThumbnailError, thumbnail
from tasks.records import Reason, Stage

CHOSEN = "chosen"
CHOSEN_SHOWN, REFUSED_SHOWN = 60, 12  # small pictures; of each reason
SIDE_PX = 160
WIDTH, HEIGHT, MARGIN = 960, 540, 16  # of the map
_STEPS = ("found", "fetched", "good", "unique", "subject", "chosen")
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
.legend, .pictures { display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0; margin: .6rem 0;
  list-style: none; }
.legend i { display: inline-block; width: .75rem; height: .75rem; border-radius: 50%; }
.pictures { display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); }
.pictures img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 6px;
  background: var(--sunken); }
.pictures li { font-size: .8rem; color: var(--muted); } a { color: inherit; }
"""


def report(
    about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], vectors: Vectors, folder: Path
) -> str:
    """Return the page of a dataset: what ``job.json`` says, its decisions, and its vectors (n, d).

    The pictures are read from the dataset's folder; one that is not there is left out.
    """
    query, counts = str(about["query"]), about["counts"]
    by_verdict: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_verdict[CHOSEN if row["is_chosen"] else row["reason"]].append(row)
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "img-src data:; style-src 'unsafe-inline'\">",
            f"<title>{_text(query)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(query)}</h1>",
            f"<p>{counts['chosen']} images of {counts['found']} candidates. {_choice(about)}</p>",
            "<h2>What stayed, what fell out</h2>",
            _waterfall(counts),
            "<h2>Map <small>the closer, the more alike; chosen ones are filled</small></h2>",
            _map(rows, vectors),
            *(
                _pictures(verdict, by_verdict[verdict], folder)
                for verdict in (CHOSEN, *Reason)
                if by_verdict[verdict]
            ),
            "<h2>Parameters</h2>",
            _table([*about.get("request", {}).items(), *about["versions"].items()]),
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


def _choice(about: Mapping[str, Any]) -> str:
    choice = about.get("choice", {})
    sentence = f"The choice is {choice.get('outcome', 'not known')}"
    if choice.get("by_hand"):
        sentence += f"; a person took group {choice['group']}"
    return f"{_text(sentence)}."


def _waterfall(counts: Mapping[str, Any]) -> str:
    most = max(counts["found"], 1)
    steps = "".join(
        f'<tr><th>{step}</th><td class="count">{counts[step]}</td><td><div class="bar" '
        f'style="width:{100 * counts[step] / most:.1f}%"></div></td></tr>'
        for step in _STEPS
    )
    reasons = "".join(
        f'<tr><th>{_text(reason)}</th><td class="count">− {count}</td>'
        f"<td>{Reason(reason).stage}</td></tr>"
        for reason, count in sorted(
            counts["reasons"].items(), key=lambda item: list(Stage).index(Reason(item[0]).stage)
        )
    )
    return f"<table>{steps}{reasons}</table>"


def _map(rows: Sequence[Mapping[str, Any]], vectors: Vectors) -> str:
    """Draw a dot for each picture; the chosen come last, so that they lie on top."""
    shown = [row for row in rows if row["embedding"] is not None]
    if not shown:
        return "<p>There was no picture to compare.</p>"
    places = project(vectors)
    used = {CHOSEN if row["is_chosen"] else row["reason"] for row in shown}
    legend = "".join(
        f'<li><i style="background:{colour}"></i> {verdict}</li>'
        for verdict, colour in _COLOURS.items()
        if verdict in used
    )
    dots = "".join(_dot(row, *places[row["embedding"]]) for row in sorted(shown, key=_is_chosen))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Map of all pictures">{dots}'
        f'</svg><ul class="legend">{legend}</ul>'
    )


def _is_chosen(row: Mapping[str, Any]) -> bool:
    return bool(row["is_chosen"])


def _dot(row: Mapping[str, Any], x: float, y: float) -> str:
    verdict = CHOSEN if row["is_chosen"] else row["reason"]
    colour = _COLOURS[verdict]
    return (
        f'<circle cx="{MARGIN + x * (WIDTH - 2 * MARGIN):.1f}" '
        f'cy="{MARGIN + y * (HEIGHT - 2 * MARGIN):.1f}" r="7" stroke="{colour}" '
        f'fill="{colour if row["is_chosen"] else "none"}" fill-opacity=".7">'
        f"<title>{_caption(row)}</title></circle>"
    )


def _pictures(verdict: str, rows: Sequence[Mapping[str, Any]], folder: Path) -> str:
    shown = rows[: CHOSEN_SHOWN if verdict == CHOSEN else REFUSED_SHOWN]
    with ThreadPoolExecutor(thread_name_prefix="report") as pool:
        items = "".join(pool.map(lambda row: _picture(row, folder), shown))
    more = f", the first {len(shown)}" if len(shown) < len(rows) else ""
    return (
        f"<h2>{_text(verdict)} <small>{len(rows)}{more}</small></h2>"
        f'<ul class="pictures">{items}</ul>'
    )


def _picture(row: Mapping[str, Any], folder: Path) -> str:
    file = folder / (row["file"] or f"{REFUSED}/{row['key']}.jpg")
    try:
        data = base64.b64encode(thumbnail(file, SIDE_PX)).decode()
    except (ThumbnailError, OSError):  # it never came, or is none
        return ""
    image = f'<img src="data:image/jpeg;base64,{data}" alt="" title="{_caption(row)}">'
    page = str(row["page_url"])
    if page.startswith(("https://", "http://")):
        image = f'<a href="{_text(page)}" rel="noreferrer noopener">{image}</a>'
    return f"<li>{image}{row['rank']}</li>"


def _caption(row: Mapping[str, Any]) -> str:
    return _text(": ".join(filter(None, [f"{row['rank']} {row['title']}".strip(), row["detail"]])))


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
