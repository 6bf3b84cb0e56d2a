"""One search query → a folder with only the images that truly show its subject.

    python flows/collect.py "고양이" --limit 50

The stages overlap: the browser scrolls while the first images are fetched, and a batch is embedded
as soon as it is on disk. Where too few images survive, the source is asked for more.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("flows.command")

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.logging.handlers import APILogHandler
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.artifacts import ShownProgress, publish
from flows.asking import resolve_ambiguity
from flows.batches import TASKS_AT_ONCE
from flows.cancelling import cancellable
from flows.request import CollectRequest
from flows.resuming import refuse_another
from flows.run_end import write_end
from flows.run_states import this_run
from flows.task_runners import tasks_on
from tasks.database.blocks import respecting
from tasks.database.jobs_table import Jobs
from tasks.dataset import claim, finished, versions, write_dataset_task
from tasks.download import download_batch_task
from tasks.embed import Loaded, StageTime, embed_batch_task, load_model_task, stage_time
from tasks.errors import BadRequestError, CollectError, NoSubjectError
from tasks.fetching.traffic import download_report
from tasks.folder import alone_in
from tasks.ledger import JobRecord
from tasks.process import progress, stopping
from tasks.process.concurrency import slot
from tasks.records import Candidate, Reason, Stage, Waterfall, stage_of
from tasks.search import Search, search_page
from tasks.selection import Selection, choose
from tasks.settings import DATASETS, Settings
from tasks.sources.listed import source_named
from tasks.sources.source import Page
from tasks.upkeep import watchdog
from tasks.upkeep.recorder import Recorder, handling, recording
from tasks.workspace import WORK, Workspace
from words import Message

BATCH = 64  # candidates per task run: Prefect's few ms per task are lost in seconds of work
CANDIDATES_PER_IMAGE = 2  # what is looked at first for each image wanted; then more, if needed

log = logging.getLogger("flows.collect")


@dataclass(frozen=True, slots=True)
class Report:
    """What a run achieved."""

    job_id: str
    query: str
    out_dir: Path
    waterfall: Waterfall
    seconds: float
    embedding: StageTime
    note: Message | None  # why there are fewer images than were wanted


@flow(
    name="collect",
    flow_run_name=lambda: f"collect {flow_run.parameters['request'].query}",
    # Prefect types its own task runners so that none fits.
    task_runner=ThreadPoolTaskRunner(max_workers=TASKS_AT_ONCE),  # type: ignore[arg-type]
    on_completion=[write_end],
    on_failure=[write_end],
    on_crashed=[write_end],
    on_cancellation=[write_end],
)
def collect(request: CollectRequest) -> Report:
    """Collect the images that show the subject of a query.

    Args:
        request: What to search for, how many images, and how to judge them.

    Raises a ``CollectError``; what is finished by then stays in the dataset's folder, and the job
    can be resumed by its id.
    """
    settings = Settings()
    started = datetime.now(UTC)
    stopping.allow_work()
    with recorded(request, settings) as (job_id, out_dir, recorder), alone_in(out_dir):
        if done := finished(out_dir, job_id):
            log.info("Job %s is done already.", job_id)
            Workspace(out_dir / WORK).discard()  # a run that was killed at the very end left it
            recorder.set_waterfall(asdict(done))
            return Report(job_id, request.query, out_dir, done, 0, StageTime(0, 0), None)
        asked = request.model_dump(mode="json", exclude={"job_id"})
        workspace = claim(out_dir, job_id, asked)
        log.info("Collecting %d images of %r into %s.", request.limit, request.query, out_dir)
        source = source_named(request.source)
        search = Search(source, request.search_query, settings)
        with (
            respecting(settings, source.host),
            tasks_on(request.task_runner or settings.task_runner, settings),
            search,
        ):
            selection, loaded = gather(request, workspace, search)
        selection = resolve_ambiguity(selection, request, workspace, recorder)
        embedding = stage_time(workspace)
        record = JobRecord(
            id=job_id,
            query=request.query,
            request=asked,
            source=source.name,
            search_loads=search.loads,
            model_family=loaded.family,
            model_revision=loaded.revision,
            text=loaded.text,
            download=download_report(workspace),
            embedding=asdict(embedding),
            choice=asdict(selection.choice),
            started_at=started.isoformat(),
            finished_at=datetime.now(UTC).isoformat(),
            counts=selection.waterfall(),
            versions=versions(),
        )
        selection = write_dataset_task(workspace, out_dir, selection, record)
        waterfall = selection.waterfall()
        publish(request.query, out_dir, selection)
        recorder.set_waterfall(asdict(waterfall), asdict(selection.choice))
        if not selection.subject_count:
            log.warning("%s", waterfall)
            raise no_subject(request, waterfall)
        workspace.discard()
        seconds = (datetime.now(UTC) - started).total_seconds()
        log.info("%d images saved in %.0f s.", waterfall.chosen, seconds)
        note = fewer_than_wanted(request, waterfall)
        if note:
            log.warning("%s", note)
        return Report(job_id, request.query, out_dir, waterfall, seconds, embedding, note)


def gather(
    request: CollectRequest, workspace: Workspace, search: Search
) -> tuple[Selection, Loaded]:
    """Take candidates until enough of them show the subject, or there are no more."""
    work: list[PrefectFuture[int]] = []
    found = 0
    shown = ShownProgress(request.limit)

    @cache
    def loading() -> PrefectFuture[Loaded]:
        """Begin to load the model: not before there are candidates, as it keeps a core busy."""
        return load_model_task.submit(
            workspace,
            request.model,
            device=request.device,
            query=request.query,
            description=request.describe,
        )

    def process(number: int, candidates: Sequence[Candidate]) -> None:
        nonlocal found
        found += len(candidates)
        progress.report("search", done=len(candidates))
        progress.report("download", expected=len(candidates))
        good = download_batch_task.submit(workspace, number, limits=request.quality)
        embedded = embed_batch_task.submit(
            workspace,
            number,
            model=request.model,
            device=request.device,
            wait_for=[good, loading()],
            return_state=False,
        )
        work.extend((good, embedded))  # in this order, as the first failure is the cause

    for number in range(workspace.batch_count()):  # what an earlier run of this job found
        known = workspace.candidates(number)
        search.skip(known)
        process(number, known)
    if found:
        log.info("%d candidates are kept of an earlier run.", found)
    target = min(
        max(request.limit * CANDIDATES_PER_IMAGE, workspace.target()), request.max_candidates
    )
    while True:
        page: Page = ()
        with slot(search.source.slot):
            while found < target:
                page = search_page(search, min(BATCH, target - found))
                if not page:
                    break
                process(workspace.add_batch(page), page)
                if loading().state.is_failed():
                    break
        loaded = loading().result()
        for future in work:
            future.result()
        selection = choose(
            workspace,
            workspace.batch_count(),
            model=request.model,
            criteria=request.criteria,
        )
        chosen = len(selection.chosen)
        log.info("%d of %d candidates show the subject.", selection.subject_count, found)
        shown.update(chosen)
        is_exhausted = found < target
        if chosen >= request.limit or is_exhausted or found >= request.max_candidates:
            workspace.save_target(found)  # a resumed job looks at no more
            return selection, loaded
        # As many more as the yield so far asks for, but the yield may be a fluke: at most twice.
        shortfall = (request.limit - chosen) * found // max(chosen, 1)
        target = min(found + min(found, max(BATCH, shortfall)), request.max_candidates)
        workspace.save_target(target)


@contextmanager
def recorded(request: CollectRequest, settings: Settings) -> Iterator[tuple[str, Path, Recorder]]:
    """Begin the job's row and keep it while the block runs; stop the block if it is cancelled."""
    run, state = this_run()
    run_id = run.id.hex
    try:
        with Jobs.open(settings) as jobs:
            earlier = jobs.get(request.job_id) if request.job_id else None
            if request.job_id and earlier is None:
                raise BadRequestError("no_job_to_resume", job=request.job_id)
            if earlier and earlier.flow_run_id != run_id and jobs.is_alive(earlier.id):
                raise BadRequestError("job_is_running", job=earlier.id)
            job_id = request.job_id or run_id
            folder = request.out_dir or (Path(earlier.out_dir) if earlier else None)
            out_dir = folder or settings.data_dir / DATASETS / job_id
            if earlier:
                is_complete = finished(out_dir, job_id) is not None
                refuse_another(earlier, request, is_complete=is_complete)
            watchdog.start(run_id)
            jobs.begin(
                job_id=job_id,
                flow_run_id=run_id,
                request=request.model_dump(mode="json", exclude={"job_id"}),
                out_dir=str(out_dir),
                since=state.timestamp,
            )
        with (
            cancellable(run_id) as cancel,
            handling(APILogHandler()),
            recording(settings, run_id, on_cancel=cancel) as recorder,
        ):
            try:
                with stopping.keeping_interrupts():
                    yield job_id, out_dir, recorder
            except CollectError as error:
                log.error("%s", error)
                if not isinstance(error, BadRequestError):
                    log.warning("What is finished is kept: go on with --job-id %s", job_id)
                raise
            except Exception:  # raised again: only the log has the traceback
                log.exception("The run failed unexpectedly.")
                raise
            except BaseException:
                watchdog.expect_stop(run_id)
                stopping.request_stop()
                recorder.stopped()
                log.warning("Stopped. What is finished is kept: resume it with --job-id %s", job_id)
                raise
    except BaseException:
        stopping.request_stop()  # what other threads are at is of no use any more
        raise


def fewer_than_wanted(request: CollectRequest, waterfall: Waterfall) -> Message | None:
    """Return why a dataset has fewer images than were wanted, None where it has as many."""
    if waterfall.chosen >= request.limit:
        return None
    are_all = waterfall.found < request.max_candidates
    name = "note.fewer_as_no_more" if are_all else "note.fewer_as_not_asked"
    counts = {"chosen": waterfall.chosen, "limit": request.limit, "found": waterfall.found}
    return Message(name, counts)


def no_subject(request: CollectRequest, waterfall: Waterfall) -> NoSubjectError:
    """Return why a run ended without a subject, and what may help."""
    query, found, good = request.query, waterfall.found, waterfall.unique
    if not found:
        return NoSubjectError("no_results", query=query)
    if good < request.min_samples:
        return _too_few(request, waterfall)
    if request.eps == "auto":
        return NoSubjectError("no_group", query=query, good=good)
    return NoSubjectError("no_group_within", query=query, good=good, eps=request.eps)


def _too_few(request: CollectRequest, waterfall: Waterfall) -> NoSubjectError:
    """Return what it is that took most of the candidates."""
    main = max(waterfall.reasons, key=lambda reason: waterfall.reasons[reason])
    stage = stage_of(main)
    name = "too_few_good"
    if stage is Stage.DOWNLOAD:
        name = "too_few_fetched"
    elif stage is Stage.DUPLICATES:
        name = "too_few_different"
    elif main in set(Reason):  # none of the measures, whose least value is an option
        name = "too_few_readable"
    return NoSubjectError(
        name,
        query=request.query,
        found=waterfall.found,
        good=waterfall.unique,
        n=waterfall.reasons[main],
        reason=Message(f"reason.{main}"),
    )
