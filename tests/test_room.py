"""The memory of bodies: never more than there is, first come first served, and nothing is lost."""

import asyncio

import pytest

from tasks.fetching import room as memory
from tasks.fetching.room import Room


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGE_BYTES", 10)
    monkeypatch.setattr(memory, "MOST_OF_LARGE", 100)
    monkeypatch.setattr(memory, "MOST_OF_SMALL", 20)


def test_a_body_waits_for_its_bytes_and_one_that_gives_up_is_passed_over() -> None:
    async def take_all() -> list[str]:
        room, served = Room(), list[str]()

        async def hold(name: str, count: int, until: asyncio.Event) -> None:
            with room.share() as share:
                await share.take(count)
                served.append(name)
                await until.wait()

        end = asyncio.Event()
        first = asyncio.create_task(hold("first", 90, end))
        await asyncio.sleep(0)
        gives_up = asyncio.create_task(hold("gives up", 60, end))
        large = asyncio.create_task(hold("large", 1_000, end))  # all there is
        small = asyncio.create_task(hold("small", 10, end))
        await asyncio.sleep(0.01)
        assert served == ["first", "small"]
        gives_up.cancel()
        end.set()
        await asyncio.gather(first, large, small)
        with room.share() as again:
            await asyncio.wait_for(again.take(100), 1)
        return served

    assert asyncio.run(take_all()) == ["first", "small", "large"]


def test_what_a_body_does_not_need_is_given_to_the_next_one() -> None:
    async def shrink() -> None:
        room = Room()
        with room.share() as one, room.share() as other:
            assert one.is_due(11)
            await one.take(100)
            assert not one.is_due(11)
            one.shrink(30)
            await asyncio.wait_for(other.take(70), 1)

    asyncio.run(shrink())
