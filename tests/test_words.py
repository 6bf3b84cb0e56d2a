"""The words in both languages: the same keys and places, and no key that the code gets wrong."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

import flows.temporary_server  # noqa: F401 — they bring errors of their own
from dashboard.errors import ApiError
from tasks.errors import CollectError
from words import LANGUAGES, Message, say, templates
from words import language_of_system as of_system

ROOT = Path(__file__).parents[1]


def below(kind: type) -> set[str]:
    """Return the names of a class and all that are derived from it."""
    return {kind.__name__}.union(*(below(one) for one in kind.__subclasses__()))


ERRORS = below(CollectError) | below(ApiError)  # they are raised with the name of a sentence
PLACE = re.compile(r"\{(\w*)")


def places(template: object) -> set[str]:
    forms = template.values() if isinstance(template, dict) else [str(template)]
    return {place for form in forms for place in PLACE.findall(form)}


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    keys = [list(templates(language)) for language in LANGUAGES]
    assert keys[0] == keys[1] == sorted(keys[0])


def test_a_template_has_the_same_places_in_both_languages() -> None:
    for key, english in templates("en").items():
        korean = templates("ko")[key]
        for template in (english, korean):
            assert isinstance(template, str) or set(template) == {"one", "other"}, key
            assert "" not in places(template), key
        # A form may do without its number: "one value", "a worker".
        assert places(korean) | {"n"} == places(english) | {"n"}, key


def coded() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield what is said in the code: where, the key, and the values if they are spelled out."""
    for folder in ("tasks", "flows", "dashboard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not (isinstance(node, ast.Call) and node.args):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                    continue
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                if name == "Message":
                    values = node.args[1] if len(node.args) > 1 else ast.Dict(keys=[], values=[])
                    if isinstance(values, ast.Dict):
                        names = [getattr(key, "value", None) for key in values.keys]
                        yield where, first.value, None if None in names else {*map(str, names)}
                elif name == "say" or name in ERRORS:
                    key = first.value if name == "say" else f"error.{first.value}"
                    named = [keyword.arg for keyword in node.keywords]
                    yield where, key, None if None in named else {*map(str, named)}


def test_the_code_says_only_what_has_words_and_gives_every_place_its_value() -> None:
    wrong = [
        f"{where} {key} {given}"
        for where, key, given in coded()
        if key not in templates("en")
        or (given is not None and not places(templates("en")[key]) <= given)
    ]
    assert not wrong


def test_every_sentence_is_said_somewhere() -> None:
    """A key stands in the code as it is, or is put together there of words of the code."""
    words, patterns = written()
    unused = [
        key
        for key in templates("en")
        if not {key, key.removeprefix("error.")} & words
        and not any(
            words.issuperset(found.groups()) for made in patterns if (found := made.fullmatch(key))
        )
    ]
    assert not unused


def written() -> tuple[set[str], list[re.Pattern[str]]]:
    """Return each string and name of the code, and what its templates make of them."""
    words: set[str] = {"path_type", *get_args(ErrorType)}  # what pydantic can find
    patterns: set[str] = set()
    for folder in ("tasks", "flows", "dashboard", "words"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                words |= {str(getattr(node, name, "")) for name in ("value", "id", "arg", "attr")}
                if isinstance(node, ast.JoinedStr):
                    parts = [getattr(part, "value", None) for part in node.values]
                    patterns.add("".join(template(parts)))
        for path in [*(ROOT / folder).rglob("*.js"), *(ROOT / folder).rglob("*.html")]:
            text = path.read_text()
            words |= set(re.findall(r"[\w.-]+", text))
            for made in re.findall(r"`([^`]*\$\{[^`]*)`", text):
                patterns.add("".join(template(re.split(r"(\$)\{[^}]*\}", made))))
    of_keys = {made for made in patterns if re.match(r"[a-z_]+\\\.|\(\.\+\)\\\.", made)}
    return words, [re.compile(made) for made in of_keys - {r"error\.(.+)"}]


def template(parts: Iterable[object]) -> Iterator[str]:
    """Yield a template's parts as those of a pattern; what is no text, or ``$``, is a place."""
    for part in parts:
        yield re.escape(part) if isinstance(part, str) and part != "$" else "(.+)"


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "One value needs correcting first."), (2, "2 values need correcting first.")],
)
def test_a_number_chooses_the_form(n: int, said: str) -> None:
    assert say("form.fix", "en", n=n) == said
    assert say("form.fix", "ko", n=n).startswith(f"입력값 {n}개")


def test_a_message_survives_being_stored_with_the_message_inside_it() -> None:
    inner = Message("note.sharpness_below", {"sharpness": 3.25, "least": 50.0})
    outer = Message("note.verbatim", {"text": inner})
    again = Message.from_json(outer.to_json())
    assert again == outer
    assert str(again) == "sharpness 3.25, less than 50"
    assert again.said_in("ko") == "선명도 3.25, 기준 50보다 낮음"


def test_what_has_no_words_or_no_values_is_shown_all_the_same() -> None:
    assert say("note.of_the_future", "ko", x=1) == "note.of_the_future"
    assert say("note.status", "en") == "status "
    assert say("note.verbatim", "en", text="{text} {0} {") == "{text} {0} {"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko"}, "ko"),
        ({"LC_ALL": "", "LANG": "KO"}, "ko"),
        ({"LANG": "kok_IN"}, "en"),
    ],
)
def test_the_language_of_the_system_is_what_posix_says(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert of_system() == language
