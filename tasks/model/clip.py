"""The CLIP family: models of transformers with an image and a text tower into one space.

CLIP, SigLIP, Chinese-CLIP, AltCLIP, MetaCLIP 2, and a vision and a text model joined. Each tower is
loaded by itself. No code of a checkpoint is run, and no weights but safetensors are read.
"""

from typing import TYPE_CHECKING, Any

from tasks.arrays import Vector
from tasks.errors import ModelError
from tasks.model.family import Family, Text, config_of, model_class, refuse_missing
from tasks.model.weights import Checkpoint
from tasks.subject.geometry import CLIP

if TYPE_CHECKING:
    import torch

_VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")
_SPACE = "▁"  # how SentencePiece writes one, sometimes as a token of its own


def _takes(config: Any) -> bool:
    whole = model_class(config)
    return hasattr(whole, "get_image_features") and hasattr(whole, "get_text_features")


def _features(network: Any, inputs: dict[str, "torch.Tensor"]) -> "torch.Tensor":
    features: torch.Tensor = network.get_image_features(**inputs).pooler_output
    return features


def image_tower(found: Checkpoint, dtype: "torch.dtype") -> Any:
    """Load the model without its text tower. Raises ``ModelError``."""
    return _without(found, "text_model", dtype)


def text_tower(found: Checkpoint) -> Any:
    """Load the model without its image tower, in float32. Raises ``ModelError``."""
    import torch

    return _without(found, "vision_model", torch.float32)


def tokenizer_of(found: Checkpoint) -> Any:
    """Load the model's tokenizer. Raises ``ModelError``."""
    from transformers import AutoTokenizer

    if not any(
        any(found.folder.glob(name)) for name in _VOCABULARIES
    ):  # it would make an empty one
        raise ModelError("no_tokenizer", model=found.name)
    with found.errors():
        return AutoTokenizer.from_pretrained(
            found.folder, local_files_only=True, trust_remote_code=False
        )


def _without(found: Checkpoint, tower: str, dtype: "torch.dtype") -> Any:
    """Load a model of which one tower is taken away before any weights are read."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    config = config_of(found)
    whole = model_class(config)
    with found.errors():

        def begin(self: Any, *args: Any, **kwargs: Any) -> None:
            whole.__init__(self, *args, **kwargs)
            setattr(self, tower, None)

        # Transformers looks up by name and module how the tensors of older files are called today.
        part: Any = type(
            whole.__name__, (whole,), {"__init__": begin, "__module__": whole.__module__}
        )
        network, report = part.from_pretrained(
            found.folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    refuse_missing(found, report)
    return network.eval()


def _reads(found: Checkpoint, text: str) -> bool:
    try:
        tokenizer = tokenizer_of(found)
    except ModelError:
        return False
    pieces = [piece for piece in tokenizer.tokenize(text) if piece != _SPACE]
    return len(pieces) <= len(text) and tokenizer.unk_token not in pieces


def _describe(found: Checkpoint, text: str) -> Vector:
    import torch

    tokenizer, network = tokenizer_of(found), text_tower(found)
    tokens = tokenizer(
        text,
        # SigLIP was trained with texts of one length, and counts the padding in.
        padding="max_length" if network.config.model_type.startswith("siglip") else True,
        truncation=True,
        max_length=min(
            tokenizer.model_max_length, network.config.text_config.max_position_embeddings
        ),
        return_tensors="pt",
    )
    with torch.inference_mode():
        features = network.get_text_features(**tokens).pooler_output[0]
        vector: Vector = (features / features.norm()).numpy()
    return vector


CLIP_FAMILY = Family(
    name="clip",
    takes=_takes,
    load=image_tower,
    features=_features,
    text=Text(reads=_reads, describe=_describe),
    geometry=CLIP,
)
