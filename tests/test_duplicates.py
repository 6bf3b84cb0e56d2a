"""Who is a copy of whom."""

from tasks.duplicates import NEAR_BITS, Copy, find_copies
from tasks.records import Accepted, Address, Candidate, Measures, Reason


def image(name: str, *, rank: int, phash: int = 0, side: int = 500, content: str = "") -> Accepted:
    return Accepted(
        Candidate((Address(f"http://example.com/{name}"),), rank, "test"),
        (), "JPEG", content or name, Measures(side, side, f"{phash:016x}", {"sharpness": 100.0}),
    )  # fmt: skip


def bits(count: int) -> int:
    return (1 << count) - 1


def test_no_images_have_no_copies() -> None:
    assert find_copies([]) == {}


def test_the_same_bytes_are_an_exact_copy_and_the_first_stays() -> None:
    first = image("a", rank=1, content="same")
    second = image("b", rank=2, content="same")
    assert find_copies([second, first]) == {second.key: Copy(Reason.EXACT_COPY, first.key)}


def test_the_largest_of_near_copies_stays() -> None:
    small = image("small", rank=1, side=400)
    large = image("large", rank=9, side=800, phash=bits(NEAR_BITS))
    assert find_copies([small, large]) == {small.key: Copy(Reason.NEAR_COPY, large.key)}


def test_one_bit_more_is_another_image() -> None:
    assert not find_copies([image("a", rank=1), image("b", rank=2, phash=bits(NEAR_BITS + 1))])


def test_a_chain_does_not_join_images_that_differ() -> None:
    start = image("start", rank=1, side=900)
    middle = image("middle", rank=2, side=800, phash=bits(NEAR_BITS))
    end = image("end", rank=3, side=700, phash=bits(2 * NEAR_BITS))
    assert find_copies([start, middle, end]) == {middle.key: Copy(Reason.NEAR_COPY, start.key)}


def test_the_order_of_the_images_does_not_matter() -> None:
    images = [image(str(i), rank=i, phash=bits(i % 5 * 8), side=500 + i) for i in range(20)]
    assert find_copies(images) == find_copies(images[::-1])
