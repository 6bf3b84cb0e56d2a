"""Who is a copy of whom."""

from tasks.duplicates import NEAR_BITS, Copy, find_copies
from tasks.records import Address, Candidate, Measures, Picture, Reason


def picture(name: str, *, rank: int, phash: int = 0, side: int = 500, content: str = "") -> Picture:
    return Picture(
        Candidate((Address(f"http://example.com/{name}"),), rank, "test"),
        (), "JPEG", content or name, Measures(side, side, f"{phash:016x}", {"sharpness": 100.0}),
    )  # fmt: skip


def bits(count: int) -> int:
    return (1 << count) - 1


def test_no_pictures_have_no_copies() -> None:
    assert find_copies([]) == {}


def test_the_same_bytes_are_an_exact_copy_and_the_first_stays() -> None:
    first = picture("a", rank=1, content="same")
    second = picture("b", rank=2, content="same")
    assert find_copies([second, first]) == {second.key: Copy(Reason.EXACT_COPY, first.key)}


def test_the_largest_of_near_copies_stays() -> None:
    small = picture("small", rank=1, side=400)
    large = picture("large", rank=9, side=800, phash=bits(NEAR_BITS))
    assert find_copies([small, large]) == {small.key: Copy(Reason.NEAR_COPY, large.key)}


def test_one_bit_more_is_another_picture() -> None:
    assert not find_copies([picture("a", rank=1), picture("b", rank=2, phash=bits(NEAR_BITS + 1))])


def test_a_chain_does_not_join_pictures_that_differ() -> None:
    start = picture("start", rank=1, side=900)
    middle = picture("middle", rank=2, side=800, phash=bits(NEAR_BITS))
    end = picture("end", rank=3, side=700, phash=bits(2 * NEAR_BITS))
    assert find_copies([start, middle, end]) == {middle.key: Copy(Reason.NEAR_COPY, start.key)}


def test_the_order_of_the_pictures_does_not_matter() -> None:
    pictures = [picture(str(i), rank=i, phash=bits(i % 5 * 8), side=500 + i) for i in range(20)]
    assert find_copies(pictures) == find_copies(pictures[::-1])
