"""The language of an answer, by the Accept-Language header."""

from words import LANGUAGES, Language


def preferred(accepted: str) -> Language:
    """Return ``ko`` or ``en``, whichever a header prefers (RFC 9110, 12.5.4).

    English where it has neither, or both alike and English first.
    """
    weights: dict[Language, float] = {}
    for part in accepted.lower().split(","):
        tag, _, weight = part.partition(";")
        for language in LANGUAGES:
            if tag.strip().partition("-")[0] == language and _weight(weight) > 0:
                weights.setdefault(language, _weight(weight))
    return max(weights, key=lambda language: weights[language], default="en")


def _weight(text: str) -> float:
    name, _, value = text.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
