"""The words for what goes wrong between us and a host, whichever library reports it."""

import errno
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import NamedTuple

import aiohttp

from tasks.errors import first_line
from tasks.records import Reason
from words import Message

log = logging.getLogger(__name__)

_RESET = frozenset({errno.ECONNRESET, errno.EPIPE})
_NO_ROUTE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})


class Failure(NamedTuple):
    """Why nothing came; ``is_transient`` says whether it may come a little later."""

    reason: Reason
    note: Message
    is_transient: bool = False


class AnswerError(Exception):
    """An answer cannot be read; ``reason`` and ``note`` say why."""

    def __init__(self, reason: Reason, note: Message) -> None:
        super().__init__(f"{reason}: {note}")
        self.reason = reason
        self.note = note


class FetchError(Exception):
    """An address gave no bytes; ``reason`` and ``note`` say why.

    ``is_transient`` says whether the same request may work a little later. ``retry_after_s`` is
    for how long an overloaded host wants silence, and None of any other. ``received`` and
    ``seconds`` are the bytes that came all the same, and the time that it took.
    """

    def __init__(
        self,
        reason: Reason,
        note: Message,
        *,
        is_transient: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{reason}: {note}")
        self.reason = reason
        self.note = note
        self.is_transient = is_transient
        self.retry_after_s = retry_after_s
        self.received = 0
        self.seconds = 0.0


@contextmanager
def its_fate(url: object) -> Iterator[None]:
    """Ask an address for something; raises ``FetchError`` for whatever goes wrong.

    The rule that nothing that one address or one answer holds may end a run: what nobody foresaw
    is named in the log, and the candidate falls for a reason that is counted.
    """
    try:
        yield
    except FetchError:
        raise
    except Exception as error:
        log.warning("What %s gives cannot be used: %s", url, first_line(error))
        note = Message("note.unusable", {"error": first_line(error)[:200]})
        raise FetchError(Reason.UNREACHABLE, note) from error


def failure_of(error: BaseException) -> Failure:
    """Say what an error of a connection means, by the deepest error beneath it that says so."""
    causes = list(_causes(error))[::-1]
    for cause in causes:
        if known := _known(cause):
            return known
    said = (cause.strerror for cause in causes if isinstance(cause, OSError))
    if why := next(filter(None, said), None):
        return Failure(Reason.UNREACHABLE, Message("note.connection_failed", {"error": why}))
    return Failure(Reason.UNREACHABLE, Message("note.malformed_answer"))


def _known(error: BaseException) -> Failure | None:
    match error:
        case PermissionError(filename=str(ip)):  # of `public_socket`
            return Failure(Reason.FORBIDDEN_ADDRESS, Message("note.not_public", {"ip": ip}))
        case PermissionError(errno=errno.EACCES):  # the same, of several addresses
            return Failure(Reason.FORBIDDEN_ADDRESS, Message("note.none_public"))
        case aiohttp.ClientConnectorError(errno=None):  # of several addresses, each its own way
            return Failure(Reason.UNREACHABLE, Message("note.no_connection"))
        case aiohttp.InvalidURL():
            return Failure(Reason.BAD_ADDRESS, Message("note.unreadable_address"))
        case socket.gaierror(errno=socket.EAI_NONAME | socket.EAI_NODATA):
            return Failure(Reason.UNREACHABLE, Message("note.unknown_host"))
        case socket.gaierror():
            return Failure(Reason.UNREACHABLE, Message("note.no_name_server"), is_transient=True)
        case ssl.SSLCertVerificationError():
            return Failure(Reason.UNREACHABLE, Message("note.certificate"))
        case ssl.SSLError():
            return Failure(Reason.UNREACHABLE, Message("note.tls"))
        case OSError(errno=errno.ECONNREFUSED):
            return Failure(Reason.UNREACHABLE, Message("note.connection_refused"))
        case OSError(errno=number) if number in _NO_ROUTE:
            return Failure(Reason.UNREACHABLE, Message("note.no_route"))
        case OSError(errno=number) if number in _RESET:
            return Failure(Reason.UNREACHABLE, Message("note.connection_reset"), is_transient=True)
        case TimeoutError():
            return Failure(Reason.TIMED_OUT, Message("note.late"), is_transient=True)
        case ConnectionResetError():  # http.client's own, where nothing came at all
            return Failure(Reason.UNREACHABLE, Message("note.hung_up"), is_transient=True)
        case IncompleteRead():
            return Failure(Reason.BROKEN_OFF, Message("note.cut_short"), is_transient=True)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
