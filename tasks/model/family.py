"""The form of a model family: how its checkpoints load and embed, and the geometry of its space."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.arrays import Vector
from tasks.errors import ModelError
from tasks.model.weights import Checkpoint
from tasks.subject.geometry import Geometry

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """How a family reads texts.

    ``reads`` says whether a checkpoint has words for a text: known ones, and no more of them than
    letters. ``describe`` returns the unit vector (d,) that images of what a text says lie near to,
    or raises ``ModelError``.
    """

    reads: Callable[[Checkpoint, str], bool]
    describe: Callable[[Checkpoint, str], Vector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What the rest of the program has to know of a family of models.

    ``takes`` decides by the configuration of a checkpoint, as transformers reads it. ``load``
    returns the network that embeds images, in the type of numbers that is asked for; it raises
    ``ModelError``. ``features`` makes of the network and its inputs, as the checkpoint's image
    processor names them, the images' vectors (n, d), of any length.
    """

    name: str  # stands in job.json
    takes: Callable[[Any], bool]
    load: "Callable[[Checkpoint, torch.dtype], Any]"
    features: "Callable[[Any, dict[str, torch.Tensor]], torch.Tensor]"
    geometry: Geometry  # of the space in which its vectors lie
    text: Text | None = None  # None where it reads none


def config_of(found: Checkpoint) -> Any:
    """Return the configuration of a checkpoint; raises ``ModelError``."""
    from transformers import AutoConfig

    with found.errors():
        return AutoConfig.from_pretrained(
            found.folder, local_files_only=True, trust_remote_code=False
        )


def model_class(config: Any) -> Any:
    """Return the class of transformers for a configuration, or None."""
    from transformers import MODEL_MAPPING

    return MODEL_MAPPING.get(type(config), None)


def refuse_missing(found: Checkpoint, loading: Mapping[str, Any]) -> None:
    """Raise ``ModelError`` where tensors were missing, by transformers' report on the loading."""
    if missing := sorted(loading["missing_keys"]):
        raise ModelError(
            "weights_not_whole", model=found.name, count=len(missing), first=str(missing[0])
        )
