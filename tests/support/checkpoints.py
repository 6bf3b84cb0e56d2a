"""Untrained checkpoints of every family of models, small enough to be made by a test."""

from pathlib import Path

import torch
import transformers
from transformers import (
    ChineseCLIPImageProcessorPil,
    CLIPImageProcessorPil,
    Siglip2ImageProcessorPil,
    SiglipImageProcessorPil,
)

TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 2}  # fmt: skip
VISION = TOWER | {"image_size": 48, "patch_size": 16}
TEXT = TOWER | {"vocab_size": 50, "max_position_embeddings": 16, "pad_token_id": 0,
                "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
CUT = {"size": {"shortest_edge": 56}, "crop_size": {"height": 48, "width": 48}}
SQUARE = {"size": {"height": 48, "width": 48}}

# the kind of model, its own settings, and the image processor in its folder
FAMILIES = {
    "CLIP": ({"projection_dim": 24}, CLIPImageProcessorPil(**CUT)),
    "Siglip": ({}, SiglipImageProcessorPil(**SQUARE)),
    "Siglip2": ({}, Siglip2ImageProcessorPil(patch_size=16, max_num_patches=9)),
    "ChineseCLIP": ({"projection_dim": 24}, ChineseCLIPImageProcessorPil(**CUT)),
    "AltCLIP": ({"projection_dim": 24}, CLIPImageProcessorPil(**CUT)),
    "MetaClip2": ({"projection_dim": 24}, CLIPImageProcessorPil(**CUT)),
}


def saved(family: str, folder: Path) -> Path:
    """Save an untrained checkpoint of a family, with its image processor, and return its folder."""
    settings, processor = FAMILIES[family]
    config = getattr(transformers, f"{family}Config")(
        vision_config=VISION | ({"num_patches": 9} if family == "Siglip2" else {}),
        text_config=TEXT, **settings,
    )  # fmt: skip
    torch.manual_seed(0)
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
