"""The one rule of which characters are refused, and what becomes of them where they stand."""

import json
import sys
import unicodedata

import pytest

from tasks.characters import has_refused, mended, plain, visible


def test_control_characters_and_lone_surrogates_are_refused_and_nothing_else() -> None:
    refused = {chr(code) for code in range(sys.maxunicode + 1) if has_refused(chr(code))}
    wanted = {"Cc", "Cs"}
    by_category = map(chr, range(sys.maxunicode + 1))
    assert refused == {one for one in by_category if unicodedata.category(one) in wanted}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  고양이   집사 ", "고양이 집사"),
        ("고양이\u3000집사", "고양이 집사"),
        ("\u00a0a\u2003\u2028b\u202f", "a b"),
        (unicodedata.normalize("NFD", "고양이 café"), "고양이 café"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\u202bשלום\u202c a\u200bb", "\u202bשלום\u202c a\u200bb"),
        ("\u3000 \t\n", ""),
    ],
)
def test_blanks_become_plain_and_letters_composed(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mb", "a?[31mb"),
        ("a\r\nb\tc", "a b c"),
        ("\0\ud800\x9b", "???"),
        ("👩\u200d🚀 می\u200cخواهم", "👩\u200d🚀 می\u200cخواهم"),
    ],
)
def test_a_title_is_mended_into_one_line(text: str, expected: str) -> None:
    assert mended(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b]0;title\x07b", r"a\u001b]0;title\u0007b"),
        ("\x9b2J\r\x7f", r"\u009b2J\u000d\u007f"),
        ("/data/\udcb0\udced", r"/data/\udcb0\udced"),
        ("two\nlines", "two\nlines"),
        ("고양이 👩\u200d🚀 [bold]", "고양이 👩\u200d🚀 [bold]"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled(text: str, expected: str) -> None:
    assert visible(text) == expected


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "\ud800", "a\nb\\u001b", "\x7f"])
def test_json_that_is_made_visible_means_the_same(text: str) -> None:
    made = json.dumps({"title": text}, ensure_ascii=False)
    assert json.loads(visible(made)) == {"title": text}
    assert not has_refused(visible(made))
