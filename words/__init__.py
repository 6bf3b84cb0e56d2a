"""The words that the program says to people, in English and Korean, each sentence once.

    say("reason.blurred", "ko")
    Message("note.sharpness_below", {"sharpness": 3.2, "least": 50}).said_in("ko")

``en.json`` and ``ko.json`` hold a template for every key. A template names its ``{places}``; one
that depends on a number is ``{"one": …, "other": …}``, chosen by the value ``n``. The terminal, the
report, the API and the page all read these two files. Logs are English.

What is stored or sent is never a sentence but a ``Message``: a key with its values.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")
FOLDER = Path(__file__).parent

Value: TypeAlias = "str | int | float | bool | Message | None"
Template = str | Mapping[str, str]

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Message:
    """Something to say to a person: the key of a template, and the values of its places.

    ``str()`` is the English sentence, for logs.
    """

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def said_in(self, language: Language) -> str:
        """Return the sentence."""
        return say(self.code, language, **self.values)

    def __str__(self) -> str:
        return self.said_in("en")

    def to_json(self) -> dict[str, Any]:
        """Return ``{"code", "values"}`` as JSON can hold it."""
        values = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"code": self.code, "values": values}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Message":
        """Read what ``to_json`` returned; a value that is an object is a message too."""
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in stored.get("values", {}).items()
        }
        return cls(stored["code"], values)


def verbatim(text: str) -> Message:
    """Return a message that is a text as it stands: of another library, or of an old record."""
    return Message("note.verbatim", {"text": text})


def say(key: str, language: Language, /, **values: Value) -> str:
    """Return the template of a key with its places filled.

    A key that does not exist is returned as it is, and a missing value leaves its place empty: old
    and foreign records have to be shown whatever they hold.
    """
    template = templates(language).get(key, key)
    if not isinstance(template, str):
        template = template["one" if values.get("n") == 1 else "other"]
    return _PLACE.sub(lambda place: _shown(values.get(place[1]), language), template)


@cache
def templates(language: Language) -> Mapping[str, Template]:
    """Return the templates of a language by key."""
    read: dict[str, Template] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    return read


def language_of_system() -> Language:
    """Return the language that the environment asks for, as POSIX orders its variables."""
    set_to = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, set_to), "").lower()
    return "ko" if re.match(r"ko(?![a-z])", locale) else "en"


def _shown(value: Value, language: Language) -> str:
    if isinstance(value, Message):
        return value.said_in(language)
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)
