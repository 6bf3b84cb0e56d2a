"""The words of the replica: titles, sources, file names and dates as Naver's results show them."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

# The day on which the replica stands still, so that dates stay the same in every run.
TODAY = date(2026, 5, 19)

# Placeholder colours of Naver's tiles, as they were seen.
TILE_COLOURS = ("#DB9D8F", "#BDB8CE", "#E1B785", "#C2C7CC", "#B5B68F", "#AAbDD0")

# `<mark>` and entities are what Naver itself puts there; brackets, braces and quotes must not
# end the list that a title stands in.
TITLES = (
    "{query} 사진 모음",
    "{query} 키우기, 처음이라면 꼭 보세요!",
    "[리뷰] {query} {{직접 찍은 사진}} ]후기[",
    "<mark>{query}</mark> 고화질 배경화면",
    "오늘의 {query} 일기 &amp; 산책",
    "&quot;{query}&quot; 이렇게 예쁠 일인가요",
    '{query} 무료 이미지 "다운로드" | 블로그',
    "주말에 만난 <mark>{query}</mark> &lt;봄 편&gt;",
    "{query} 종류와 특징 총정리 (사진 많음)",
    "아이와 함께 본 {query}, 그림책보다 재미있어요",
)
FILE_NAMES = ("image.png", "20260402_232914.png", "123AA2.jpg", "IMG_4821.jpg", "1.jpg")


class Host(StrEnum):
    """Where a result comes from, by the word that its `imgId` carries."""

    BLOG = "blog"
    WEB = "web"
    SHOP = "nshopping"
    CAFE = "cafe"


@dataclass(frozen=True, slots=True)
class Page:
    """The page a picture was found on."""

    link: str
    source: str
    domain: str


def title(query: str, rng: np.random.Generator) -> str:
    """Return a title with the query in it, as Naver's data writes it (marks, entities)."""
    return TITLES[rng.integers(len(TITLES))].format(query=query)


def file_name(query: str, rng: np.random.Generator) -> str:
    """Return the name a blogger gave the file; about every third one is Korean."""
    if rng.random() < 0.3:
        return f"{query}_{rng.integers(1, 100)}.jpg"
    return FILE_NAMES[rng.integers(len(FILE_NAMES))]


def page(host: Host, query: str, rng: np.random.Generator) -> Page:
    """Return the page that shows the picture; its address leads nowhere."""
    number = int(rng.integers(10**8, 10**9))
    if host is Host.BLOG:
        return Page(
            f"https://blog.naver.com/replica_{number % 997:03}/224{number}",
            "네이버 블로그",
            "blog.naver.com",
        )
    if host is Host.SHOP:
        link = f"https://cr3.shopping.naver.com/v2/bridge/searchGate?frm=NVSCIMG&nv_mid=90{number}"
        return Page(link, "네이버플러스 스토어", "smartstore.naver.com")
    if host is Host.CAFE:
        link = f"https://cafe.naver.com/replica/{number % 10**5}?art=ZXh0ZXJuYWw.eyJhbGciOiJI.dEok"
        return Page(link, "네이버 카페", "cafe.naver.com")
    domain = ("mall.example", "books.example", "board.example")[rng.integers(3)]
    return Page(f"https://www.{domain}/vp/products/{number}", "웹", domain)


def day(rng: np.random.Generator) -> date:
    """Return a day of the half year before `TODAY`, rarely one of the last four weeks."""
    is_recent = rng.random() < 0.03
    age = rng.integers(1, 28) if is_recent else rng.integers(28, 181)
    return TODAY - timedelta(days=int(age))


def date_info(when: date) -> str:
    """Return the date as results show it: relative within four weeks, absolute before."""
    age = (TODAY - when).days
    if age < 7:
        return f"{age}일 전"
    if age <= 28:
        return f"{age // 7}주 전"
    return f"{when:%Y.%m.%d.}"
