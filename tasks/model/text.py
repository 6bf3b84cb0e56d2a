"""A text → the unit vector that pictures of it lie near to, by the model's text tower.

Most CLIP models know English alone. One that does not know a language has no tokens for its words:
it spells them in pieces smaller than letters, or in marks for what is unknown, and its vector of
them says nothing of what they mean.
"""

from tasks.arrays import Vector
from tasks.errors import ModelError
from tasks.model.towers import text_tower, tokenizer_of
from tasks.model.weights import checkpoint

_SPACE = "▁"  # how SentencePiece writes one, sometimes as a token of its own


def reads(model: str, text: str) -> bool:
    """Say whether a model has words for a text: known ones, and no more of them than letters.

    Without a tokenizer it reads none.
    """
    try:
        tokenizer = tokenizer_of(checkpoint(model))
    except ModelError:
        return False
    pieces = [piece for piece in tokenizer.tokenize(text) if piece != _SPACE]
    return len(pieces) <= len(text) and tokenizer.unk_token not in pieces


def describe(model: str, text: str) -> Vector:
    """Return the vector (d,) of a text, unit length. Raises ``ModelError``."""
    import torch

    found = checkpoint(model)
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
