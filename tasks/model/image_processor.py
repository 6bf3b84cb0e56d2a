"""The image processor of a checkpoint: the preparation of images that its files name."""

from typing import Any

from tasks.images.crops import Crop
from tasks.model.weights import Checkpoint


def image_processor(found: Checkpoint) -> Any:
    """Load the checkpoint's own image processor, in the implementation that uses Pillow.

    The other one, taken where torchvision is installed, resizes a little differently. Raises
    ``ModelError``.
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
        return None  # images of many shapes
    if size.longest_edge or None in kept or None in smallest:
        return None
    if kept[0] > smallest[0] or kept[1] > smallest[1]:
        return None  # it pads
    return Crop(resized, kept, int(processor.resample))
