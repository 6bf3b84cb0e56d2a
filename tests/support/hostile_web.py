"""A web server that does what hostile and broken hosts do: each path is another piece of mischief.

with serve_mischief() as port:
    url = f"http://127.0.0.1:{port}/drip"
"""

import gzip
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import ClassVar
from urllib.parse import unquote

import numpy as np
from PIL import Image

MAX_SLOW_S = 12.0  # a slow answer ends by itself then, so that the server can be closed


def noisy(width: int, height: int, file_format: str = "JPEG", **options: object) -> bytes:
    """Return the file of a sharp image."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, file_format, **options)
    return out.getvalue()


IMAGE = noisy(320, 320)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and has no pixels behind it."""
    out = BytesIO()
    Image.new("1", (1, 1)).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


BOMB = gzip.compress(bytes(40 << 20), 1)  # 180 kB
BODIES = {
    "html": b"<html>404</html>",
    "cut": IMAGE[:-3000],
    "megapixels": png_header(20_000, 20_000),
    "ppm": noisy(320, 320, "PPM"),
    "tiny": noisy(20, 20),
}


def whole(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK", body: bytes = IMAGE) -> bytes:
    """Return an answer as it goes over the wire; its length is said where no line is about it."""
    said = b"".join(lines).lower()
    if not any(name in said for name in (b"content-length", b"transfer-encoding")):
        lines = (*lines, b"Content-Length: %d" % len(body))
    return b"\r\n".join((status, *lines, b"", body))


def coded(coding: bytes, body: bytes = IMAGE) -> bytes:
    """Return an answer that says how its body is coded."""
    return whole(b"Content-Encoding: " + coding, body=body)


def partial(said: bytes) -> bytes:
    """Return the image as a part of something, as is said of it."""
    return whole(b"Content-Range: " + said, status=b"HTTP/1.1 206 Partial Content")


def moved(location: bytes, status: bytes = b"HTTP/1.1 302 Found") -> bytes:
    """Return a redirect with a body of its own."""
    lines = b"location: " + location, b"Connection: close"
    return whole(*lines, status=status, body=b"<a>moved</a>")


def raw_deflate(data: bytes) -> bytes:
    """Compress without a header, as some hosts send deflate."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


_SIZE = len(IMAGE)
_LENGTH = b"Content-Length: %d" % _SIZE
_CHUNKED = b"Transfer-Encoding: chunked"
_CHUNKS = b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (_SIZE, IMAGE)
_HINT = b"HTTP/1.1 103 Early Hints\r\n"
_PARTS = [IMAGE[at : at + 16] for at in range(0, _SIZE, 16)]
_EUC_KR = "사진".encode("euc-kr")

# Answers of which every browser shows the image.
ODD_ANSWERS = {
    "900_hints_before": (_HINT + b"\r\n") * 900 + whole(),
    "chunk_extension_of_200_kB": whole(_CHUNKED, body=_CHUNKS.replace(b"b", b"b" * 200_000, 1)),
    "chunks_of_16": whole(
        _CHUNKED,
        body=b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in _PARTS) + b"0\r\nX: y\r\n\r\n",
    ),
    "line_of_9_kB": whole(b"X: " + b"y" * 9_000),
    "line_of_20_kB": whole(b"Set-Cookie: a=" + b"y" * 20_000),
    "line_of_200_kB": whole(b"X: " + b"y" * 200_000),
    "200_headers": whole(*(b"X-%d: y" % n for n in range(200))),
    "900_headers": whole(*(b"Set-Cookie: a%d=y" % n for n in range(900))),
    "folded_header": whole(b"X: a\r\n b\r\n\tc"),
    "folded_length": whole(b"Content-Length:\r\n %d" % _SIZE),
    "header_in_latin_1": whole(b"X: caf\xe9"),
    "header_in_euc_kr": whole(b"Content-Disposition: inline; filename=" + _EUC_KR),
    "control_in_header": whole(b"X: a\x01b"),
    "space_before_colon": whole(b"X : a"),
    "space_in_name": whole(b"X Y: a"),
    "brackets_in_name": whole(b"X[1]@(2): a"),
    "name_in_korean": whole("사진: a".encode()),
    "no_name": whole(b": a"),
    "no_colon": whole(b"a line of a script"),
    "no_value": whole(b"X:"),
    "no_reason": whole(status=b"HTTP/1.1 200"),
    "long_reason": whole(status=b"HTTP/1.1 200 " + b"r" * 9_000),
    "reason_in_euc_kr": whole(status=b"HTTP/1.1 200 " + _EUC_KR),
    "reason_beside_status": whole(status=b"HTTP/1.1 200OK"),
    "two_spaces_before_status": whole(status=b"HTTP/1.1  200 OK"),
    "version_in_lower_case": whole(status=b"http/1.1 200 OK"),
    "version_1_0": whole(status=b"HTTP/1.0 200 OK"),
    "version_1_2": whole(status=b"HTTP/1.2 200 OK"),
    "version_2": whole(status=b"HTTP/2 200 OK"),
    "empty_lines_before": b"\r\n\r\n" + whole(),
    "lines_end_without_cr": whole(b"X: y").replace(b"\r\n", b"\n", 3),
    "hints_before": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + whole(),
    "two_hints_before": 2 * b"HTTP/1.1 100 Continue\r\n\r\n" + whole(),
    "length_twice": whole(_LENGTH, _LENGTH),
    "length_thrice_in_one": whole(_LENGTH + b", %d, 0%d" % (_SIZE, _SIZE)),
    "length_that_is_none": whole(b"Content-Length: many"),
    "length_below_zero": whole(b"Content-Length: -1"),
    "length_without_number": whole(b"Content-Length:"),
    "length_and_chunks": whole(_LENGTH, _CHUNKED, body=_CHUNKS),
    "chunks_and_length": whole(_CHUNKED, _LENGTH, body=_CHUNKS),
    "wrong_length_and_chunks": whole(b"Content-Length: 5", _CHUNKED, body=_CHUNKS),
    "chunks_twice": whole(_CHUNKED, _CHUNKED, body=_CHUNKS),
    "transfer_of_identity": whole(_LENGTH, b"Transfer-Encoding: identity"),
    "more_than_its_length": whole(_LENGTH, body=IMAGE + b"<!-- 0.1 s -->"),
    "more_and_closes": whole(_LENGTH, b"Connection: close", body=IMAGE + b" "),
    "more_than_its_chunks": whole(_CHUNKED, body=_CHUNKS + b"<!-- 0.1 s -->"),
    "neither_length_nor_chunks": b"HTTP/1.1 200 OK\r\n\r\n" + IMAGE,
    "other_protocol_offered": whole(b"Upgrade: h2,h2c", b"Connection: Upgrade"),
    "coded_aws_chunked": coded(b"aws-chunked"),
    "coded_utf_8": coded(b"utf-8"),
    "coded_none": coded(b"none"),
    "coded_image_jpeg": coded(b"image/jpeg"),
    "coded_binary": coded(b"Binary"),
    "coded_nothing": coded(b""),
    "coded_br_and_is_not": coded(b"br"),
    "coded_zstd_and_is_not": coded(b"zstd"),
    "coded_gzip_and_is_not": coded(b"gzip"),
    "coded_deflate_and_is_not": coded(b"deflate"),
    "coded_gzip": coded(b"GZIP", gzip.compress(IMAGE)),
    "coded_deflate": coded(b"deflate", zlib.compress(IMAGE)),
    "coded_deflate_raw": coded(b"deflate", raw_deflate(IMAGE)),
    "coded_twice": coded(b"deflate, gzip", gzip.compress(zlib.compress(IMAGE))),
    "coded_twice_in_two": whole(
        b"Content-Encoding: gzip",
        b"Content-Encoding: gzip",
        body=gzip.compress(gzip.compress(IMAGE)),
    ),
    "coded_twice_and_is_once": coded(b"gzip, gzip", gzip.compress(IMAGE)),
    "coded_none_and_gzip": coded(b"aws-chunked, gzip", gzip.compress(IMAGE)),
    "status_201": whole(status=b"HTTP/1.1 201 Created"),
    "status_203": whole(status=b"HTTP/1.1 203 Non-Authoritative Information"),
    "status_299": whole(status=b"HTTP/1.1 299 Fine"),
    "status_206_of_the_whole": partial(b"bytes 0-%d/%d" % (_SIZE - 1, _SIZE)),
    "status_206_of_any": partial(b"bytes 0-%d/*" % (_SIZE - 1)),
    "moved_301": moved(b"/image", b"HTTP/1.1 301 Moved"),
    "moved_308": moved(b"/image", b"HTTP/1.1 308"),
    "moved_by_path": moved(b"../image"),
    "moved_with_fragment": moved(b"/image#top"),
    "moved_with_spaces": moved(b"  /image/a b.jpg  "),
    "moved_in_utf_8": moved("/image/사진.jpg".encode()),
    "moved_in_euc_kr": moved(b"/image/" + _EUC_KR + b".jpg"),
    "moved_with_percent": moved(b"/image/100%.jpg"),
}
# Answers that are refused.
BAD_ANSWERS = {
    "lines_of_300_kB": whole(*(b"X: " + b"y" * 30_000 for _ in range(10))),
    "line_of_300_kB": whole(b"X: " + b"y" * 300_000),
    "1001_headers": whole(*(b"X-%d: y" % n for n in range(1_000))),
    "1001_hints_before": (_HINT + b"\r\n") * 1_001 + whole(),
    "hints_of_300_kB_before": (_HINT + b"X: " + b"y" * 30_000 + b"\r\n\r\n") * 10 + whole(),
    "300_kB_of_blank_lines_before": b"\r\n" * 150_000 + whole(),
    "chunk_extension_of_2_MB": whole(_CHUNKED, body=_CHUNKS.replace(b"b", b"b" * 2_000_000, 1)),
    "chunks_of_one_byte": whole(_CHUNKED, body=b"1\r\nx\r\n" * 300_000),
    "trailers_of_2_MB": whole(_CHUNKED, body=_CHUNKS[:-2] + b"X: y\r\n" * 330_000),
    "two_lengths": whole(_LENGTH, b"Content-Length: 5"),
    "two_lengths_in_one": whole(_LENGTH + b", 5"),
    "null_in_header": whole(b"X: a\x00b"),
    "bare_image": IMAGE,
    "bare_html": b"<html>\r\n\r\n</html>",
    "banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    "status_of_two_digits": whole(status=b"HTTP/1.1 20 OK"),
    "status_of_four_digits": whole(status=b"HTTP/1.1 2000 OK"),
    "chunk_without_size": whole(_CHUNKED, body=b"4\r\nJFIF\r\nxyz\r\n"),
    "chunk_too_long": whole(_CHUNKED, body=b"4\r\nJFIF-and-more\r\n0\r\n\r\n"),
    "half_a_head": b"HTTP/1.1 200 OK\r\nX: y",
    "nothing": b"",
    "less_than_its_length": whole(b"Content-Length: %d" % (_SIZE + 1)),
    "less_than_its_chunks": whole(_CHUNKED, body=_CHUNKS[:-5]),
    "status_202": whole(status=b"HTTP/1.1 202 Accepted"),
    "status_204": whole(status=b"HTTP/1.1 204 No Content"),
    "status_206_of_a_part": partial(b"bytes 0-%d/%d" % (_SIZE - 1, _SIZE + 1)),
    "status_206_of_the_end": partial(b"bytes 1-%d/%d" % (_SIZE, _SIZE)),
    "status_206_without_range": whole(status=b"HTTP/1.1 206 Partial Content"),
    "status_302_to_nowhere": whole(status=b"HTTP/1.1 302 Found"),
    "status_404_with_image": whole(status=b"HTTP/1.1 404 Not Found"),
    "status_500_with_image": whole(status=b"HTTP/1.1 500 Oops"),
    "status_501": whole(status=b"HTTP/1.1 501 Not Implemented"),
    "status_999": whole(status=b"HTTP/1.1 999 Request Denied"),
    "moved_to_mail": moved(b"mailto:a@b.kr"),
    "moved_to_no_port": moved(b"http://127.0.0.1:0/image"),
    "coded_br": coded(b"br", b"\x8b\x02\x80<p>\x03"),
    "coded_zstd": coded(b"zstd", b"\x28\xb5\x2f\xfd\x00"),
    "coded_gzip_and_is_html": coded(b"gzip", b"<html>404</html>"),
    "coded_gzip_and_br": coded(b"br, gzip", gzip.compress(b"\x8b\x02\x80<p>\x03")),
    "coded_five_times": coded(b"gzip, gzip, gzip, gzip, gzip", gzip.compress(IMAGE)),
}


class Mischief(BaseHTTPRequestHandler):
    """Each method is a path's first part; it gets the rest."""

    protocol_version = "HTTP/1.1"
    failed: ClassVar[Counter[str]] = Counter()
    counts: ClassVar[Counter[str]] = Counter()
    crowd_now: ClassVar[set[str]] = set()
    most_at_once: ClassVar[int] = 0

    def do_GET(self) -> None:
        kind, _, rest = self.path.lstrip("/").partition("/")
        with suppress(OSError):  # the other side hung up, as it should
            getattr(self, kind)(rest)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def image(self, _: str) -> None:
        self.answer(IMAGE, Content_Type="text/html")  # no content type is believed

    def body(self, name: str) -> None:
        self.answer(BODIES[name], Content_Type="image/jpeg")

    def raw(self, name: str) -> None:
        self.close_connection = True
        self.wfile.write((ODD_ANSWERS | BAD_ANSWERS)[name])

    def cookie(self, name: str) -> None:
        """Give an image to whom has the cookie, and the cookie to whom has not."""
        if f"{name}=yes" in (self.headers.get("Cookie") or ""):
            self.image("")
        else:
            self.answer(b"", 302, Set_Cookie=f"{name}=yes; Path=/", Location=self.path)

    def cookie_and_on(self, to: str) -> None:
        self.answer(b"", 302, Set_Cookie="seen=yes; Path=/", Location=to)

    def echo(self, header: str) -> None:
        self.answer(str(self.headers.get(header)).encode())

    def status(self, code: str) -> None:
        self.answer(b"", int(code))

    def failing(self, how: str) -> None:
        """Fail as ``how`` says (``status/503``) so often as it says (``2/…``), then give it."""
        times, _, kind = how.partition("/")
        self.failed[how] += 1
        if self.failed[how] > int(times):
            return self.image("")
        name, _, rest = kind.partition("/")
        return getattr(self, name)(rest)

    def busy(self, retry_after: str) -> None:
        self.answer(b"", 429, Retry_After=retry_after)

    def robots(self, directives: str) -> None:
        self.answer(IMAGE, X_Robots_Tag=unquote(directives))

    def crowd(self, _: str) -> None:
        """Give an image, and note how many ask for one at a time."""
        self.crowd_now.add(self.path)
        Mischief.most_at_once = max(Mischief.most_at_once, len(self.crowd_now))
        time.sleep(0.05)
        self.crowd_now.discard(self.path)
        self.image("")

    def counted(self, name: str) -> None:
        self.counts[name] += 1
        time.sleep(0.05)
        self.image("")

    def redirect(self, to: str) -> None:
        self.answer(b"", 302, Location=to)

    def around(self, left: str) -> None:
        self.redirect(f"/around/{int(left) - 1}" if int(left) else "/image")

    def announced(self, size: str) -> None:
        self.close_connection = True
        self.answer(b"short", Content_Length=size, Connection="close")

    def packed(self, _: str) -> None:
        self.answer(gzip.compress(IMAGE), Content_Encoding="gzip")

    def bomb(self, _: str) -> None:
        self.answer(BOMB, Content_Encoding="gzip")

    def endless(self, _: str) -> None:
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 20))

    def drip(self, _: str) -> None:
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        self._slowly(b".")

    def drip_headers(self, _: str) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._slowly(b"X: y\r\n")

    def silence(self, _: str) -> None:
        self.close_connection = True
        time.sleep(MAX_SLOW_S / 4)

    def hangup(self, _: str) -> None:
        self.close_connection = True

    def nonsense(self, _: str) -> None:
        self.close_connection = True
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    def headers_without_end(self, _: str) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000)

    def _slowly(self, piece: bytes) -> None:
        for _ in range(round(MAX_SLOW_S / 0.05)):
            self.wfile.write(piece)
            time.sleep(0.05)

    def log_message(self, *_: object) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # with the usual 5, some of so many connections at once wait a second


@contextmanager
def serve_mischief() -> Iterator[int]:
    """Serve on a free port of 127.0.0.1 while the context lasts; yields the port."""
    server = _Server(("127.0.0.1", 0), Mischief)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def stalling_hosts(count: int) -> Iterator[list[str]]:
    """Have hosts that take every connection and never answer; yields each one's host:port.

    There are many because one that fails time after time is left alone.
    """
    with ExitStack() as until_end:
        servers = [
            until_end.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
            for _ in range(count)
        ]
        yield [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
