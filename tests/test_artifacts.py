"""What a run shows in Prefect's UI: every count, and nothing from the web as markup."""

from pathlib import Path

from flows.artifacts import SHOWN, summary, table_of
from tasks.records import Address, AddressKind, Candidate, Reason, Waterfall

WATERFALL = Waterfall(20, 18, 12, 10, 7, 5, {
    Reason.UNREACHABLE: 2, "blurred": 6, Reason.EXACT_COPY: 2, Reason.NOISE: 3,
    Reason.OVER_LIMIT: 2,
})  # fmt: skip


def candidate(title: str, original: str = "https://a.example/1.jpg") -> Candidate:
    thumbnail = Address("https://search.example/t?src=1)", AddressKind.THUMBNAIL)
    return Candidate((Address(original, AddressKind.ORIGINAL), thumbnail), 1, "naver", title)


def test_the_table_has_every_count() -> None:
    rows = table_of(WATERFALL)
    left = {row["stage"]: row["left"] for row in rows if row["left"] != ""}
    fallen = {row["reason"]: row["rejected"] for row in rows if row["reason"]}
    assert left == {
        "found": 20, "fetched": 18, "good": 12, "unique": 10, "subject": 7, "chosen": 5,
    }  # fmt: skip
    assert sum(int(count) for count in fallen.values()) == 20 - 5


def test_titles_are_text_and_links_cannot_break_out() -> None:
    hostile = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) `b` \n# c"
    text = summary("<b>query</b>", Path("/data/1"), WATERFALL, [candidate(hostile)])
    assert "<" not in text
    assert "javascript:" not in text.split("](")[1]
    assert len(text.splitlines()) == 5
    assert text.endswith("](https://search.example/t?src=1%29)")


def test_only_web_addresses_are_linked_and_not_too_many() -> None:
    local = Candidate((Address("file:///etc/passwd", AddressKind.FILE),), 1, "files", "mine")
    assert "passwd" not in summary("q", Path("/d"), WATERFALL, [local])
    many = summary("q", Path("/d"), WATERFALL, [candidate("t")] * 50)
    assert many.count("\n- ") == SHOWN
