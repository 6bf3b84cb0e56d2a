"""One batch of candidates → image files in the workspace, measured, or a reason for each that fell.

A candidate's addresses are tried in turn until one gives an image; every attempt stands in the
record. An image that came but is too small or blurred ends the trying: the other renditions are
made from it.
"""

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import progress, stopping
from tasks.fetch import Fetcher, FetchError, read_file
from tasks.quality import QualityError, QualityLimits, examine
from tasks.records import AddressKind, Attempt, Candidate, Picture, Rejected
from tasks.retries import is_worth_retrying
from tasks.settings import Settings
from tasks.workspace import Result, Workspace

THREADS = 16
LOOK_EVERY_S = 0.2  # for a request to stop


@dataclass(frozen=True, slots=True)
class Download:
    """What every download of a batch shares."""

    fetcher: Fetcher
    limits: QualityLimits
    workspace: Workspace

    def __call__(self, candidate: Candidate) -> Result:
        """Fetch one candidate; where every address fails, the first one's reason stands."""
        attempts: list[Attempt] = []
        failures: list[FetchError | QualityError] = []
        for address in candidate.addresses:
            stopping.check()
            data = b""
            try:
                is_local = address.kind is AddressKind.FILE
                data = read_file(address.url) if is_local else self.fetcher.fetch(address)
                file_format, measures = examine(data, self.limits)
            except (FetchError, QualityError) as error:
                attempts.append(Attempt(address.url, address.kind, str(error)))
                failures.append(error)
                if isinstance(error, QualityError) and error.measures:
                    # Kept for its thumbnail: a person may want to see what was refused.
                    name = self.workspace.save_image(data)
                    return Rejected(
                        candidate,
                        error.reason,
                        error.detail,
                        tuple(attempts),
                        name,
                        error.measures,
                    )
            else:
                attempts.append(Attempt(address.url, address.kind, "ok"))
                name = self.workspace.save_image(data)
                return Picture(candidate, tuple(attempts), file_format, name, measures)
        return Rejected(candidate, failures[0].reason, failures[0].detail, tuple(attempts))


@task(
    name="download",
    task_run_name="download-{number}",
    retries=2,
    retry_delay_seconds=[1, 4],
    retry_condition_fn=is_worth_retrying,
    cache_policy=NO_CACHE,
)
def download_batch(workspace: Workspace, number: int, limits: QualityLimits) -> int:
    """Fetch and measure the candidates of a batch, several at once, and store what became of them.

    Returns the batch's number; a batch that is finished already is left as it is.
    """
    candidates = workspace.candidates(number)
    if workspace.results(number) is None:
        fetcher = Fetcher(Settings().download_allow_hosts, connections=THREADS)
        download = Download(fetcher, limits, workspace)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix=f"download-{number}")
        try:
            results = [pool.submit(download, candidate) for candidate in candidates]
            waiting = set(results)
            while waiting:
                stopping.check()
                done, waiting = wait(waiting, LOOK_EVERY_S, FIRST_COMPLETED)
                progress.report("download", done=len(done))
            workspace.save_results(number, [result.result() for result in results])
        except stopping.StoppedError:
            fetcher.abort()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            fetcher.close()
    else:
        progress.report("download", done=len(candidates))
    return number
