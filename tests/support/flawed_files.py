"""Image files with flaws, of every format: what a browser passes over, and what it does not.

Each is a drawing of 60 × 40 px, by name. ``AS_SHOWN`` has those that are to be taken as Chromium
shows them, ``REFUSED`` those that it does not show, ``CUT_SHORT`` those of which it shows the part
that is there, and ``WHOLE`` those of which it shows a part although all of it is there.
"""

import struct
import zlib
from io import BytesIO
from itertools import product

from PIL import Image, ImageCms

from tests.naver_replica.pictures import draw

DRAWN = draw("apple", 3, 300, 200).resize((60, 40))
SIZE = DRAWN.size


def encoded(file_format: str, image: Image.Image = DRAWN, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def tiff(*entries: bytes, order: str = "<") -> bytes:
    """Return an EXIF with one directory of these entries."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(f"{order}IH", 8, len(entries)) + b"".join(entries) + bytes(4)


def orientation(value: int, *, kind: int = 3, count: int = 1, order: str = "<") -> bytes:
    return struct.pack(f"{order}HHIHH", 0x0112, kind, count, value, 0)


TEXT_AS_RESOLUTION = struct.pack("<HHI", 0x011A, 2, 3) + b"72\0\0"
EXIFS = {
    "turned": tiff(orientation(6)),
    "turned, big endian": tiff(orientation(6, order=">"), order=">"),
    "upside down": tiff(orientation(3)),
    "no such orientation": tiff(orientation(9)),
    "two orientations": tiff(orientation(6), orientation(3)),
    "none of the right type": tiff(orientation(6, kind=4)),
    "no value": tiff(orientation(6, count=0)),
    "a text as resolution": tiff(orientation(6), TEXT_AS_RESOLUTION),
    "garbage": b"garbage!garbage!",
    "cut after its header": tiff(orientation(6))[:8],
    "empty": b"",
    "a pointer outside": b"II*\0" + struct.pack("<I", 9_999),
    "a second heading": b"Exif\0\0" + tiff(orientation(6)),
}


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def chunk(name: bytes, content: bytes, checksum: int | None = None) -> bytes:
    found = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", found)


def riff(*chunks: tuple[bytes, bytes], longer: int = 0) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4 + longer) + b"WEBP" + body


def extended(flags: int) -> tuple[bytes, bytes]:
    width, height = SIZE
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes((flags, 0, 0, 0)) + size


JPEG, PNG, GIF = encoded("JPEG", quality=92), encoded("PNG"), encoded("GIF", DRAWN.quantize(16))
WEBP, BMP, AVIF = encoded("WEBP", quality=90), encoded("BMP"), encoded("AVIF", quality=90)
VP8 = (b"VP8 ", WEBP[20:])
PALETTED = encoded("PNG", DRAWN.quantize(16))
LAYERED = DRAWN.convert("RGBA")
LAYERED.putalpha(Image.linear_gradient("L").resize(SIZE))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PART = DRAWN.crop((0, 0, 20, 16))


def swapped_profile() -> bytes:
    """Return sRGB's profile with the primaries of red and blue exchanged, under another name."""
    profile = bytearray(SRGB.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")))
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red], profile[blue] = ord("b"), ord("r")
    return bytes(profile)


SWAPPED = swapped_profile()


def profile_of_inks() -> bytes:
    """Return a colour profile of CMYK by a table of the 16 corners (ICC.1:2001, 6.5.7)."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65_536)) for value in values)

    corners = bytearray()
    for cyan, magenta, yellow, black in product((0, 1), repeat=4):
        light = 255 * (1 - 0.9 * black) * (1 - 0.25 * (cyan + magenta + yellow))
        corners += bytes(
            (round(light), 128 + 60 * cyan - 60 * magenta, 128 + 60 * yellow - 30 * cyan)
        )
    straight = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    white = fixed(0.9642, 1, 0.8249)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"Inks\0" + bytes(78 + 3),
        b"cprt": b"text" + bytes(4) + b"none",
        b"wtpt": b"XYZ " + bytes(4) + white,
        b"A2B0": table + straight * 4 + bytes(corners) + straight * 3,
    }
    at = 128 + 4 + 12 * len(tags)
    listed, contents = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        listed += name + struct.pack(">II", at + len(contents), len(content))
        contents += content
    about = b"\x02\x40\0\0prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28) + white
    size = struct.pack(">I", at + len(contents))
    return (size + bytes(4) + about).ljust(128, b"\0") + listed + contents


def jpeg_with(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def png_with(*chunks: bytes, base: bytes = PNG) -> bytes:
    return base[:33] + b"".join(chunks) + base[33:]


def idat_of(png: bytes) -> bytes:
    at = png.index(b"IDAT")
    return png[at + 4 : at + 4 + int.from_bytes(png[at - 4 : at], "big")]


def with_idat(content: bytes, checksum: int | None = None) -> bytes:
    return PNG[:33] + chunk(b"IDAT", content, checksum) + chunk(b"IEND", b"")


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def frame_on_canvas(background: int) -> bytes:
    """Return a GIF whose first frame covers a part of its canvas."""
    data = bytearray(encoded("GIF", PART.quantize(16)))
    data[6:10], data[11] = struct.pack("<HH", *SIZE), background
    at = data.index(b"\x2c\0\0\0\0")
    data[at + 1 : at + 5] = struct.pack("<HH", 30, 20)
    return bytes(data)


def animated_part() -> bytes:
    """Return a WebP whose first frame covers a part of its canvas."""
    place = b"".join(v.to_bytes(3, "little") for v in (15, 10, 19, 15, 100)) + b"\0"
    frame = place + encoded("WEBP", PART, quality=90)[12:]
    return riff(extended(2), (b"ANIM", bytes(6)), (b"ANMF", frame), (b"ANMF", frame))


TURNED = DRAWN.rotate(180)
BIG = zlib.compress(b"x" * 1_500_000)
ICCP = b"a\0\0" + zlib.compress(SWAPPED)
AS_SHOWN = {
    **{f"JPEG, EXIF: {k}": jpeg_with(segment(0xE1, b"Exif\0\0" + v)) for k, v in EXIFS.items()},
    **{f"PNG, EXIF: {k}": png_with(chunk(b"eXIf", v)) for k, v in EXIFS.items()},
    **{f"WebP, EXIF: {k}": riff(extended(8), VP8, (b"EXIF", v)) for k, v in EXIFS.items()},
    "JPEG, two EXIFs": jpeg_with(
        segment(0xE1, b"Exif\0\0" + EXIFS["turned"]),
        segment(0xE1, b"Exif\0\0" + EXIFS["upside down"]),
    ),
    "JPEG, EXIF after the tables": JPEG.replace(
        b"\xff\xc0", segment(0xE1, b"Exif\0\0" + EXIFS["turned"]) + b"\xff\xc0", 1
    ),
    "JPEG, garbage as XMP": jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x")),
    "JPEG, garbage as profile": encoded("JPEG", icc_profile=b"garbage" * 20),
    "JPEG, a profile": encoded("JPEG", icc_profile=SWAPPED),
    "JPEG, a grey one's profile": encoded("JPEG", DRAWN.convert("L"), icc_profile=SWAPPED),
    "JPEG, a segment of no length": jpeg_with(b"\xff\xe5\0\0"),
    "JPEG, a segment too long": jpeg_with(b"\xff\xe5\0\x10abc"),
    "JPEG, bytes between segments": JPEG[:20] + b"\x12\x34\x56" + JPEG[20:],
    "JPEG, bytes after its end": JPEG + b"x" * 5_000,
    "JPEG, grey": encoded("JPEG", DRAWN.convert("L")),
    "JPEG, CMYK": encoded("JPEG", DRAWN.convert("CMYK")),
    "JPEG, CMYK with a profile": encoded(
        "JPEG", DRAWN.convert("CMYK"), quality=95, icc_profile=profile_of_inks()
    ),
    "JPEG, CMYK with a profile of RGB": encoded(
        "JPEG", DRAWN.convert("CMYK"), quality=95, icc_profile=SWAPPED
    ),
    "JPEG, RGB with a profile of CMYK": encoded("JPEG", icc_profile=profile_of_inks()),
    "JPEG, RGB": encoded("JPEG", keep_rgb=True),
    "JPEG, progressive": encoded("JPEG", progressive=True),
    "JPEG, two images": encoded("MPO", save_all=True, append_images=[TURNED]),
    "PNG, EXIF after the image": PNG[:-12] + chunk(b"eXIf", EXIFS["turned"]) + PNG[-12:],
    "PNG, wrong checksum of pHYs": png_with(chunk(b"pHYs", bytes(9), 1)),
    "PNG, wrong checksum of a text": png_with(chunk(b"tEXt", b"a\0b", 1)),
    "PNG, wrong checksum of a profile": png_with(chunk(b"iCCP", ICCP, 1)),
    "PNG, wrong checksum of IDAT": with_idat(idat_of(PNG), 1),
    "PNG, wrong checksum of IEND": PNG[:-4] + bytes(4),
    "PNG, wrong checksum of the data": with_idat(damaged(idat_of(PNG), -1 + len(idat_of(PNG)))),
    "PNG, more data than pixels": with_idat(
        zlib.compress(zlib.decompress(idat_of(PNG)) + b"x" * 5_000)
    ),
    "PNG, no end": PNG[:-12],
    "PNG, bytes after its end": PNG + b"x" * 1_000,
    "PNG, a large text": png_with(chunk(b"zTXt", b"a\0\0" + BIG)),
    "PNG, a large international text": png_with(chunk(b"iTXt", b"a\0\1\0\0\0" + BIG)),
    "PNG, a large profile that is none": png_with(chunk(b"iCCP", b"a\0\0" + BIG)),
    "PNG, a profile": png_with(chunk(b"iCCP", ICCP)),
    "PNG, a profile after the image": PNG[:-12] + chunk(b"iCCP", ICCP) + PNG[-12:],
    "PNG, a profile cut short": png_with(chunk(b"iCCP", ICCP[:-20])),
    "PNG, a profile with a wrong checksum": png_with(chunk(b"iCCP", damaged(ICCP, -1 + len(ICCP)))),
    "PNG, a profile and sRGB": png_with(chunk(b"sRGB", b"\0"), chunk(b"iCCP", ICCP)),
    "PNG, gamma 1": png_with(chunk(b"gAMA", struct.pack(">I", 100_000))),
    "PNG, gamma of sRGB": png_with(chunk(b"gAMA", struct.pack(">I", 45_455))),
    "PNG, gamma 1 and sRGB": png_with(
        chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))
    ),
    "PNG, primaries of P3": png_with(
        chunk(b"gAMA", struct.pack(">I", 45_455)),
        chunk(
            b"cHRM",
            struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000),
        ),
    ),
    "PNG, coded as P3": png_with(chunk(b"cICP", bytes((12, 13, 0, 1)))),
    **{
        f"PNG, a short {n.decode()}": png_with(chunk(n, b"\0")) for n in (b"gAMA", b"pHYs", b"cHRM")
    },
    **{f"PNG, a short {n.decode()}": png_with(chunk(n, b"\0")) for n in (b"tRNS", b"tIME")},
    "PNG, too much transparency": PALETTED.replace(
        PALETTED[PALETTED.index(b"IDAT") - 4 :][:8],
        chunk(b"tRNS", bytes(300)) + PALETTED[PALETTED.index(b"IDAT") - 4 :][:8],
        1,
    ),
    "PNG, an unknown chunk": png_with(chunk(b"abCd", b"hello")),
    "PNG, a chunk of no name": png_with(chunk(b"a\1Cd", b"x")),
    "PNG, an empty IDAT": png_with(chunk(b"IDAT", b"")),
    "PNG, 16 bits of grey": encoded("PNG", Image.new("I;16", SIZE, 0x8040)),
    "PNG, black and white": encoded("PNG", DRAWN.convert("1")),
    "PNG, a palette": PALETTED,
    "PNG, a transparent colour of a palette": encoded("PNG", DRAWN.quantize(16), transparency=3),
    "PNG, a transparent grey": encoded("PNG", DRAWN.convert("L"), transparency=100),
    "PNG, layers": encoded("PNG", LAYERED),
    "PNG, grey layers": encoded("PNG", DRAWN.convert("LA")),
    "PNG, animated": encoded("PNG", save_all=True, append_images=[TURNED], duration=100),
    "PNG, animated, its image no frame": encoded(
        "PNG", save_all=True, append_images=[TURNED], default_image=True, duration=100
    ),
    "GIF": GIF,
    "GIF, no end": GIF[:-1],
    "GIF, bytes after its end": GIF + b"x" * 100,
    "GIF, animated": encoded(
        "GIF", DRAWN.quantize(16), save_all=True, append_images=[TURNED.quantize(16)]
    ),
    "GIF, a transparent colour": encoded("GIF", DRAWN.quantize(16), transparency=2),
    "GIF, a frame on a canvas": frame_on_canvas(0),
    "GIF, a frame on a coloured canvas": frame_on_canvas(5),
    "WebP": WEBP,
    "WebP, lossless": encoded("WEBP", lossless=True),
    "WebP, layers": encoded("WEBP", LAYERED),
    "WebP, a profile": encoded("WEBP", icc_profile=SWAPPED, quality=95),
    "WebP, garbage as profile": encoded("WEBP", icc_profile=b"garbage"),
    "WebP, bytes after its end": WEBP + b"x" * 100,
    "WebP, animated": encoded("WEBP", save_all=True, append_images=[TURNED], duration=100),
    "WebP, a frame on a canvas": animated_part(),
    "BMP": BMP,
    "BMP, a palette": encoded("BMP", DRAWN.quantize(16)),
    "BMP, bytes after its end": BMP + b"xx" * 50,
    "BMP, top down": BMP[:22] + struct.pack("<i", -40) + BMP[26:],
    "BMP, no length": BMP[:2] + bytes(4) + BMP[6:],
    "ICO": encoded("ICO", sizes=[(32, 32)]),
    "AVIF": AVIF,
    "AVIF, turned": encoded("AVIF", exif=b"Exif\0\0" + EXIFS["turned"]),
    "AVIF, bytes after its end": AVIF + b"x" * 50,
    "AVIF, a profile": encoded("AVIF", icc_profile=SWAPPED, quality=95),
}
REFUSED = {
    "an empty file": b"",
    "a page": b"<html><body>no</body></html>",
    "JPEG, a byte before it": b"\0" + JPEG,
    "JPEG, bytes before its first segment": jpeg_with(b"\x12\x34\x56"),
    "JPEG, cut in its tables": JPEG[:300],
    "JPEG, no height": JPEG.replace(b"\xff\xc0\0\x11\x08\0\x28", b"\xff\xc0\0\x11\x08\0\0", 1),
    "PNG, wrong checksum of IHDR": damaged(PNG, 30),
    "PNG, two IHDRs": png_with(PNG[8:33]),
    "PNG, an unknown chunk that matters": png_with(chunk(b"ABCD", b"hello")),
    "PNG, a chunk longer than the file": png_with(b"\x7f\xff\xff\xfftEXtabc"),
    "PNG, wrong checksum of PLTE": damaged(PALETTED, PALETTED.index(b"IDAT") - 6),
    "GIF of no version": b"GIF88a" + GIF[6:],
    "WebP, shorter than it is": WEBP[:4] + struct.pack("<I", len(WEBP) // 2) + WEBP[8:],
    "WebP, an animation without frames": riff(extended(2), VP8),
    "TIFF": encoded("TIFF"),
    "PPM": encoded("PPM"),
    "JPEG 2000": encoded("JPEG2000"),
    "TGA": encoded("TGA"),
}
CUT_SHORT = {
    "JPEG": JPEG[: len(JPEG) // 2],
    "JPEG, nine tenths": JPEG[: len(JPEG) * 9 // 10],
    "JPEG, progressive": encoded("JPEG", progressive=True)[:-400],
    "PNG": PNG[: len(PNG) // 2],
    "PNG, less data than pixels": with_idat(zlib.compress(zlib.decompress(idat_of(PNG))[:3_000])),
    "GIF": GIF[: len(GIF) // 2],
    "WebP": WEBP[: len(WEBP) // 2],
    "BMP": BMP[: len(BMP) // 2],
    "AVIF": AVIF[:-100],
}
WHOLE = {
    "JPEG, no end": JPEG[:-2],
    "WebP, longer than the file": riff(VP8, longer=500),
    "WebP, its second frame cut short": AS_SHOWN["WebP, animated"][:-200],
    "PNG, a text between its IDATs": PNG[:33]
    + chunk(b"IDAT", idat_of(PNG)[:900])
    + chunk(b"tEXt", b"a\0b")
    + chunk(b"IDAT", idat_of(PNG)[900:])
    + chunk(b"IEND", b""),
}
