"""The addresses of pictures: formed as Naver's hosts form theirs, and read back into results.

Each address carries its query and rank in hexadecimal (`q<hex>`), so that any address can be
served without remembering which searches were made. Hosts are ports of the loopback interface.
"""

import re
from base64 import b64encode
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, time
from urllib.parse import quote

from tests.naver_replica.results import Quirk, Result, results
from tests.naver_replica.wording import Host

LOOPBACK = "127.0.0.1"
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
TOKEN = re.compile(r"[/.=]q([0-9a-f]+)(?=[/.&]|$)")
MOVED = "/moved"  # where a redirect leads


@dataclass(frozen=True, slots=True)
class Ports:
    """The port that stands for each of Naver's hosts."""

    search: int  # search.naver.com, and openapi.naver.com
    more: int  # s.search.naver.com
    thumbnails: int  # search.pstatic.net
    blog: int  # blogfiles.naver.net
    web: int  # anything outside Naver
    shop: int  # shop-phinf.pstatic.net
    cafe: int  # image.nmv.naver.net

    def all(self) -> tuple[int, ...]:
        """Return every port."""
        return astuple(self)

    def of_host(self, host: Host) -> int:
        """Return the port that serves the originals of this kind of host."""
        return {
            Host.BLOG: self.blog,
            Host.WEB: self.web,
            Host.SHOP: self.shop,
            Host.CAFE: self.cafe,
        }[host]


def origin(port: int) -> str:
    """Return the origin of a port, without a slash at its end."""
    return f"http://{LOOPBACK}:{port}"


def original(result: Result, ports: Ports) -> str:
    """Return the address of the picture itself."""
    return origin(ports.of_host(result.host)) + target(result)


def thumbnail(result: Result, ports: Ports, size: str) -> str:
    """Return the address of a thumbnail; `size` is Naver's word for it, as "a340"."""
    proxy = "sunny" if result.host is Host.WEB else "common"
    source = quote(original(result, ports), safe="")
    return f"{origin(ports.thumbnails)}/{proxy}/?src={source}&type={size}"


def target(result: Result) -> str:
    """Return path and query string of the original."""
    token = f"q{f'{result.rank}:{result.query}'.encode().hex()}"
    form = {Host.BLOG: _on_blog, Host.WEB: _on_web, Host.SHOP: _on_shop, Host.CAFE: _on_cafe}
    return form[result.host](result, token)


def served_target(result: Result) -> str:
    """Return path and query string that answer with the picture, past any redirect."""
    return (MOVED if result.quirk is Quirk.REDIRECT else "") + target(result)


def find(address: str, seed: int) -> Result | None:
    """Return the result that an address, or any part of one that holds its token, belongs to."""
    match = TOKEN.search(address)
    if match is None:
        return None
    try:
        rank, query = bytes.fromhex(match.group(1)).decode().split(":", 1)
        number = int(rank)
    except ValueError:
        return None
    found = results(query, seed)
    return found[number - 1] if 1 <= number <= len(found) else None


def _on_blog(result: Result, token: str) -> str:
    """Blog names are percent-encoded CP949, which makes them doubly encoded in a thumbnail."""
    uploaded = datetime.combine(result.day, time(9, result.rank % 60), UTC)
    folder = b64encode(_filled(f"{result.day:%Y%m%d}_{result.rank}")).decode()
    moment = b64encode(_filled(f"00{uploaded.timestamp() * 1000:.0f}")).decode()
    signature = result.img_id[-32:]
    name = quote(result.file_name.encode("cp949", "replace"))
    return f"/{folder}/{moment}.{token}.{signature}g.{result.named_format}/{name}"


def _filled(text: str) -> bytes:
    """Fill with blanks to a multiple of three, so that base64 needs no `=` at its end."""
    return (text + " " * (-len(text) % 3)).encode()


def _on_web(result: Result, token: str) -> str:
    extension = EXTENSIONS[result.named_format]
    forms = (
        f"/thumbnails/remote/492x492ex/image/vendor_inventory/{token}/main.{extension}",
        f"/goods/{token}/XL",
        f"/data/editor/2401/thumb/{token}.{result.rank}_1200x630.{extension}",
        f"/img_n_nosave.php?image_url={token}&w=1200",
    )
    return forms[result.rank % len(forms)]


def _on_shop(result: Result, token: str) -> str:
    return f"/{result.day:%Y%m%d}_{result.rank}/{token}/{result.img_id[-12:]}.jpg"


def _on_cafe(result: Result, token: str) -> str:
    return f"/cafe_{result.day:%Y_%m_%d}_{result.rank}/{token}/EB1vjRQxFd_01.jpg"
