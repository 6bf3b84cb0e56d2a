"""The peers of connections: names are resolved here, and no private address is connected to.

Whatever an address, a name server or a redirect says, it is the very address that a socket is about
to connect to that has to be a public one.
"""

import asyncio
import errno
import socket
import threading
from contextlib import suppress

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from tasks.fetching.public_addresses import is_public


def public_socket(peer: AddrInfoType) -> socket.socket:
    """Make the socket that will connect to a peer; aiohttp calls it for each one it tries.

    Raises ``PermissionError`` where the peer's address is not public.
    """
    family, kind, protocol, _, address = peer
    if not is_public(ip := str(address[0])):
        raise PermissionError(errno.EACCES, "not a public address", ip)
    return socket.socket(family, kind, protocol)


class Resolver(AbstractResolver):
    """The system's resolver, each lookup in a thread of its own.

    A name server that does not answer holds up its own names only, and neither the end of a run nor
    that of the program.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def settle(result: list[ResolveResult] | OSError | UnicodeError) -> None:
            if found.done():  # nobody waits any more
                return
            if isinstance(result, list):
                found.set_result(result)
            else:
                found.set_exception(result)

        def look_up() -> None:
            result: list[ResolveResult] | OSError | UnicodeError
            try:
                result = [
                    ResolveResult(
                        hostname=host, host=str(address[0]), port=port, family=family, proto=proto,
                        flags=socket.AI_NUMERICHOST,
                    )
                    for family, _, proto, _, address in socket.getaddrinfo(
                        host, port, family, socket.SOCK_STREAM
                    )
                ]  # fmt: skip
            except (OSError, UnicodeError) as error:
                result = error
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(settle, result)

        threading.Thread(target=look_up, name="resolve", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Nothing is kept."""
