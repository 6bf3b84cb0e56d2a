"""Every error a user can meet, in one tree.

    CollectError
    ├── BadRequestError         an argument that cannot be right
    ├── SearchError             candidates cannot be had
    │   ├── BrowserError        the browser died
    │   │   └── BrowserMissingError  no browser or no driver on this machine
    │   ├── UnreachableError    no answer from the search page
    │   ├── BlockedError        the search page refuses this network for a while
    │   ├── AdultQueryError     the search page wants a logged-in adult
    │   ├── KeysError           the keys of the search API are missing or not accepted
    │   ├── QuotaError          the day's calls to the search API are used up
    │   └── PageChangedError    the page came, but nothing in it can be read
    ├── ModelError              the model cannot be had, or does not load
    ├── NoSubjectError          the search worked, but no group of images is the subject
    │   └── AmbiguousError      it is not clear which group is the subject, and nobody said it
    ├── DatabaseError           Postgres cannot be used
    ├── OutputError             the dataset's folder cannot be written
    └── ResourceError           the machine has no room for another process

Each message says what happened, to what, and what the user can do; the code of each class is for
programs. Errors of libraries are mapped to these where they come in, with ``raise ... from``.
"""

from enum import StrEnum
from typing import ClassVar

from words import Message, Value


class ErrorCode(StrEnum):
    """Why a job ended without a dataset, as programs read it: an error of the tree, or its fate."""

    BAD_REQUEST = "bad_request"
    SEARCH = "search"
    BROWSER = "browser"
    BROWSER_MISSING = "browser_missing"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    ADULT_QUERY = "adult_query"
    KEYS = "keys"
    QUOTA = "quota"
    PAGE_CHANGED = "page_changed"
    MODEL = "model"
    NO_SUBJECT = "no_subject"
    AMBIGUOUS = "ambiguous"
    DATABASE = "database"
    OUTPUT = "output"
    RESOURCE = "resource"
    CLUSTER = "cluster"
    PREFECT = "prefect"
    LOST = "lost"
    STOPPED = "stopped"
    DELETED = "deleted"
    NOT_STARTED = "not_started"
    UNEXPECTED = "unexpected"


class CollectError(Exception):
    """Base of the tree.

    ``code`` is the word for programs; ``exit_code`` is what the command line returns;
    ``is_transient`` says whether the same call may work a little later, and so whether a retry
    makes sense.
    """

    code: ClassVar[ErrorCode]
    exit_code: ClassVar[int] = 1
    is_transient: ClassVar[bool] = False

    def __init__(self, message: str | Message, /, **values: Value) -> None:
        """Raise with the name of a sentence, ``error.<name>`` in the words, and its values."""
        if isinstance(message, str):
            message = Message(f"error.{message}", values)
        super().__init__(message)  # what a copy in another process is made from
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class BadRequestError(CollectError):
    """An argument that cannot be right, whatever the world does."""

    code = ErrorCode.BAD_REQUEST
    exit_code = 2


class SearchError(CollectError):
    """Candidates cannot be had from the source."""

    code = ErrorCode.SEARCH


class BrowserError(SearchError):
    """The browser died or does not start."""

    code = ErrorCode.BROWSER
    is_transient = True


class BrowserMissingError(BrowserError):
    """No browser or no driver is on this machine."""

    code = ErrorCode.BROWSER_MISSING
    is_transient = False


class UnreachableError(SearchError):
    """The search page does not answer."""

    code = ErrorCode.UNREACHABLE
    is_transient = True


class BlockedError(SearchError):
    """The search page refuses this network; going on would make it worse."""

    code = ErrorCode.BLOCKED


class AdultQueryError(SearchError):
    """The search page shows results of this query to logged-in adults only."""

    code = ErrorCode.ADULT_QUERY


class KeysError(SearchError):
    """The keys of the search API are missing, wrong, or not entitled to it."""

    code = ErrorCode.KEYS


class QuotaError(SearchError):
    """The day's calls to the search API are used up; tomorrow there are more."""

    code = ErrorCode.QUOTA


class PageChangedError(SearchError):
    """The page came, but no way of reading it finds a result."""

    code = ErrorCode.PAGE_CHANGED


class ModelError(CollectError):
    """The model cannot be had, or what is there does not load."""

    code = ErrorCode.MODEL


class NoSubjectError(CollectError):
    """The search worked, but no group of images is the subject."""

    code = ErrorCode.NO_SUBJECT
    exit_code = 3


class AmbiguousError(NoSubjectError):
    """It is not clear which group of images is the subject, and nobody said it."""

    code = ErrorCode.AMBIGUOUS


class DatabaseError(CollectError):
    """Postgres cannot be reached or refuses us."""

    code = ErrorCode.DATABASE


class OutputError(CollectError):
    """The dataset's folder cannot be written."""

    code = ErrorCode.OUTPUT


class ResourceError(CollectError):
    """The machine has no room for another process, or for what it needs."""

    code = ErrorCode.RESOURCE
    is_transient = True


def first_line(error: Exception) -> str:
    """Return the first line of a library's error, which says it all; its class if it is empty."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).strip()
