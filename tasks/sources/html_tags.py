"""The tags of a page, one after the other, in time that grows with its length alone.

The standard library's ``html.parser`` takes 19 s for 250 KB of ``<!--`` (Python 3.11.7, measured),
and a page from outside may hold that. This reader needs no tree, and stops where a page breaks off.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

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
    def attributes(self) -> dict[str, str]:
        """The attributes by their lower-case names; an empty string where there is no value."""
        return {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(self.raw_attributes)
        }

    @property
    def classes(self) -> list[str]:
        """The class tokens."""
        return self.attributes.get("class", "").split() if "class" in self.raw_attributes else []


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
