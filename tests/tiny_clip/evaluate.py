"""Measure a trained tiny CLIP on held-out pictures and write what was found as Markdown.

    python -m tests.tiny_clip.evaluate --card

Two measurements: zero-shot accuracy (which of the captions of all kinds is nearest to a picture, in
each language), and the cluster test: how well the largest DBSCAN cluster of a mixture (60 pictures
of one subject, 30 strays, 10 of other subjects) is the subject, as precision and recall. With
`--card` the findings become the README.md of the model's folder.
"""

import argparse
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.cluster import DBSCAN
from transformers import CLIPModel, CLIPProcessor

from tests.naver_replica.copies import near_copy
from tests.naver_replica.pictures import KINDS, STRAYS, SUBJECTS, draw
from tests.tiny_clip.captions import LANGUAGES, class_names
from tests.tiny_clip.model import FOLDER, image_vectors, text_vectors

HELD_OUT_SEED = 500_000
SIDES_PX = (300, 1200)
EPS_COSINE, MIN_SAMPLES = 0.18, 3
OF_SUBJECT, OF_STRAYS, OF_OTHERS = 60, 30, 10

CARD = """# A tiny CLIP for tests

A CLIP-architecture model ({parameters:,} parameters, {size:.1f} MB in all) that knows the drawn
pictures of `tests/naver_replica` in English and Korean, and nothing else. Tests load it where a
real CLIP would be too large. `python -m tests.tiny_clip.train` made it from nothing.

Pictures are 64 by 64 px in patches of 8; vectors have 64 dimensions. Training drew seeds below
500,000; the measurements below are of seeds from 500,000, and the replica starts at 1,000,000.

## Measured

    {command}

{report}
"""


@dataclass(frozen=True, slots=True)
class ClusterScore:
    """How well the largest cluster of one mixture is its subject, both 0…1."""

    precision: float
    recall: float


def held_out(kind: str, count: int, first_seed: int = HELD_OUT_SEED) -> list[Image.Image]:
    """Draw held-out pictures of one kind, 300-1200 px a side."""
    cv2.setNumThreads(1)
    sides = np.random.default_rng(first_seed).integers(*SIDES_PX, (count, 2)).tolist()
    return [draw(kind, first_seed + n, *side) for n, side in enumerate(sides)]


def zero_shot(
    vectors: Mapping[str, NDArray[np.float32]], texts: NDArray[np.float32]
) -> dict[str, float]:
    """Return for each kind the share of its vectors (n, d) nearest to its text among all (k, d)."""
    numbers = {name: number for number, name in enumerate(KINDS)}
    return {
        kind: float(((of_kind @ texts.T).argmax(axis=1) == numbers[kind]).mean())
        for kind, of_kind in vectors.items()
    }


def largest_cluster(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return a mask (n,) of the members of DBSCAN's largest cluster."""
    labels = DBSCAN(eps=EPS_COSINE, min_samples=MIN_SAMPLES, metric="cosine").fit_predict(vectors)
    sizes = np.bincount(labels + 1)[1:]  # without the noise, labelled -1
    return np.asarray(labels == sizes.argmax() if sizes.size else np.zeros(len(labels), np.bool_))


def cluster_score(
    vectors: Mapping[str, NDArray[np.float32]], subject: str, rng: np.random.Generator
) -> ClusterScore:
    """Mix the subject's vectors with strays and other subjects, cluster, and score the largest."""
    wanted = rng.permutation(vectors[subject])[:OF_SUBJECT]
    strays = np.concatenate([of_kind for kind, of_kind in vectors.items() if kind in STRAYS])
    others = np.concatenate(
        [of_kind for kind, of_kind in vectors.items() if kind in SUBJECTS and kind != subject]
    )
    noise = (rng.permutation(strays)[:OF_STRAYS], rng.permutation(others)[:OF_OTHERS])
    kept = largest_cluster(np.concatenate((wanted, *noise)))
    right = int(kept[:OF_SUBJECT].sum())
    return ClusterScore(right / max(1, int(kept.sum())), right / OF_SUBJECT)


def embed_kinds(
    model: CLIPModel, processor: CLIPProcessor, counts: Mapping[str, int]
) -> dict[str, NDArray[np.float32]]:
    """Draw held-out pictures of each kind and return their vectors, float32 (count, 64)."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        drawn = pool.map(held_out, counts, counts.values())
        return {
            kind: image_vectors(model, processor, images)
            for kind, images in zip(counts, drawn, strict=True)
        }


def _rows(
    vectors: Mapping[str, NDArray[np.float32]], shots: list[dict[str, float]], mixtures: int
) -> Iterable[str]:
    middles = {
        kind: of_kind.mean(axis=0) / np.linalg.norm(of_kind.mean(axis=0))
        for kind, of_kind in vectors.items()
    }
    for subject in SUBJECTS:
        rng = np.random.default_rng(HELD_OUT_SEED)
        scores = [cluster_score(vectors, subject, rng) for _ in range(mixtures)]
        precisions, recalls = [s.precision for s in scores], [s.recall for s in scores]
        distance, nearest = min(
            (float(1 - middles[subject] @ middles[kind]), kind) for kind in KINDS if kind != subject
        )
        yield (
            f"| {subject} | {shots[0][subject]:.3f} | {shots[1][subject]:.3f} "
            f"| {np.median(precisions):.3f} | {min(precisions):.3f} "
            f"| {np.median(recalls):.3f} | {min(recalls):.3f} | {distance:.2f} ({nearest}) |"
        )


def report(model: CLIPModel, processor: CLIPProcessor, *, per_subject: int, mixtures: int) -> str:
    """Return the measurements as Markdown."""
    counts = dict.fromkeys(SUBJECTS, per_subject) | dict.fromkeys(STRAYS, per_subject // 5)
    vectors = embed_kinds(model, processor, counts)
    texts = [text_vectors(model, processor, class_names(language)) for language in LANGUAGES]
    shots = [zero_shot(vectors, of_language) for of_language in texts]
    means = [np.mean([shot[kind] for kind in SUBJECTS]) for shot in shots]
    stray_means = [np.mean([shot[kind] for kind in STRAYS]) for shot in shots]
    return "\n".join(
        (
            f"Zero-shot over {len(KINDS)} captions, mean of the {len(SUBJECTS)} subjects: "
            f"English {means[0]:.3f}, Korean {means[1]:.3f}; of the {len(STRAYS)} strays: "
            f"English {stray_means[0]:.3f}, Korean {stray_means[1]:.3f}.",
            "",
            f"Largest cluster, DBSCAN eps {EPS_COSINE}, min_samples {MIN_SAMPLES}, "
            f"{mixtures} mixtures each, drawn from {per_subject} held-out pictures:",
            "",
            "| subject | English | Korean | precision | worst | recall | worst | nearest kind |",
            "|---|---|---|---|---|---|---|---|",
            *_rows(vectors, shots, mixtures),
            "",
            _copies_line(model, processor, vectors),
        )
    )


def _copies_line(
    model: CLIPModel, processor: CLIPProcessor, vectors: Mapping[str, NDArray[np.float32]]
) -> str:
    """Compare reposts of a picture with different pictures of its subject."""
    copied, apart = [], []
    for subject in SUBJECTS:
        images = held_out(subject, 10)
        copies = [near_copy(image, n) for n, image in enumerate(images)]
        originals = image_vectors(model, processor, images)
        copied += (originals * image_vectors(model, processor, copies)).sum(axis=1).tolist()
        first = vectors[subject][:60]
        apart.append(float(np.quantile((first @ first.T)[np.triu_indices(len(first), 1)], 0.99)))
    return (
        f"Cosine of a picture and its repost: lowest {min(copied):.4f}, median "
        f"{np.median(copied):.4f}; of two pictures of one subject: 99th percentile "
        f"{np.median(apart):.4f} (median over subjects)."
    )


def main() -> None:
    """Print the measurements of the model in the folder given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=FOLDER, help="folder of the model (this one)")
    parser.add_argument("--per-subject", type=int, default=160, help="held-out pictures of each")
    parser.add_argument("--mixtures", type=int, default=9)
    parser.add_argument("--card", action="store_true", help="write the folder's README.md as well")
    options = parser.parse_args()
    model = CLIPModel.from_pretrained(options.model).eval()
    processor = CLIPProcessor.from_pretrained(options.model)
    found = report(model, processor, per_subject=options.per_subject, mixtures=options.mixtures)
    print(found)  # noqa: T201 - the command's output
    if options.card:
        files = [*options.model.glob("*.json"), *options.model.glob("*.safetensors")]
        card = CARD.format(
            parameters=model.num_parameters(),
            size=sum(file.stat().st_size for file in files) / 1e6,
            command=f"python -m tests.tiny_clip.evaluate --per-subject {options.per_subject} "
            f"--mixtures {options.mixtures}",
            report=found,
        )
        (options.model / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
