"""Errors that people meet: a name and values, from which the sentence is made in their language."""

import pickle

import pytest

from flows.task_runners import ClusterError
from flows.temporary_server import PrefectError
from tasks.errors import BadRequestError, BlockedError, CollectError
from words import Message

INNER = BlockedError("page_blocked", host="search.naver.com", status=403)
CASES = [
    BadRequestError("no_job", job="a1"),
    INNER,
    BlockedError("host_rests_now", why=INNER.message, until="noon"),
    ClusterError("cluster", name="dask", why="refused"),
    PrefectError("prefect_went_away", why="refused"),
]


@pytest.mark.parametrize("error", CASES)
def test_an_error_is_the_same_in_another_process(error: CollectError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 — our own
    assert type(copy) is type(error)
    assert (copy.message, str(copy), copy.code) == (error.message, str(error), error.code)


def test_an_error_speaks_both_languages() -> None:
    error = CASES[2]
    assert str(error).startswith("search.naver.com refuses this network for a while")
    assert str(error).endswith("It is left alone until noon.")
    korean = error.message.said_in("ko")
    assert korean.endswith("noon까지 쉬게 둡니다.")
    assert "접속을 당분간 막았습니다" in korean
    assert Message.from_json(error.message.to_json()) == error.message
