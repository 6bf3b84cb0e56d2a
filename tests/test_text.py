"""Texts: which a model reads, and the vectors that they get."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPModel, CLIPProcessor

from tasks.embed import load_model
from tasks.errors import ModelError
from tasks.model.text import describe, reads
from tasks.workspace import Workspace
from tests.conftest import TINY_CLIP
from tests.support.checkpoints import saved

MODEL = str(TINY_CLIP)  # its tokens are of Korean and English words of images


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("고양이", True),
        ("풀밭 위의 사과", True),
        ("a photo of a cat", True),
        ("없는검색어", False),
        ("猫の写真", False),
        ("🍎🍏", False),
    ],
)
def test_a_model_reads_what_it_has_words_for(text: str, is_read: bool) -> None:
    assert reads(MODEL, text) is is_read


def test_a_text_has_the_vector_of_transformers() -> None:
    processor, network = CLIPProcessor.from_pretrained(MODEL), CLIPModel.from_pretrained(MODEL)
    for text in ("풀밭 위의 사과", "a cat " * 200):
        with torch.inference_mode():
            tokens = processor(text=[text], return_tensors="pt", truncation=True)
            expected = network.get_text_features(**tokens).pooler_output[0].numpy()
        vector = describe(MODEL, text)
        assert vector @ vector == pytest.approx(1)
        assert vector @ expected / np.linalg.norm(expected) >= 0.99999


@pytest.mark.parametrize(
    ("query", "description", "text"),
    [
        ("고양이", None, "고양이"),
        ("없는검색어", None, None),
        ("없는검색어", "a cat", "a cat"),
        ("고양이", "없는검색어", "없는검색어"),  # as it was asked for
    ],
)
def test_the_query_is_the_text_only_where_the_model_reads_it(
    query: str, description: str | None, text: str | None, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path)
    workspace.set_text(MODEL, np.zeros(64, np.float32))  # of an earlier run of the job
    loaded = load_model(workspace, MODEL, device="cpu", query=query, description=description)
    assert loaded.text == text
    vector = workspace.text(MODEL)
    if text is None:
        assert vector is None
    else:
        assert vector is not None
        np.testing.assert_array_equal(vector, describe(MODEL, text))


def test_a_model_without_a_tokenizer_reads_nothing_and_says_so_when_asked(tmp_path: Path) -> None:
    folder = str(saved("CLIP", tmp_path / "model"))
    assert not reads(folder, "cat")
    with pytest.raises(ModelError, match="has no tokenizer"):
        load_model(
            Workspace(tmp_path / "work"), folder, device="cpu", query="cat", description="a cat"
        )
