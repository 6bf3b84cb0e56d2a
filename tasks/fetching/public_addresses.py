"""The addresses that belong to the public internet, and the hosts that hide one. Pure.

Public is what is global unicast, of no special purpose, and carries no address that is not public.
The special purposes are those of IANA's registries, as of 2025-10-09:
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import socket
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import unquote

# Each block of the registries, and whether it is globally reachable ("N/A" is not); of two that
# hold an address, the smaller one counts.
SPECIAL = {
    "0.0.0.0/8": False,  # this network
    "0.0.0.0/32": False,  # this host on this network
    "10.0.0.0/8": False,  # private use
    "100.64.0.0/10": False,  # shared address space
    "127.0.0.0/8": False,  # loopback
    "169.254.0.0/16": False,  # link local
    "172.16.0.0/12": False,  # private use
    "192.0.0.0/24": False,  # IETF protocol assignments
    "192.0.0.0/29": False,  # IPv4 service continuity
    "192.0.0.8/32": False,  # dummy address
    "192.0.0.9/32": True,  # Port Control Protocol anycast
    "192.0.0.10/32": True,  # TURN anycast
    "192.0.0.170/32": False,  # NAT64/DNS64 discovery
    "192.0.0.171/32": False,  # the same
    "192.0.2.0/24": False,  # documentation (TEST-NET-1)
    "192.31.196.0/24": True,  # AS112-v4
    "192.52.193.0/24": True,  # AMT
    "192.88.99.0/24": False,  # 6to4 relay anycast, of old
    "192.88.99.2/32": False,  # 6a44 relay anycast
    "192.168.0.0/16": False,  # private use
    "192.175.48.0/24": True,  # AS112, delegated directly
    "198.18.0.0/15": False,  # benchmarking
    "198.51.100.0/24": False,  # documentation (TEST-NET-2)
    "203.0.113.0/24": False,  # documentation (TEST-NET-3)
    "240.0.0.0/4": False,  # reserved
    "255.255.255.255/32": False,  # limited broadcast
    "::1/128": False,  # loopback
    "::/128": False,  # unspecified
    "::ffff:0:0/96": False,  # v4, mapped
    "64:ff9b::/96": True,  # v4, translated (NAT64)
    "64:ff9b:1::/48": False,  # the same, within a network
    "100::/64": False,  # discard only
    "100:0:0:1::/64": False,  # dummy prefix
    "2001::/23": False,  # IETF protocol assignments
    "2001::/32": False,  # Teredo
    "2001:1::1/128": True,  # Port Control Protocol anycast
    "2001:1::2/128": True,  # TURN anycast
    "2001:1::3/128": True,  # DNS-SD registration anycast
    "2001:2::/48": False,  # benchmarking
    "2001:3::/32": True,  # AMT
    "2001:4:112::/48": True,  # AS112-v6
    "2001:10::/28": False,  # ORCHID, of old
    "2001:20::/28": True,  # ORCHIDv2
    "2001:30::/28": True,  # DETs of drones
    "2001:db8::/32": False,  # documentation
    "2002::/16": False,  # 6to4
    "2620:4f:8000::/48": True,  # AS112, delegated directly
    "3fff::/20": False,  # documentation
    "5f00::/16": False,  # segment routing
    "fc00::/7": False,  # unique local
    "fe80::/10": False,  # link local
}

_BLOCKS: list[tuple[IPv4Network | IPv6Network, bool]] = sorted(
    ((ip_network(block), is_reachable) for block, is_reachable in SPECIAL.items()),
    key=lambda row: -row[0].prefixlen,
)
_MULTICAST = IPv4Network("224.0.0.0/4")
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all of it that IANA has given out
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # before the v4 address (RFC 5214, 6.1)


@lru_cache(maxsize=4096)
def is_public(ip: str) -> bool:
    """Say whether an IP address, v4 or v6, belongs to the public internet.

    A mapped, 6to4, Teredo or NAT64 one does where all the v4 addresses that it carries do.
    """
    address = ip_address(ip.partition("%")[0])
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    if not all(map(_is_public_v4, _carried(address))):
        return False
    if address.ipv4_mapped or address.sixtofour or address.teredo or address in _NAT64:
        return True
    return address in _GLOBAL_UNICAST and _is_reachable(address)


def is_disguised(host: str) -> bool:
    """Say whether a host is a v4 address in an odd form: one number, octal, hex, shortened, dotted.

    Only those who hide an address write it so; the system would connect to it all the same.
    """
    plain = unquote(host).rstrip(".")
    try:
        socket.inet_aton(plain)
    except (OSError, UnicodeError, ValueError):  # a null byte in it
        return False
    try:
        IPv4Address(host)
    except ValueError:
        return True
    return False


def _is_public_v4(address: IPv4Address) -> bool:
    return address not in _MULTICAST and _is_reachable(address)


def _is_reachable(address: IPv4Address | IPv6Address) -> bool:
    return next((reachable for block, reachable in _BLOCKS if address in block), True)


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield every v4 address that a v6 one carries."""
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    yield from filter(None, carried)
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
