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
    answered = f"status {refusal.status}" + (f": {about}" if about else "")
    if refusal.is_of_quota:
        return QuotaError(
            f"The day's quota of calls to {host} is used up ({answered}). Go on tomorrow with "
            "--job-id, or with --source naver."
        )
    if refusal.is_of_rate:
        return unreachable(f"{host} still limits the rate after some pauses ({answered})")
    if refusal.status in (401, 403) or refusal.code == "024":
        return KeysError(
            f"{host} does not accept the keys ({answered}). Check NAVER_CLIENT_ID and "
            "NAVER_CLIENT_SECRET, that their application may use the image search, and that "
            "NAVER_API_URL is where they were issued: the classic API's are not valid at API HUB, "
            "nor the other way round."
        )
    if refusal.status >= 500 or refusal.code == "SE99":
        return unreachable(f"{host} has a fault of its own ({answered})")
    if refusal.status in (400, 404, 413):
        return BadRequestError(
            f"{host} refuses the call ({answered}). Check the query and NAVER_API_URL."
        )
    return changed(host, f"with {answered}")


def unreachable(what: str) -> UnreachableError:
    """Return the error for an API that does not answer as it should just now."""
    return UnreachableError(f"{what}. Check the network connection, then try again.")


def changed(host: str, how: str) -> PageChangedError:
    """Return the error for an answer that no API known here gives."""
    return PageChangedError(
        f"{host} answered {how}: the API has probably changed, or NAVER_API_URL is not its "
        "address. Until that is clear, search with --source naver."
    )
