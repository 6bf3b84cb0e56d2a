"""The shape of the tiny CLIP and how pictures and texts become its unit vectors."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTextConfig,
    CLIPTokenizer,
    CLIPVisionConfig,
)

FOLDER = Path(__file__).parent
IMAGE_SIDE_PX, PATCH_PX = 64, 8
EMBEDDING_DIM = 64
BATCH = 256


def new_model(tokenizer: CLIPTokenizer) -> CLIPModel:
    """Return an untrained model of about 0.7 million parameters for the tokenizer's vocabulary."""
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length,
        projection_dim=EMBEDDING_DIM,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        image_size=IMAGE_SIDE_PX,
        patch_size=PATCH_PX,
        hidden_size=96,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=3,
        projection_dim=EMBEDDING_DIM,
    )
    return CLIPModel(
        CLIPConfig(text_config=text, vision_config=vision, projection_dim=EMBEDDING_DIM)
    )


def new_processor(tokenizer: CLIPTokenizer) -> CLIPProcessor:
    """Return CLIP's own preparation at this model's size: shorter side to 64 px, centre square."""
    side = IMAGE_SIDE_PX
    return CLIPProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": side}, crop_size={"height": side, "width": side}
        ),
        tokenizer=tokenizer,
    )


@torch.inference_mode()
def image_vectors(
    model: CLIPModel, processor: CLIPProcessor, images: list[Image.Image]
) -> NDArray[np.float32]:
    """Return unit vectors, float32 (n, 64), of RGB pictures of any size."""
    parts = []
    for start in range(0, len(images), BATCH):
        inputs = processor(images=images[start : start + BATCH], return_tensors="pt")
        parts.append(model.get_image_features(**inputs).pooler_output)
    return _unit(torch.cat(parts))


@torch.inference_mode()
def text_vectors(
    model: CLIPModel, processor: CLIPProcessor, texts: list[str]
) -> NDArray[np.float32]:
    """Return unit vectors, float32 (n, 64), of texts in English or Korean."""
    inputs = processor(text=texts, return_tensors="pt", padding=True, truncation=True)
    return _unit(model.get_text_features(**inputs).pooler_output)


def _unit(features: torch.Tensor) -> NDArray[np.float32]:
    unit = torch.nn.functional.normalize(features.float(), dim=-1)
    return np.asarray(unit.numpy(), np.float32)
