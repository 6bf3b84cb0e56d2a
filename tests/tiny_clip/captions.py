"""What a drawn picture may be called, in English and Korean, and which words fit which picture.

A caption names a picture's kind and sometimes its colour or surroundings. Several pictures of a
batch can fit one caption; `fits` says which, so that the contrastive loss counts them all as right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.naver_replica.backgrounds import BACKGROUNDS
from tests.naver_replica.colours import COLOURS
from tests.naver_replica.pictures import KINDS, Composition, Subject

LANGUAGES = ("en", "ko")
TEMPLATES = {
    "en": ("{}", "a photo of {}", "a picture of {}", "an image of {}", "this is {}"),
    "ko": ("{}", "{} 사진", "{} 이미지", "{} 그림", "이것은 {}"),
}
UNSAID = -1
# Seldom enough that a picture's kind decides where its vector lies, not its colour.
COLOUR_SAID, BACKGROUND_SAID = 0.1, 0.1

KIND_NUMBERS = {name: number for number, name in enumerate(KINDS)}
COLOUR_NUMBERS = {name: number for number, name in enumerate(COLOURS)}
BACKGROUND_NUMBERS = {name: number for number, name in enumerate(BACKGROUNDS)}


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and what it claims: the numbers of kind, colour and background, -1 where unsaid."""

    text: str
    claims: tuple[int, int, int]


def facts(composition: Composition) -> tuple[int, int, int]:
    """Return the numbers of a picture's kind, colour and background, -1 where it has none."""
    colour, background = composition.colour, composition.background
    return (
        KIND_NUMBERS[composition.kind.name],
        COLOUR_NUMBERS[colour.name] if colour else UNSAID,
        BACKGROUND_NUMBERS[background.name] if background else UNSAID,
    )


def caption(composition: Composition, rng: np.random.Generator) -> Caption:
    """Return one true caption, in either language, of a random wording and level of detail."""
    language = LANGUAGES[rng.integers(2)]
    colour = composition.colour if rng.random() < COLOUR_SAID else None
    background = composition.background if rng.random() < BACKGROUND_SAID else None
    if language == "en":
        before = (colour.name,) if colour else ()
        words = _with_article(" ".join((*before, composition.kind.name)), composition)
        phrase = " ".join((words, background.english) if background else (words,))
    else:
        said = (background.korean if background else "", colour.korean if colour else "")
        phrase = " ".join(filter(None, (*said, composition.kind.korean)))
    template = TEMPLATES[language][rng.integers(len(TEMPLATES[language]))]
    claims = facts(Composition(composition.kind, colour, background, 1))
    return Caption(template.format(phrase), claims)


def class_names(language: str) -> list[str]:
    """Return the plain caption of every kind, in the order of `KINDS`, as a query would ask it."""
    if language == "ko":
        return [f"{kind.korean} 사진" for kind in KINDS.values()]
    return [
        f"a photo of {_with_article(name, Composition(kind, None, None, 1))}"
        for name, kind in KINDS.items()
    ]


def every_text() -> list[str]:
    """Return all words a caption can be made of, for the tokenizer to learn from."""
    words = [word for kind in KINDS.values() for word in (kind.name, kind.korean)]
    words += [word for colour in COLOURS.values() for word in (colour.name, colour.korean)]
    words += [word for place in BACKGROUNDS.values() for word in (place.english, place.korean)]
    return words + [template for templates in TEMPLATES.values() for template in templates]


def fits(claims: NDArray[np.int64], facts_: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (pictures, texts): True where no claim (texts, 3) contradicts a fact (pictures, 3)."""
    said, shown = claims[None, :, :], facts_[:, None, :]
    return np.asarray(((said == UNSAID) | (said == shown)).all(axis=-1))


def _with_article(words: str, composition: Composition) -> str:
    """Put a or an before an object; scenes and plurals stand without."""
    plural = words.endswith("s") and not words.endswith("us")
    if plural or not isinstance(composition.kind, Subject):
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
