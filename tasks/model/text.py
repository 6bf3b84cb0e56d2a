"""Texts and their vectors, by the family of a model.

Most CLIP models know English alone. One that does not know a language has no tokens for its words:
it spells them in pieces smaller than letters, or in marks for what is unknown, and its vector of
them says nothing of what they mean.
"""

from tasks.arrays import Vector
from tasks.errors import ModelError
from tasks.model.families import family_of
from tasks.model.weights import checkpoint


def reads(model: str, text: str) -> bool:
    """Say whether a model has words for a text. Raises ``ModelError`` where it does not load."""
    found = checkpoint(model)
    reader = family_of(found).text
    return reader is not None and reader.reads(found, text)


def describe(model: str, text: str) -> Vector:
    """Return the vector (d,) of a text, unit length. Raises ``ModelError``."""
    found = checkpoint(model)
    reader = family_of(found).text
    if reader is None:
        raise ModelError("no_tokenizer", model=found.name)
    return reader.describe(found, text)
