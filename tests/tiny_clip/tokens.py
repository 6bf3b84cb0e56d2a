"""Train the model's own small CLIP tokenizer: byte-level BPE, lower case, `</w>` at word ends."""

from itertools import chain

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
MAX_TOKENS = 77  # CLIP's context length
MAX_MERGES = 1500


def train_tokenizer(texts: list[str]) -> CLIPTokenizer:
    """Return a tokenizer whose merges come from the texts and whose bytes cover any text.

    As in CLIP, the vocabulary is every byte, every byte ending a word, the merges in order, and
    the two special tokens, of which the last also pads.
    """
    plain = CLIPTokenizer()
    learner = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    learner.normalizer = plain.backend_tokenizer.normalizer
    learner.pre_tokenizer = plain.backend_tokenizer.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=512 + MAX_MERGES, end_of_word_suffix=WORD_END, show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    learned = sorted(learner.get_vocab().items(), key=lambda item: item[1])
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    endings = [letter + WORD_END for letter in letters]
    words = dict.fromkeys(chain(letters, endings, (token for token, _ in learned), (BOS, EOS)))
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(words)},
        merges=_merges(learner),
        model_max_length=MAX_TOKENS,
    )


def _merges(learner: Tokenizer) -> list[tuple[str, str]]:
    import json

    return [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
