"""The parts of a CLIP-family checkpoint: how its pictures are made, and each tower by itself.

No code of a checkpoint is run, and no weights but safetensors are read.
"""

from typing import TYPE_CHECKING, Any

from tasks.errors import ModelError
from tasks.images.crops import Crop
from tasks.model.weights import Checkpoint

if TYPE_CHECKING:
    import torch

_VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")


def image_processor(found: Checkpoint) -> Any:
    """Load the settings of the checkpoint's own processor, in the one implementation with Pillow.

    There is another, taken where torchvision is installed, which resizes a little differently.
    """
    from transformers import AutoImageProcessor

    with found.errors():
        return AutoImageProcessor.from_pretrained(
            found.folder, backend="pil", local_files_only=True, trust_remote_code=False
        )


def crop_of(processor: Any) -> Crop | None:
    """Return what the processor does, or None where it is more than resize, cut, normalise."""
    from transformers.image_processing_backends import PilBackend

    kind = type(processor)
    steps = ("_preprocess", "resize", "center_crop", "rescale", "normalize")
    is_standard = all(getattr(kind, step) is getattr(PilBackend, step) for step in steps)
    does_all = processor.do_resize and processor.do_rescale and processor.do_normalize
    if not (is_standard and does_all) or processor.do_pad:
        return None
    size = processor.size
    resized = size.shortest_edge or (size.height, size.width)
    smallest = (resized, resized) if isinstance(resized, int) else resized
    kept = smallest
    if processor.do_center_crop:
        kept = (processor.crop_size.height, processor.crop_size.width)
    elif isinstance(resized, int):
        return None  # pictures of many shapes
    if size.longest_edge or None in kept or None in smallest:
        return None
    if kept[0] > smallest[0] or kept[1] > smallest[1]:
        return None  # it pads
    return Crop(resized, kept, int(processor.resample))


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
    from transformers import MODEL_MAPPING, AutoConfig
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    with found.errors():
        config = AutoConfig.from_pretrained(
            found.folder, local_files_only=True, trust_remote_code=False
        )
        whole: Any = MODEL_MAPPING.get(type(config), None)
        if not (hasattr(whole, "get_image_features") and hasattr(whole, "get_text_features")):
            raise ModelError("unknown_family", model=found.name, kind=str(config.model_type))

        def begin(self: Any, *args: Any, **kwargs: Any) -> None:
            whole.__init__(self, *args, **kwargs)
            setattr(self, tower, None)

        # Transformers looks up by name and module how the tensors of older files are called today.
        part: Any = type(
            whole.__name__, (whole,), {"__init__": begin, "__module__": whole.__module__}
        )
        network, told = part.from_pretrained(
            found.folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    if missing := sorted(told["missing_keys"]):
        raise ModelError(
            "weights_not_whole", model=found.name, count=len(missing), first=str(missing[0])
        )
    return network.eval()
