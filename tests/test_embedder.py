"""Vectors: the same as transformers gives, by every family of checkpoints, or one clear error."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from transformers import (
    CLIPImageProcessorPil,
    CLIPModel,
)

from tasks.errors import ModelError
from tasks.model.clip import text_tower
from tasks.model.embedder import Embedder, _load, in_batches, load
from tasks.model.weights import checkpoint
from tests.conftest import TINY_CLIP
from tests.naver_replica.pictures import draw
from tests.support.checkpoints import CUT, FAMILIES, TEXT, TOWER, VISION, saved


@pytest.fixture(autouse=True)
def _nothing_is_loaded_yet() -> Iterator[None]:
    _load.cache_clear()
    yield
    _load.cache_clear()


@pytest.fixture
def _without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand on a CPU that has no fast bfloat16."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)


def images() -> list[Image.Image]:
    """Drawn ones, a greyscale one, extreme aspects, and tiny ones."""
    drawn = [draw("cat", seed, *size) for seed, size in enumerate([(300, 200), (200, 331)])]
    grey = draw("house", 2, 240, 320).convert("L").convert("RGB")
    odd = [draw("bird", 3, 400, 300).resize(size) for size in [(900, 9), (8, 700), (1, 1), (5, 3)]]
    return [*drawn, grey, *odd]


def stock(folder: Path, images: list[Image.Image]) -> np.ndarray:
    """Embed as transformers' documentation does: its processor, float32, one at a time."""
    network = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    with torch.inference_mode():
        rows = [
            network.get_image_features(**processor(images=image, return_tensors="pt")).pooler_output
            for image in images
        ]
    vectors = torch.cat(rows).numpy()
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def ours(embedder: Embedder, images: list[Image.Image]) -> np.ndarray:
    return embedder.embed([embedder.prepare(np.asarray(image)) for image in images])


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray((one.astype(np.float64) * other).sum(axis=1))


@pytest.mark.usefixtures("_without_bfloat16")
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_the_numbers_of_transformers(family: str, tmp_path: Path) -> None:
    folder = saved(family, tmp_path)
    embedder = load(str(folder), "cpu")
    vectors = ours(embedder, images())
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert cosines(vectors, stock(folder, images())).min() >= 0.99999
    assert embedder.networks[0].text_model is None


@pytest.mark.usefixtures("_without_bfloat16")
@pytest.mark.parametrize("vision", ["CLIPVision", "ViT"])
def test_a_vision_model_joined_with_a_text_model_of_another_kind_loads(
    vision: str, tmp_path: Path
) -> None:
    """As some Korean CLIPs are made: the eyes of CLIP, and a RoBERTa that reads Korean."""
    config = transformers.VisionTextDualEncoderConfig.from_vision_text_configs(
        getattr(transformers, f"{vision}Config")(**VISION),
        transformers.RobertaConfig(**TEXT),
        projection_dim=24,
    )
    torch.manual_seed(0)
    network = transformers.VisionTextDualEncoderModel(config).eval()
    network.save_pretrained(tmp_path)
    CLIPImageProcessorPil(**CUT).save_pretrained(tmp_path)
    vectors = ours(load(str(tmp_path), "cpu"), images())
    assert cosines(vectors, stock(tmp_path, images())).min() >= 0.99999
    reader = text_tower(checkpoint(str(tmp_path)))
    assert reader.vision_model is None
    tokens = torch.tensor([[1, 7, 9, 2]])
    with torch.inference_mode():
        read, expected = (n.get_text_features(tokens).pooler_output for n in (reader, network))
    torch.testing.assert_close(read, expected)


@pytest.mark.usefixtures("_without_bfloat16")
def test_a_trained_model_gives_the_numbers_of_transformers() -> None:
    vectors = ours(load(str(TINY_CLIP), "cpu"), images())
    assert cosines(vectors, stock(TINY_CLIP, images())).min() >= 0.99999


def test_the_precision_of_this_machine_is_as_good() -> None:
    embedder = load(str(TINY_CLIP), "auto")
    assert cosines(ours(embedder, images()), stock(TINY_CLIP, images())).min() >= 0.999


def test_settings_that_no_crop_can_keep_are_left_to_the_processor(tmp_path: Path) -> None:
    padded = {"size": {"shortest_edge": 40}, "crop_size": {"height": 48, "width": 48}}
    folder = saved("CLIP", tmp_path)
    CLIPImageProcessorPil(**padded).save_pretrained(folder)
    embedder = load(str(folder), "cpu")
    assert embedder.crop is None
    assert cosines(ours(embedder, images()), stock(folder, images())).min() >= 0.999


def test_a_folder_has_the_same_revision_until_its_files_change(tmp_path: Path) -> None:
    folder = saved("CLIP", tmp_path)
    before = load(str(folder), "cpu").revision
    again = shutil.copytree(folder, tmp_path / "again")
    assert load(str(again), "cpu").revision == before
    assert before.startswith("sha256:")
    settings = json.loads((again / "preprocessor_config.json").read_text())
    (again / "preprocessor_config.json").write_text(json.dumps(settings | {"resample": 2}))
    _load.cache_clear()
    assert load(str(again), "cpu").revision != before


def as_pickle(folder: Path) -> None:
    torch.save(CLIPModel.from_pretrained(folder).state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def with_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "code.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("raise SystemExit('code of a checkpoint was run')")


def cut_short(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def without_some(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["visual_projection.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def of_another_kind(folder: Path) -> None:
    shutil.rmtree(folder)
    config = transformers.BertConfig(vocab_size=20, **TOWER)
    transformers.BertModel(config).save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "config.json").unlink(), "it needs config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "it needs config.json"),
        (as_pickle, "it needs config.json, model.safetensors"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "holds no checkpoint"),
        (lambda folder: (folder / "config.json").write_text("{"), "holds no checkpoint"),
        (cut_short, "holds no checkpoint"),
        (without_some, "1 tensors are missing, the first is visual_projection.weight"),
        (with_code, "holds no checkpoint"),
        (of_another_kind, "is a model of the kind bert"),
    ],
)
def test_a_folder_that_does_not_load_is_one_sentence(
    harm: Callable[[Path], Any], sentence: str, tmp_path: Path
) -> None:
    folder = saved("CLIP", tmp_path / "model")
    harm(folder)
    with pytest.raises(ModelError, match=sentence) as caught:
        load(str(folder), "cpu")
    assert "--model" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_gpu_without_memory_goes_on_with_half_as_many_at_a_time() -> None:
    tried: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        tried.append(len(items))
        if len(items) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return [-item for item in items]

    done = in_batches(work, range(8), 12)
    assert [item for part in done for item in part] == [-n for n in range(8)]
    assert tried == [8, 6, 3, 3, 2]


def test_a_gpu_that_has_no_room_for_one_image_says_so() -> None:
    def work(_items: Sequence[int]) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        in_batches(work, range(8), 4)


def test_several_devices_share_the_images_in_their_order() -> None:
    embedder = load(str(TINY_CLIP), "cpu")
    # Two that are the same processor: what is done with each is the same as with two GPUs.
    both = replace(embedder, networks=embedder.networks * 2, devices=embedder.devices * 2)
    np.testing.assert_allclose(ours(both, images()), ours(embedder, images()), atol=0.02)
    np.testing.assert_array_equal(ours(both, images()[:1]), ours(embedder, images()[:1]))


def test_cuda_where_there_is_none_is_said() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one here")
    with pytest.raises(ModelError, match="no CUDA device here"):
        load(str(TINY_CLIP), "cuda")
