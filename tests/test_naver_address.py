"""Which addresses an image can be fetched from, host by host."""

import pytest

from tasks.records import Address, AddressKind
from tasks.sources.address import web_address
from tasks.sources.naver_address import (
    SEARCH_PAGE,
    addresses,
    full_size,
    proxied_original,
    viewer_address,
)

PATH = "/MjAx_Mjg3/MDAx.NRD8g.EqA2g.PNG.bism05/%C6%C4%C0%CC%BD%E3_1.png"
BLOG = f"http://blogfiles.naver.net{PATH}"
BLOG_SECURE = f"https://blogfiles.pstatic.net{PATH}"
PAGE = "https://blog.naver.com/bism05/1"


@pytest.mark.parametrize(
    ("given", "full"),
    [
        (BLOG, (BLOG, BLOG_SECURE)),
        (f"https://blogfiles.naver.net{PATH}", (BLOG, BLOG_SECURE)),
        (f"{BLOG_SECURE}?type=w1", (BLOG, BLOG_SECURE)),
        (
            f"https://postfiles.pstatic.net{PATH}?type=w966",
            (
                BLOG,
                f"https://postfiles.pstatic.net{PATH}?type=w3840",
                f"https://postfiles.pstatic.net{PATH}?type=w966",
            ),
        ),
        (
            f"http://postfiles5.naver.net{PATH}",
            (
                BLOG,
                f"http://postfiles5.naver.net{PATH}?type=w3840",
                f"http://postfiles5.naver.net{PATH}",
            ),
        ),
        (
            f"https://blogthumb.pstatic.net{PATH}?type=w3840",
            (BLOG, f"https://blogthumb.pstatic.net{PATH}?type=w3840"),
        ),
        (
            f"https://mblogthumb-phinf.pstatic.net{PATH}?type=w80_blur",
            (
                BLOG,
                f"https://mblogthumb-phinf.pstatic.net{PATH}?type=w3840",
                f"https://mblogthumb-phinf.pstatic.net{PATH}?type=w966",
            ),
        ),
        (
            "http://mblogthumb4.phinf.naver.net/20140302_211/t_1393_JPEG/17.jpg?type=w2",
            (
                "http://blogfiles.naver.net/20140302_211/t_1393_JPEG/17.jpg",
                "http://mblogthumb4.phinf.naver.net/20140302_211/t_1393_JPEG/17.jpg?type=w3840",
                "http://mblogthumb4.phinf.naver.net/20140302_211/t_1393_JPEG/17.jpg?type=w966",
            ),
        ),
        (
            "https://shop-phinf.pstatic.net/20240324_39/a_JPEG/1.jpg",
            ("https://shop-phinf.pstatic.net/20240324_39/a_JPEG/1.jpg",),
        ),
        (
            "http://shop1.phinf.naver.net/20260109_228/a_JPEG/1.jpg?type=f200",
            (
                "http://shop1.phinf.naver.net/20260109_228/a_JPEG/1.jpg",
                "http://shop1.phinf.naver.net/20260109_228/a_JPEG/1.jpg?type=f200",
            ),
        ),
        (
            "https://phinf.pstatic.net/a/1.jpg?type=w2",
            ("https://phinf.pstatic.net/a/1.jpg", "https://phinf.pstatic.net/a/1.jpg?type=w2"),
        ),
        (
            "https://dthumb-phinf.pstatic.net/?src=%22https%3A%2F%2Fx.example%2F1.jpg%22&type=w2",
            ("https://dthumb-phinf.pstatic.net/?src=%22https%3A%2F%2Fx.example%2F1.jpg%22&type=w2",),
        ),
        (
            "https://imgnews.pstatic.net/image/5141/2026/05/01/1.jpg?a=1&type=w540&b=2",
            (
                "https://imgnews.pstatic.net/image/5141/2026/05/01/1.jpg?a=1&b=2",
                "https://imgnews.pstatic.net/image/5141/2026/05/01/1.jpg?a=1&type=w540&b=2",
            ),
        ),
        (
            "http://imgnews.naver.net/image/origin/1.jpg?type=w430",
            (
                "http://imgnews.naver.net/image/origin/1.jpg",
                "http://imgnews.naver.net/image/origin/1.jpg?type=w430",
            ),
        ),
        (
            "http://image.nmv.naver.net/cafe_2025_12_06_1195/EB1vjRQxFd_01.jpg?type=w2",
            ("http://image.nmv.naver.net/cafe_2025_12_06_1195/EB1vjRQxFd_01.jpg?type=w2",),
        ),
        ("https://x.example/1.jpg?type=w966", ("https://x.example/1.jpg?type=w966",)),
        (
            "https://blogfiles.naver.net.x.example/1.jpg",
            ("https://blogfiles.naver.net.x.example/1.jpg",),
        ),
        ("https://x.example/phinf.naver.net/1?a=1", ("https://x.example/phinf.naver.net/1?a=1",)),
        ("", ()),
    ],
)  # fmt: skip
def test_the_full_image_of_a_host_lies_at(given: str, full: tuple[str, ...]) -> None:
    assert full_size(given) == full


@pytest.mark.parametrize(
    ("query", "original"),
    [
        ("src=https%3A%2F%2Fx.example%2Fa%2Fb.jpg&type=a340", "https://x.example/a/b.jpg"),
        ("type=a340&src=https%3A%2F%2Fx.example%2Fa%2Fb.jpg", "https://x.example/a/b.jpg"),
        (
            "autoRotate=true&quality=95&type=w750&src=https%3A%2F%2Fx.example%2Fa.jpg",
            "https://x.example/a.jpg",
        ),
        ("src=https://x.example/a.jpg&type=b150", "https://x.example/a.jpg"),
        ("type=b150&src=https://x.example/a.jpg?b=1&c=2", "https://x.example/a.jpg?b=1&c=2"),
        ("src=https://x.example/a.jpg?b=1&c=2&quality=95", "https://x.example/a.jpg?b=1&c=2"),
        ("src=http%3A%2F%2Fx.example%2F%25C6%25C4.png&type=a340", "http://x.example/%C6%C4.png"),
        ("src=http://x.example/%C6%C4.png&type=a340", "http://x.example/%C6%C4.png"),
        ("src=http%3A%2F%2Fx.example%2F%C6%C4.png", "http://x.example/%C6%C4.png"),
        ("src=http%3A%2F%2Fx.example%2Fa%3Fb%3D1%26c%3D%252F", "http://x.example/a?b=1&c=%2F"),
        ("src=http%3A%2F%2Fx.example%2Fa+b%20c.png", "http://x.example/a+b%20c.png"),
        ("source=http%3A%2F%2Fx.example%2Fa.png", ""),
        ("src=ftp%3A%2F%2Fx.example%2Fa.png", ""),
        ("src=&type=a340", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("proxy", ["common", "sunny"])
def test_the_proxy_carries_the_original(proxy: str, query: str, original: str) -> None:
    assert proxied_original(f"https://search.pstatic.net/{proxy}/?{query}") == original
    assert proxied_original(f"https://search.pstatic.net/other/?{query}") == ""


@pytest.mark.parametrize(
    ("query", "viewer"),
    [
        ("src=http%3A%2F%2Fx.example&type=a340", "src=http%3A%2F%2Fx.example&type=sc960_832"),
        ("type=w750&src=http%3A%2F%2Fx.example", "src=http%3A%2F%2Fx.example&type=sc960_832"),
        ("src=http%3A%2F%2Fx.example", "src=http%3A%2F%2Fx.example&type=sc960_832"),
    ],
)
def test_the_viewer_shows_the_same_in_its_own_size(query: str, viewer: str) -> None:
    proxy = "https://search.pstatic.net/sunny/?"

    assert viewer_address(proxy + query) == proxy + viewer
    assert viewer_address("https://x.example/?" + query) == ""


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("http://a.kr/👩\u200d🚀.jpg", "http://a.kr/%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80.jpg"),
        ("http://a.kr/می\u200cم?q=\u3000b", "http://a.kr/%D9%85%DB%8C%E2%80%8C%D9%85?q=%E3%80%80b"),
        ("http://a.kr/a\u00a0b c\u200b", "http://a.kr/a%C2%A0b%20c%E2%80%8B"),
        ("http://a.kr/\u1100\u1161", "http://a.kr/%E1%84%80%E1%85%A1"),
        ("\u3000http://a.kr/%EA%B0%80\n", "http://a.kr/%EA%B0%80"),
        ("http://한글.kr:8080/", "http://xn--bj0bj06e.kr:8080/"),
        ("http://a.kr/a\x1bb", ""),
        ("http://a.kr/a\tb", ""),
        ("http://a.kr/\x85b", ""),
        ("http://a.kr/\ud800", ""),
        ("http://a\u3000b.kr/", ""),
        ("http://\u200d/", ""),
        ("http://\uff1c.kr/", ""),
        ("http://a\ufffd.kr/", ""),
        ("http://[::1]]/", ""),
        ("http://[[::1]/", ""),
        ("http://[]@/", ""),
        ("http://a[b/", ""),
        ("http://[::1]:80/[x]", "http://[::1]:80/[x]"),
    ],
)
def test_an_address_of_every_script_is_written_in_ascii(given: str, safe: str) -> None:
    assert web_address(given) == safe


POSTFILES = f"https://postfiles.pstatic.net{PATH}?type=w966"
OTHER = "https://x.example/1.jpg"


@pytest.mark.parametrize(
    ("original", "page_url", "tried"),
    [
        (OTHER, PAGE, [(OTHER, None), (OTHER, PAGE), (OTHER, SEARCH_PAGE)]),
        (OTHER, "", [(OTHER, None), (OTHER, SEARCH_PAGE)]),
        (BLOG, PAGE, [(BLOG, None), (BLOG_SECURE, None), (BLOG, PAGE), (BLOG, SEARCH_PAGE)]),
        (
            POSTFILES,
            PAGE,
            [
                (BLOG, None),
                (POSTFILES.replace("w966", "w3840"), None),
                (POSTFILES, None),
                (BLOG, PAGE),
            ],
        ),
        ("", PAGE, []),
    ],
)
def test_the_original_is_tried_everywhere_before_its_renditions(
    original: str, page_url: str, tried: list[tuple[str, str | None]]
) -> None:
    found = addresses(
        original=original, viewer="http://v/", thumbnail="http://t/", page_url=page_url
    )

    assert [(address.url, address.referer) for address in found[:-2]] == tried
    assert found[-2:] == (
        Address("http://v/", AddressKind.VIEWER),
        Address("http://t/", AddressKind.THUMBNAIL),
    )
    assert len(found) <= 6
