"""The choice of the subject, judged on real CLIP vectors, against simpler rules.

    python benchmarks/subject.py [--data ../shared/clip_embeddings] [--trials 1]

A trial is a mixture (``subject_mixtures.py``): every subject × raw precision × size × kind. It
succeeds with a precision of at least 0.97 and a recall of at least 0.85. The rules: ours with
nothing but the vectors and the ranks; the largest DBSCAN cluster at several radii (0.18 is the
earlier program's); the largest HDBSCAN cluster; all within 0.25 of the middle of the half nearest
to the mean. Half of the subjects were tuned on, half held out. Intervals are 95 %, by bootstrap.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.cluster import DBSCAN, HDBSCAN

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.subject_mixtures import (
    KINDS,
    PRECISIONS,
    SIZES,
    TUNED,
    Mask,
    Trial,
    load_sets,
    trials_of,
    unrelated_trials,
)
from tasks.cluster import choose_subject
from tasks.subject.clustering import Outcome

PEER = "DBSCAN 0.18"
LEAST_PRECISION, LEAST_RECALL = 0.97, 0.85
UNRELATED_TRIALS = 200
Rule = Callable[[Trial], Mask]


@dataclass(frozen=True, slots=True)
class Score:
    """One rule on one trial."""

    trial: Trial
    f1: float
    success: bool


def _largest(labels: np.ndarray) -> Mask:
    found = labels[labels >= 0]
    return labels == (np.bincount(found).argmax() if len(found) else len(labels))


def _dbscan(eps: float) -> Rule:
    return lambda trial: _largest(
        DBSCAN(eps=eps, min_samples=3, metric="cosine").fit_predict(trial.vectors)
    )


def _hdbscan(trial: Trial) -> Mask:
    return _largest(HDBSCAN(min_cluster_size=5, copy=True).fit_predict(trial.vectors))


def _centroid(trial: Trial) -> Mask:
    middle = trial.vectors.mean(axis=0)
    nearness = trial.vectors @ middle
    middle = trial.vectors[nearness >= np.median(nearness)].mean(axis=0)
    return trial.vectors @ middle >= 0.75 * np.linalg.norm(middle)


def _with(*evidence: str) -> Rule:
    return lambda trial: (
        choose_subject(trial.vectors, **{name: getattr(trial, name) for name in evidence}).chosen
    )


RULES: dict[str, Rule] = {
    "ours": _with("ranks"),
    "DBSCAN 0.14": _dbscan(0.14),
    PEER: _dbscan(0.18),
    "DBSCAN 0.22": _dbscan(0.22),
    "DBSCAN 0.26": _dbscan(0.26),
    "HDBSCAN": _hdbscan,
    "centroid 0.25": _centroid,
}
EVIDENCE: dict[str, Rule] = {
    "vectors only": _with(),
    "+ ranks": _with("ranks"),
    "+ sources": _with("sources"),
    "+ text similarity": _with("text_similarity"),
    "all": _with("ranks", "sources", "text_similarity"),
}


def judge(trial: Trial, chosen: Mask) -> Score:
    """Compare what was chosen with the truth."""
    right = int((chosen & trial.is_subject).sum())
    precision, recall = right / max(1, chosen.sum()), right / trial.is_subject.sum()
    f1 = 2 * right / (chosen.sum() + trial.is_subject.sum())
    return Score(trial, f1, precision >= LEAST_PRECISION and recall >= LEAST_RECALL)


def _mean(values: Iterable[float]) -> str:
    """The mean and its interval over 1,000 samples of the trials."""
    of = np.array(list(values), float)
    draws = np.random.default_rng(0).integers(len(of), size=(1000, len(of)))
    low, high = np.quantile(of[draws].mean(axis=1), [0.025, 0.975])
    return f"{of.mean():.3f} [{low:.3f}-{high:.3f}]"


def _rules_table(title: str, scores: dict[str, list[Score]], seconds: dict[str, float]) -> Table:
    table = Table("rule", "F1: mean", "worst", "success", "seconds", title=title)
    for name, of_rule in scores.items():
        f1 = [score.f1 for score in of_rule]
        success = _mean(score.success for score in of_rule)
        table.add_row(name, _mean(f1), f"{min(f1):.3f}", success, f"{seconds[name]:.0f}")
    return table


def _rows() -> Iterable[tuple[str, Callable[[Trial], bool]]]:
    yield "all", lambda trial: True
    yield "tuned on", lambda trial: trial.subject in TUNED
    yield "held out", lambda trial: trial.subject not in TUNED
    for kind in KINDS:
        yield kind, lambda trial, kind=kind: trial.kind == kind
    for precision in PRECISIONS:
        yield f"precision {precision}", lambda trial, p=precision: trial.precision == p
    for size in SIZES:
        yield f"{size} candidates", lambda trial, size=size: trial.size == size


def _mean_of(scores: Iterable[Score], field: str) -> float:
    return float(np.mean([getattr(score, field) for score in scores]))


def _kinds_table(scores: dict[str, list[Score]], subjects: list[str]) -> Table:
    table = Table(
        "trials", "ours: F1", "worst", "success", "0.18: F1", "success", "best other", "F1",
        "success", title="by kind",
    )  # fmt: skip
    rows = list(_rows())
    rows += [(name, lambda trial, name=name: trial.subject == name) for name in subjects]
    for title, belongs in rows:
        some = {name: [s for s in of if belongs(s.trial)] for name, of in scores.items()}
        ours = some.pop("ours")
        best = max(some, key=lambda name: _mean_of(some[name], "f1"))
        of_others = [f"{_mean_of(some[n], f):.3f}" for n in (PEER, best) for f in ("f1", "success")]
        table.add_row(
            title,
            _mean(score.f1 for score in ours),
            f"{min(score.f1 for score in ours):.3f}",
            _mean(score.success for score in ours),
            *of_others[:2],
            best,
            *of_others[2:],
        )
    return table


def _measure(rules: dict[str, Rule], trials: Iterable[Trial], title: str) -> dict[str, list[Score]]:
    scores: dict[str, list[Score]] = {name: [] for name in rules}
    seconds = dict.fromkeys(rules, 0.0)
    for trial in trials:
        for name, rule in rules.items():
            started = time.perf_counter()
            chosen = rule(trial)
            seconds[name] += time.perf_counter() - started
            scores[name].append(judge(trial, chosen))
    Console(width=150).print(_rules_table(title, scores, seconds))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "clip_embeddings"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--trials", type=int, default=1, help="of each cell")
    arguments = parser.parse_args()
    sets = load_sets(arguments.data)
    scores = _measure(RULES, trials_of(sets, arguments.trials), "which images are the subject")
    ours = scores["ours"]
    subjects = list(dict.fromkeys(score.trial.subject for score in ours))
    Console(width=150).print(_kinds_table(scores, subjects))
    small = (t for t in trials_of(sets, arguments.trials) if t.size == 60 and t.precision < 0.6)
    _measure(EVIDENCE, small, "what else is known, at 60 candidates, precision 0.3 and 0.5")
    outcomes = [
        choose_subject(trial.vectors, ranks=trial.ranks).outcome
        for trial in unrelated_trials(sets, UNRELATED_TRIALS)
    ]
    counts = {str(outcome): outcomes.count(outcome) for outcome in Outcome}
    Console().print(f"Unrelated images only, {UNRELATED_TRIALS} trials: {counts}")
    held_out = [score for score in ours if score.trial.subject not in TUNED]
    f1, peer = _mean_of(ours, "f1"), _mean_of(scores[PEER], "f1")
    result = {
        "stage": "subject",
        "ours": round(f1, 4),
        "peer": round(peer, 4),
        "unit": "F1",
        "ratio": round(f1 / peer, 3),
        "f1": round(f1, 4),
        "success": round(_mean_of(ours, "success"), 4),
        "peer_success": round(_mean_of(scores[PEER], "success"), 4),
        "held_out_f1": round(_mean_of(held_out, "f1"), 4),
        "held_out_success": round(_mean_of(held_out, "success"), 4),
        "none": round(1 - counts[Outcome.CLEAR] / UNRELATED_TRIALS, 4),
        "trials": len(ours),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
