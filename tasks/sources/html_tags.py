"""The tags of a page, one after the other, in time that grows with its length alone.

The standard library's ``html.parser`` takes 19 s for 250 KB of ``<!--`` (Python 3.11.7, measured),
and a page from outside may hold that. This reader needs no tree, and stops where a page breaks off.
"""

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import NamedTuple

MAX_ATTRIBUTES = 500  # read of one tag, and the rest passed over
MAX_VALUE_CHARS = 40_000  # read of one value; an address that is longer is none

_TAG = re.compile(r"""<(/?[a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+)(>?)""")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]++)))?+""")
_RAW_TEXT_END = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title")
}


class Tag(NamedTuple):
    """A start tag, or an end tag (its name begins with "/"), and the text up to the next tag."""

    name: str
    raw_attributes: str
    raw_text: str

    @property
    def attributes(self) -> "Attributes":
        """The attributes; each use reads them once."""
        if not self.raw_attributes or self.raw_attributes.isspace():
            return _NONE
        return Attributes(
            (name.lower(), double or single or bare)
            for name, double, single, bare in (
                found.groups("")
                for found in islice(_ATTRIBUTE.finditer(self.raw_attributes), MAX_ATTRIBUTES)
            )
        )

    @property
    def classes(self) -> list[str]:
        """The class tokens."""
        return self.attributes.value("class").split() if "class" in self.raw_attributes else []


class Attributes(dict[str, str]):
    """The raw values by the attributes' lower-case names."""

    def value(self, name: str) -> str:
        """Return what an attribute says; an empty string where it has no value or is not there."""
        raw = self.get(name, "")[:MAX_VALUE_CHARS]
        try:
            return unescape(raw)
        except ValueError:  # the number of a character has thousands of digits
            return raw


_NONE = Attributes()


def tags(html: str) -> Iterator[Tag]:
    """Yield the tags in their order; comments, and what is inside scripts and styles, are none."""
    position = 0
    while (start := html.find("<", position)) >= 0:
        if html.startswith("<!--", start):
            position = html.find("-->", start + 2)
            if position < 0:
                return
            continue
        tag = _TAG.match(html, start)
        if tag is None:  # a "<" that is text, or a doctype
            position = start + 1
            continue
        if not tag[3]:
            return
        name, position = tag[1].lower(), tag.end()
        text_end = html.find("<", position)
        if name in _RAW_TEXT_END:
            closing = _RAW_TEXT_END[name].search(html, position)
            if closing is None:
                return
            yield Tag(name, tag[2], "")
            position = closing.start()
            continue
        yield Tag(name, tag[2], html[position : None if text_end < 0 else text_end])
