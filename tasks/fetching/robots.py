"""The ``X-Robots-Tag`` of an answer: what in it opts out of a dataset. Pure."""

from collections.abc import Iterable

_OPTED_OUT = frozenset({"noai", "noimageai", "noindex", "none"})
_WITH_VALUES = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
OUR_NAME = "cv-dataset-builder"


def opted_out(headers: Iterable[str]) -> str:
    """Return the first directive in the values of ``X-Robots-Tag`` that opts out of a dataset.

    Empty if there is none. A directive after another robot's name is not for us. The syntax:
    https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag#xrobotstag
    """
    for value in headers:
        robot = OUR_NAME
        for part in value.lower().split(","):
            name, colon, rest = part.partition(":")
            if colon and name.strip() not in _WITH_VALUES:
                robot = name.strip()
            directive = (rest if colon else name).strip()
            if robot == OUR_NAME and directive in _OPTED_OUT:
                return directive
    return ""
