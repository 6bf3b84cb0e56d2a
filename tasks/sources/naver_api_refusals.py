"""The refusals of Naver's official API, read into errors."""

from dataclasses import dataclass

from tasks.errors import (
    BadRequestError,
    CollectError,
    KeysError,
    PageChangedError,
    QuotaError,
    UnreachableError,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer without results: its status, and the API's code and message where it has some.

    The codes are those of the classic API (024, 010, 012, SE01 …). No error body of API HUB is
    published: it may have those, the numbers of its gateway, or none, so the status decides.
    """

    status: int
    code: str = ""
    message: str = ""

    @property
    def is_of_quota(self) -> bool:
        """The day's calls are used up."""
        return self.code == "010" or (self.status, self.code) == (429, "400")

    @property
    def is_of_rate(self) -> bool:
        """The calls come too fast; a little later they are welcome."""
        return self.code == "012" or (self.status == 429 and not self.is_of_quota)


def error_of(refusal: Refusal, host: str) -> CollectError:
    """Return the error for an answer without results."""
    about = " ".join(filter(None, (refusal.code, refusal.message)))
    answer = f"status {refusal.status}" + (f": {about}" if about else "")
    if refusal.is_of_quota:
        return QuotaError("api_quota", host=host, answer=answer)
    if refusal.is_of_rate:
        return UnreachableError("api_rate", host=host, answer=answer)
    if refusal.status in (401, 403) or refusal.code == "024":
        return KeysError("api_keys", host=host, answer=answer)
    if refusal.status >= 500 or refusal.code == "SE99":
        return UnreachableError("api_fault", host=host, answer=answer)
    if refusal.status in (400, 404, 413):
        return BadRequestError("api_refused", host=host, answer=answer)
    return PageChangedError("api_answered", host=host, answer=answer)
