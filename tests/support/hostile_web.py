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

    def wide(self, size: str) -> None:
        """Give an image with a header of so many bytes."""
        self.answer(IMAGE, X_Policy="x" * int(size))

    def many(self, count: str) -> None:
        """Give an image with so many headers."""
        self.answer(IMAGE, **{f"X_{n}": "x" for n in range(int(count))})

    def lengths(self, lengths: str) -> None:
        """Give an image with several Content-Lengths, each that of the image and a number more."""
        self.close_connection = True
        self.send_response(200)
        for more in lengths.split(","):
            self.send_header("Content-Length", str(len(IMAGE) + int(more)))
        self.end_headers()
        self.wfile.write(IMAGE)

    def range(self, content_range: str) -> None:
        """Give an image as a part of something; ``N`` stands for its length, ``L`` for its last."""
        said = content_range.replace("N", str(len(IMAGE))).replace("L", str(len(IMAGE) - 1))
        self.answer(IMAGE, 206, Content_Range=unquote(said))

    def image_with(self, status: str) -> None:
        self.answer(IMAGE, int(status))

    def without_reason(self, _: str) -> None:
        self.close_connection = True
        head = f"HTTP/1.1 200\r\nContent-Length: {len(IMAGE)}\r\n\r\n"
        self.wfile.write(head.encode() + IMAGE)

    def lenient(self, end: str) -> None:
        """Give an image with lines that end otherwise."""
        self.close_connection = True
        ends = {"lf": b"\n", "crlf": b"\r\n"}[end]
        head = [b"HTTP/1.1 200 OK", b"content-length:" + str(len(IMAGE)).encode(), b"", b""]
        self.wfile.write(ends.join(head) + IMAGE)

    def cookie(self, to: str) -> None:
        """Set a cookie and redirect; give the image to whom brings it back."""
        if self.headers.get("Cookie") == "seen=1":
            return self.image("")
        return self.answer(b"", 302, Location=f"/cookie/{to}", Set_Cookie="seen=1; Path=/")

    def deflated(self, _: str) -> None:
        """Give an image packed without the header that RFC 9110 wants, as some servers do."""
        packer = zlib.compressobj(wbits=-15)
        self.answer(packer.compress(IMAGE) + packer.flush(), Content_Encoding="deflate")

    def twice_packed(self, _: str) -> None:
        self.answer(gzip.compress(gzip.compress(IMAGE)), Content_Encoding="gzip, gzip")

    def unpackable_text(self, encoding: str) -> None:
        self.answer(b"<html>no image</html>", Content_Encoding=encoding)

    def unpackable(self, encoding: str) -> None:
        self.answer(IMAGE, Content_Encoding=encoding)

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
