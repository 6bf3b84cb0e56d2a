"""Only the public internet is asked: every special purpose, and every way to carry an address."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from tasks.fetching.public_addresses import SPECIAL, is_disguised, is_public

JUDGED_BY_WHAT_THEY_CARRY = {"::ffff:0:0/96", "64:ff9b::/96", "2001::/32", "2002::/16"}
PUBLIC, PRIVATE = "8.8.8.8", "10.0.0.1"


def bits(v4: str, *, obfuscated: bool = False) -> int:
    return int(IPv4Address(v4)) ^ (0xFFFFFFFF if obfuscated else 0)


def teredo(server: str, client: str) -> str:
    carried = bits(server) << 64 | bits(client, obfuscated=True)
    return str(IPv6Address((0x20010000 << 96) | carried))


def six_to_four(v4: str) -> str:
    return str(IPv6Address((0x2002 << 112) | bits(v4) << 80 | 1))


def isatap(v4: str, prefix: str = "2a00:1450::", begins: int = 0x02005EFE) -> str:
    return str(IPv6Address(int(IPv6Address(prefix)) | begins << 32 | bits(v4)))


@pytest.mark.parametrize("block", SPECIAL)
def test_each_special_purpose_is_judged_as_its_registry_has_it(block: str) -> None:
    network = ip_network(block)
    inside = {network[0], network[-1], network[network.num_addresses // 2]}
    smaller = [n for n in map(ip_network, SPECIAL) if n.prefixlen > network.prefixlen]
    own = [ip for ip in inside if not any(ip in n for n in smaller)]
    assert own
    if block not in JUDGED_BY_WHAT_THEY_CARRY:
        assert {is_public(str(ip)) for ip in own} == {SPECIAL[block]}


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("8.8.8.8", True),
        ("223.255.255.255", True),
        ("2001:4860:4860::8888", True),
        ("2001:200::1", True),
        ("2400::1", True),
        ("9.255.255.255", True),
        ("11.0.0.0", True),
        ("224.0.0.1", False),
        ("239.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("ff0e::1", False),
        ("4000::1", False),
        ("1fff::1", False),
        ("64:ff9b:0:1::808:808", False),
    ],
)
def test_only_global_unicast_is_public(ip: str, expected: bool) -> None:
    assert is_public(ip) is expected


@pytest.mark.parametrize(
    "carrier",
    [
        "::ffff:{}".format,
        "64:ff9b::{}".format,
        six_to_four,
        isatap,
        lambda v4: isatap(v4, begins=0x00005EFE),
        lambda v4: teredo(PUBLIC, v4),
        lambda v4: teredo(v4, PUBLIC),
    ],
)
def test_what_carries_an_address_is_as_public_as_that(carrier: Callable[[str], str]) -> None:
    assert is_public(carrier(PUBLIC))
    for private in (PRIVATE, "127.0.0.1", "169.254.169.254", "224.0.0.1"):
        assert not is_public(carrier(private))


@pytest.mark.parametrize("form", ["::{}", "::ffff:0:{}", "64:ff9b:1::{}", "64:ff9b:1:ffff::{}"])
@pytest.mark.parametrize("v4", [PRIVATE, PUBLIC])
def test_what_only_a_network_of_its_own_translates_is_not_public(form: str, v4: str) -> None:
    assert not is_public(form.format(v4))


def test_two_carriers_in_one_are_both_looked_into() -> None:
    assert not is_public(isatap(PRIVATE, prefix=six_to_four(PUBLIC).replace("::1", "::")))
    assert is_public(isatap(PUBLIC, prefix=six_to_four(PUBLIC).replace("::1", "::")))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1.", True),
        ("127.0.0.1..", True),
        ("127.0.0.1%2E", True),
        ("8.8.8.8.", True),
        ("127.1", True),
        ("0x7f.1", True),
        ("0x7F.1.", True),
        ("2130706433", True),
        ("0177.0.0.1", True),
        ("%31%32%37.1", True),
        ("127.0.0.1", False),
        ("8.8.8.8", False),
        ("::1", False),
        ("127.0.0.1.example.com", False),
        ("example.com.", False),
        ("a%00b", False),
        ("%ff", False),
        ("", False),
    ],
)
def test_a_disguised_address_is_told_from_a_plain_one_and_from_a_name(
    host: str, expected: bool
) -> None:
    assert is_disguised(host) is expected
