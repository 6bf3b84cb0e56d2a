"""The tiny CLIP: it loads as any CLIP does, knows its pictures in two languages, and clusters."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoProcessor, CLIPModel, CLIPProcessor
from transformers.utils.logging import set_verbosity_warning

from tests.naver_replica.pictures import STRAYS, SUBJECTS
from tests.tiny_clip.captions import LANGUAGES, class_names
from tests.tiny_clip.evaluate import cluster_score, held_out, zero_shot
from tests.tiny_clip.model import EMBEDDING_DIM, FOLDER, image_vectors, text_vectors

# Seeds that neither training nor the model card's measurements use.
FIRST_SEED = 900_000
ACCURACY_FLOOR = {"en": 0.97, "ko": 0.97}
CLUSTERED = ("cat", "car", "house")

Vectors = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def model() -> CLIPModel:
    return CLIPModel.from_pretrained(FOLDER).eval()


@pytest.fixture(scope="module")
def processor() -> CLIPProcessor:
    return CLIPProcessor.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def vectors(model: CLIPModel, processor: CLIPProcessor) -> Vectors:
    counts = {kind: 60 if kind in CLUSTERED else 4 for kind in SUBJECTS} | dict.fromkeys(STRAYS, 1)
    return {
        kind: image_vectors(model, processor, held_out(kind, count, FIRST_SEED))
        for kind, count in counts.items()
    }


def test_the_folder_is_small_enough_for_git() -> None:
    assert sum(file.stat().st_size for file in FOLDER.glob("*.*")) < 5_000_000


def test_it_loads_without_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    set_verbosity_warning()
    loaded = CLIPModel.from_pretrained(FOLDER)
    processor = AutoProcessor.from_pretrained(FOLDER)
    assert isinstance(processor, CLIPProcessor)
    assert loaded.dtype == torch.float32
    assert loaded.config.projection_dim == EMBEDDING_DIM
    assert "arning" not in capfd.readouterr().err.replace("Loading weights", "")


def test_any_text_is_understood_as_tokens(model: CLIPModel, processor: CLIPProcessor) -> None:
    texts = ["사과", "an umbrella", "안녕 Zürich 7×", "emoji 🍎", ""]
    found = text_vectors(model, processor, texts)
    assert found.shape == (5, EMBEDDING_DIM)
    assert np.isfinite(found).all()
    assert (
        processor.tokenizer.decode(processor.tokenizer("풀밭 위의 사과").input_ids[1:-1]).strip()
        == "풀밭 위의 사과"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_is_nearest_to_its_own_caption(
    language: str, model: CLIPModel, processor: CLIPProcessor, vectors: Vectors
) -> None:
    texts = text_vectors(model, processor, class_names(language))
    shares = zero_shot(vectors, texts)
    assert np.mean([shares[subject] for subject in SUBJECTS]) >= ACCURACY_FLOOR[language]


@pytest.mark.parametrize("subject", CLUSTERED)
def test_the_largest_cluster_is_the_subject(subject: str, vectors: Vectors) -> None:
    score = cluster_score(vectors, subject, np.random.default_rng(0))
    assert score.precision >= 0.97
    assert score.recall >= 0.95


def test_different_subjects_stand_well_apart(vectors: Vectors) -> None:
    middles = np.stack([vectors[subject].mean(axis=0) for subject in SUBJECTS])
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    distances = 1 - middles @ middles.T
    np.fill_diagonal(distances, 1)
    assert distances.min() > 0.4
