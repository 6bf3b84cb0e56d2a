"""Reading of a PNG file as browsers read it, so that nothing but its pixels decides. Pure.

A PNG is a chain of chunks, each with a checksum (PNG 3, 5.3). Those that are needed to show the
image are IHDR, PLTE and IDAT; of the rest only transparency, colour space, orientation and
animation say something about it. Everything else, and all that is wrong with it, is left out.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from tasks.images.exif import orientation
from tasks.images.limits import MAX_PROFILE_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the colour type (PNG 3, 11.2.1)
# Of an interlaced image: where each pass begins and how far its pixels lie apart (PNG 3, 8.2).
_PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip


class PngError(ValueError):
    """The file has no chain of chunks that gives an image."""


class Header(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    depth: int  # bits of a channel
    colour: int  # the colour type
    is_interlaced: bool

    @property
    def size_of_data(self) -> int:
        """How many bytes the image data has once it is unpacked."""
        bits = self.depth * _CHANNELS[self.colour]
        passes = _PASSES if self.is_interlaced else ((0, 0, 1, 1),)
        sizes = (
            (max(0, -(-(self.width - x) // dx)), max(0, -(-(self.height - y) // dy)))
            for x, y, dx, dy in passes
        )
        return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns)


class Png(NamedTuple):
    """A PNG's parts that say how to show it."""

    canvas: tuple[int, int]  # px: the width and height of the whole
    offset: tuple[int, int]  # px: where on it the frame lies that is shown
    header: Header  # of that frame
    palette: bytes
    transparency: bytes
    data: bytes  # the frame's, packed
    profile: bytes  # ICC's, empty for none
    gamma: float  # of gAMA, 0 for none
    primaries: tuple[float, ...]  # of cHRM: x and y of white, red, green, blue; empty for none
    coding: bytes  # of cICP: primaries, transfer, matrix and range (ITU-T H.273); empty for none
    is_srgb: bool
    orientation: int
    is_animated: bool

    def plain(self, *, data: bytes | None = None) -> bytes:
        """Return a file that holds the image alone; ``data`` stands in for its image data."""
        ihdr = struct.pack(">IIBBBBB", *self.header[:4], 0, 0, self.header.is_interlaced)
        chunks = [(b"IHDR", ihdr)]
        chunks += [(b"PLTE", self.palette)] if self.palette else []
        chunks += [(b"tRNS", self.transparency)] if self.transparency else []
        chunks += [(b"IDAT", self.data if data is None else data), (b"IEND", b"")]
        return SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)

    def mended(self) -> bytes:
        """Return the same file with its image data packed anew, without the flaws of the packing.

        Raises ``PngError`` where not all of the image is there.
        """
        expected = self.header.size_of_data
        data = _inflated(self.data, expected)
        if len(data) < expected:
            raise PngError(f"{len(data)} of {expected} bytes of the image are there")
        return self.plain(data=zlib.compress(data, 0))


def read(data: bytes) -> Png:
    """Take a file apart; raises ``PngError`` where a browser shows nothing of it either."""
    found: dict[bytes, bytes] = {}
    image: list[bytes] = []
    frames: list[bytes] = []  # the fcTLs
    first: list[bytes] = []  # data of the first frame, where the image itself is not that
    for name, content, is_sound in _chunks(data):
        if name == b"IDAT":
            image.append(content)
        elif name == b"fcTL" and len(content) == 26:
            frames.append(content if image else b"")
        elif name == b"fdAT" and len(frames) == 1 and frames[0]:
            first.append(content[4:])
        elif name in (b"IHDR", b"PLTE"):
            if not is_sound or (name == b"IHDR") == bool(found) or name in found:
                raise PngError("its header or palette is damaged")
            found[name] = content
        elif name[:1].isupper() and name != b"IEND":
            raise PngError("it has a part that nobody knows and that it cannot be shown without")
        elif not image and is_sound:
            found.setdefault(name, content)
    header = _header(found.get(b"IHDR", b""))
    if not image:
        raise PngError("it has no image data")
    canvas, offset = (header.width, header.height), (0, 0)
    if b"acTL" in found and first:
        width, height, *offset_ = struct.unpack_from(">IIII", frames[0], 4)
        offset, image = (offset_[0], offset_[1]), first
        header = _sized(header, width, height)
    palette = found.get(b"PLTE", b"")[: 3 * 256] if header.colour == 3 else b""
    if header.colour == 3 and (not palette or len(palette) % 3):
        raise PngError("it has no palette")
    gamma, primaries = found.get(b"gAMA", b""), found.get(b"cHRM", b"")
    return Png(
        canvas=canvas,
        offset=offset,
        header=header,
        palette=palette,
        transparency=_transparency(found.get(b"tRNS", b""), header, palette),
        data=b"".join(image),
        profile=_profile(found.get(b"iCCP", b"")),
        gamma=int.from_bytes(gamma, "big") / 100_000 if len(gamma) == 4 else 0.0,
        primaries=_fractions(primaries) if len(primaries) == 32 else (),
        coding=found.get(b"cICP", b""),
        is_srgb=b"sRGB" in found,
        orientation=orientation(found.get(b"eXIf", b"")),
        is_animated=b"acTL" in found and len(frames) > 1,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield the name and content of each chunk, and whether its checksum is right."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        if len(content) < length and name != b"IDAT":
            return
        yield name, content, checksum == zlib.crc32(name + content).to_bytes(4, "big")
        if name == b"IEND":
            return
        at += 12 + length


def _fractions(content: bytes) -> tuple[float, ...]:
    return tuple(value / 100_000 for value in struct.unpack(">8I", content))


def _sized(header: Header, width: int, height: int) -> Header:
    if not (width and height and width <= header.width and height <= header.height):
        raise PngError("a frame of it is larger than the whole")
    return header._replace(width=width, height=height)


def _header(ihdr: bytes) -> Header:
    if len(ihdr) != 13:
        raise PngError("it has no header")
    width, height, depth, colour, packing, filtering, interlacing = struct.unpack(">IIBBBBB", ihdr)
    is_known = colour in _CHANNELS and depth in (1, 2, 4, 8, 16) and interlacing in (0, 1)
    if not (width and height and is_known) or packing or filtering:
        raise PngError("its header says what no PNG may have")
    return Header(width, height, depth, colour, bool(interlacing))


def _transparency(content: bytes, header: Header, palette: bytes) -> bytes:
    """Return tRNS as far as it has a meaning."""
    if header.colour == 3:
        return content if len(content) <= len(palette) // 3 else b""
    wanted = {0: 2, 2: 6}.get(header.colour)
    return content if len(content) == wanted else b""


def _profile(content: bytes) -> bytes:
    """Unpack the profile of iCCP; empty where it is not whole, or too large."""
    _, nul, packed = content.partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], MAX_PROFILE_BYTES) if nul else b""
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""


def _inflated(packed: bytes, most: int) -> bytes:
    """Unpack at most so many bytes of a zlib stream, whatever its checksum says."""
    unpacker = zlib.decompressobj(-15)
    data = bytearray()
    try:
        for at in range(2, len(packed), 1 << 16):  # the header says nothing that is needed
            data += unpacker.decompress(packed[at : at + (1 << 16)], most - len(data))
            if len(data) >= most or unpacker.eof:
                break
    except zlib.error:
        return bytes(data)
    return bytes(data)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + checksum
