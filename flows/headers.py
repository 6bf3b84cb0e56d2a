"""The headers of a request: whose name it asks for, and of what kind its body is. Pure."""

import ipaddress
from collections.abc import Mapping


def host_of(header: str) -> str:
    """Return the name or address in a ``Host`` header, without the port."""
    header = header.strip().lower()
    if header.startswith("["):
        return header.partition("]")[0][1:]
    return header.partition(":")[0]


def is_address(host: str) -> bool:
    """Say whether this is an address: no name, so nobody else's either."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Say whether an address is reached from this machine alone."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def has_other_body(headers: Mapping[str, str]) -> bool:
    """Say whether there is a body that is not JSON, as a form of any page could send it."""
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return has_body and media_type != "application/json"
