"""The model families: each a module with a ``Family``, and a line in ``FAMILIES``."""

from tasks.errors import ModelError
from tasks.model.clip import CLIP_FAMILY
from tasks.model.family import Family, config_of
from tasks.model.weights import Checkpoint

# The first that takes a checkpoint has it.
FAMILIES: tuple[Family, ...] = (CLIP_FAMILY,)


def family_of(found: Checkpoint) -> Family:
    """Return the family of a checkpoint; raises ``ModelError`` where it is of none."""
    config = config_of(found)
    for family in FAMILIES:
        if family.takes(config):
            return family
    raise ModelError("unknown_family", model=found.name, kind=str(config.model_type))


def family_named(name: str) -> Family:
    """Return the family that ``job.json`` names; raises ``ModelError`` for an unknown one."""
    for family in FAMILIES:
        if family.name == name:
            return family
    raise ModelError("family_not_here", name=name)
