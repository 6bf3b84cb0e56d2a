"""48 results of one real page (query 파이썬, May 2026), as another parser wrote them down."""

import json
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tasks.sources.naver_page import embedded
from tasks.sources.naver_results import Result
from tests.support.naver_markup import AD, page_of

SAMPLE = json.loads((Path(__file__).parent / "naver_sample.json").read_text(encoding="utf-8"))
AD_SLOTS = (11, 35)  # the sample's own ranks count these slots too


def original_of(row: dict[str, str]) -> str:
    return parse_qs(urlsplit(row["image_url"]).query, encoding="latin-1")["src"][0]


def item(row: dict[str, str], **changes: object) -> dict[str, object]:
    """Write a row as the page's own data does."""
    return {
        "type": "image",
        "imgId": row["img_id"],
        "rank": row["rank"],
        "title": escape(row["title"]).replace("파이썬", "<mark>파이썬</mark>", 1),
        "link": row["link"],
        "source": row["source"],
        "tld": row["domain"],
        "writerTitle": "",
        "dateInfo": row["date"],
        "color": row["color"],
        "thumb": row["thumbnail_url"].replace("sc960_832", "a340"),
        "thumbWidth": 340,
        "thumbHeight": 510,
        "viewerThumb": row["image_url"],
        "originalUrl": original_of(row),
        "orgWidth": 0,
        "orgHeight": 0,
    } | changes


def results(**changes: object) -> tuple[Result, ...]:
    items = [item(row, **changes) for row in SAMPLE]
    for slot in AD_SLOTS:
        items.insert(slot - 1, AD)
    return embedded(page_of(*items)).results


def test_every_field_of_a_real_page_is_read() -> None:
    found = results()

    assert len(found) == len(SAMPLE) == 48
    for rank, (result, row) in enumerate(zip(found, SAMPLE, strict=True), start=1):
        candidate = result.candidate
        assert rank + sum(slot < row["rank"] for slot in AD_SLOTS) == row["rank"]
        assert (candidate.rank, result.image_id) == (rank, row["img_id"])
        assert candidate.title == " ".join(row["title"].split())
        assert candidate.page_url == row["link"]
        assert candidate.url == original_of(row)
        *originals, viewer, thumbnail = candidate.addresses
        assert {address.kind for address in originals} == {"original"}
        assert (viewer.kind, viewer.url) == ("viewer", row["image_url"])
        assert thumbnail.kind == "thumbnail"
        assert thumbnail.url == row["thumbnail_url"].replace("sc960_832", "a340")


@pytest.mark.parametrize("missing", [{"originalUrl": ""}, {"originalUrl": None, "viewerThumb": ""}])
def test_every_original_is_read_off_the_thumbnail_too(missing: dict[str, object]) -> None:
    assert [result.candidate.url for result in results(**missing)] == list(map(original_of, SAMPLE))


@pytest.mark.parametrize(
    ("rank", "original"),
    [
        (
            1,
            "http://blogfiles.naver.net/MjAyNTEyMzFfMjIy/MDAxNzY3MTQ1Nzk2OTc4"
            ".wQAZ2f6SvO-AYUd3wPIP77u5sDN3ColDJJYFuaHgSUkg"
            ".pQzJBMi02ZQFE827B_zskiFGN4NrftSi4z65FWRjL1Yg.PNG"
            "/%C6%C4%C0%CC%BD%E3_%B7%CE%B0%ED.png",
        ),
        (7, "http://image.nmv.naver.net/cafe_2025_12_06_1195/EB1vjRQxFd_01.jpg"),
        (20, "https://image.yes24.com/goods/177863970/XL"),
        (
            22,
            "https://shop-phinf.pstatic.net/20240324_39/1711253571935xA5kg_JPEG"
            "/3432133897786135_1960864594.jpg",
        ),
        (26, "https://sir.kr/data/editor/2401/thumb-3660011150_1705900654.8907_1200x630.png"),
    ],
)
def test_the_original_is_the_one_that_a_person_reads(rank: int, original: str) -> None:
    by_slot = {row["rank"]: result for row, result in zip(SAMPLE, results(), strict=True)}

    assert by_slot[rank].candidate.url == original
