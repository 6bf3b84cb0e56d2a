"""Hosts are asked at their rate, spared when overloaded, and left alone while they fail."""

import pytest

from tasks.fetching.politeness import (
    BURST,
    FAILURES_IN_A_ROW,
    FIRST_BREAK_S,
    FIRST_SLOWING_S,
    LONGEST_BREAK_S,
    SLOWEST_S,
    TRIAL_S,
    Politeness,
    registered_domain,
)

HOST = "a.example.com:443"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("blogfiles.pstatic.net:443", "pstatic.net"),
        ("a.b.co.kr:80", "b.co.kr"),
        ("a.blog.tistory.com:80", "tistory.com"),
        ("xn--9t4b11yi5a.com:80", "xn--9t4b11yi5a.com"),
        ("someone.blogspot.com:80", "blogspot.com"),  # one provider, however many blogs
        ("intranet:8080", "intranet"),
        ("8.8.8.8:80", "8.8.8.8"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("2001:db8::1:80", "2001:db8::1"),
    ],
)
def test_the_registered_domain_is_what_somebody_registered(host: str, expected: str) -> None:
    assert registered_domain(host) == expected


def test_a_domain_gets_a_burst_and_then_its_rate() -> None:
    polite = Politeness(8.0)
    hosts = ["a.example.com:443", "b.example.com:443"]
    waits = [polite.wait_s(hosts[n % 2], 100.0) for n in range(BURST + 8)]
    assert waits[:BURST] == [0.0] * BURST
    assert waits[BURST:] == pytest.approx([n / 8 for n in range(1, 9)])
    assert polite.wait_s("other.com:443", 100.0) == 0.0
    assert polite.wait_s(HOST, 200.0) == 0.0


def test_a_rate_of_zero_is_no_limit() -> None:
    polite = Politeness(0)
    assert [polite.wait_s(HOST, 100.0) for _ in range(1000)] == [0.0] * 1000


def test_an_overloaded_host_is_slowed_down_and_speeds_up_again() -> None:
    polite = Politeness(0)
    for n in range(3):
        polite.overloaded(HOST, 100.0 + n, sent_at=100.0 + n, retry_after_s=0)
    polite.overloaded(HOST, 103.0, sent_at=100.0, retry_after_s=0)  # was under way: nothing new
    polite.wait_s(HOST, 200.0)
    assert polite.wait_s(HOST, 200.0) == FIRST_SLOWING_S * 4
    for _ in range(3):
        polite.answered(HOST)
    polite.wait_s(HOST, 300.0)
    assert polite.wait_s(HOST, 300.0) == 0


def test_a_retry_after_is_honoured_by_the_whole_domain() -> None:
    polite = Politeness(8.0)
    polite.overloaded(HOST, 100.0, sent_at=99.0, retry_after_s=20)
    assert polite.wait_s("b.example.com:443", 105.0) == pytest.approx(15)
    assert polite.quiet_s(HOST, 105.0) == pytest.approx(15)
    assert polite.refusal(HOST, 105.0) is None


def test_a_host_that_wants_a_long_rest_is_left_alone() -> None:
    polite = Politeness(8.0)
    polite.overloaded(HOST, 100.0, sent_at=99.0, retry_after_s=3600)
    assert "3600 s" in str(polite.refusal(HOST, 3000.0))
    assert polite.refusal(HOST, 3701.0) is None


def test_the_breaker_opens_is_tried_once_and_closes() -> None:
    polite = Politeness(8.0)
    for _ in range(FAILURES_IN_A_ROW - 1):
        polite.failed(HOST, 100.0)
    polite.answered(HOST)
    for _ in range(FAILURES_IN_A_ROW - 1):
        polite.failed(HOST, 100.0)
    assert polite.states([HOST], 100.0) == {HOST: "closed"}
    polite.failed(HOST, 100.0)
    assert polite.states([HOST], 100.0) == {HOST: "open"}
    assert f"{FAILURES_IN_A_ROW} failures" in str(polite.refusal(HOST, 100.0))
    assert polite.refusal("b.example.com:443", 100.0) is None

    later = 100.0 + FIRST_BREAK_S
    assert polite.states([HOST], later) == {HOST: "half-open"}
    assert polite.refusal(HOST, later) is None
    polite.begin(HOST, later)
    assert polite.refusal(HOST, later)  # the one is under way
    polite.failed(HOST, later)
    assert polite.refusal(HOST, later + 2 * FIRST_BREAK_S - 1)
    for _ in range(9):
        polite.failed(HOST, later)
    assert polite.refusal(HOST, later + LONGEST_BREAK_S) is None

    polite.begin(HOST, later + LONGEST_BREAK_S)
    polite.answered(HOST)
    assert polite.states([HOST], later + LONGEST_BREAK_S) == {HOST: "closed"}


def test_a_trial_that_never_ends_does_not_close_a_host_for_good() -> None:
    polite = Politeness(8.0)
    for _ in range(FAILURES_IN_A_ROW):
        polite.failed(HOST, 100.0)
    polite.begin(HOST, 100.0 + FIRST_BREAK_S)
    assert polite.refusal(HOST, 100.0 + FIRST_BREAK_S + TRIAL_S) is None


def test_a_host_that_stays_overloaded_breaks_too() -> None:
    polite = Politeness(0)
    now, asked = 100.0, 0
    while not polite.refusal(HOST, now):
        now += SLOWEST_S
        polite.overloaded(HOST, now, sent_at=now, retry_after_s=0)
        asked += 1
    slowings = 6  # 0.25 to 8 s
    assert asked == slowings + FAILURES_IN_A_ROW
