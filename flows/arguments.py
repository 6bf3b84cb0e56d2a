"""The parser that all commands share: ``--lang``, help in that language, errors in a sentence."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, NoReturn

from tasks.characters import visible
from words import LANGUAGES, Language, Message, Value, language_of_system, say

_AMERICAN = {"--color": "--colour", "--license": "--licence"}


class Parser(argparse.ArgumentParser):
    """A parser that speaks the language of ``--lang``, or else the system's.

    ``name`` is the command's; what it is for is said by the words ``cli.<name>``. ``program`` is
    how it is called, where that is not ``<name>.py``. What is not given stays out of the result.
    """

    def __init__(
        self, name: str, arguments: Sequence[str] | None, *, program: str | None = None
    ) -> None:
        self.language = chosen_language(sys.argv[1:] if arguments is None else arguments)
        super().__init__(
            prog=program or f"{name}.py",
            description=self.say(f"cli.{name}"),
            argument_default=argparse.SUPPRESS,
            formatter_class=partial(_Formatter, language=self.language),
            add_help=False,
            allow_abbrev=False,
        )
        self._named = self.add_argument_group(self.say("cli.arguments"))
        self._options = self.add_argument_group(self.say("cli.options"))
        self.option("-h", "--help", action="help", help=self.say("cli.help"))

    def say(self, key: str, **values: Value) -> str:
        """Return words in the parser's language."""
        return say(key, self.language, **values)

    def place(self, name: str, **about: Any) -> None:
        """Add an argument that is told by its place."""
        self._named.add_argument(name, **about)

    def option(self, *flags: str, **about: Any) -> None:
        """Add an option."""
        self._options.add_argument(*flags, **about)

    def lang(self) -> None:
        """Add ``--lang``."""
        self.option("--lang", choices=LANGUAGES, help=self.say("option.lang"))

    def fail(self, message: Message, code: int, *, as_json: bool = False) -> int:
        """Say why the command fails, and return the code that it is to end with."""
        sentence = message.said_in(self.language)
        if as_json:
            said = {"error": sentence, "error_message": message.to_json(), "exit_code": code}
            sys.stdout.write(visible(json.dumps(said, ensure_ascii=False)) + "\n")
        sys.stderr.write(f"{visible(sentence)}\n")
        return code

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; of what is no argument of this command, say what may have been meant."""
        given, others = self.parse_known_args(args, namespace)
        if others:
            self.exit(2, visible(self._unknown(others[0])) + "\n")
        return given

    def _unknown(self, given: str) -> str:
        if not given.startswith("-"):
            return self.say("cli.needs_quotes", given=given)
        name = given.partition("=")[0]
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        meant = _AMERICAN.get(name)
        near = [meant] if meant in known else get_close_matches(name, known)
        if near:
            return self.say("cli.unknown_option_but", option=name, near=near[0])
        return self.say("cli.unknown_option", option=name)

    def error(self, message: str) -> NoReturn:
        """End with what argparse found."""
        why = f"{message[:1].upper()}{message[1:]}"
        self.exit(2, visible(self.say("cli.wrong", why=why)) + "\n")


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str, *, language: Language) -> None:
        super().__init__(prog)
        self._language = language

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        if prefix is None:
            prefix = say("cli.usage", self._language)
        super().add_usage(usage, actions, groups, prefix)


def chosen_language(arguments: Sequence[str]) -> Language:
    """Return what ``--lang`` says, or the system's language.

    It is looked up before anything is parsed, as help and errors need it.
    """
    for at, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            given = value if equals else next(iter(arguments[at + 1 :]), "")
            for language in LANGUAGES:
                if given == language:
                    return language
    return language_of_system()
