"""A second choice among the images of a job: nothing is searched for, downloaded or embedded.

    python flows/reselect.py JOB [--eps auto|FLOAT] [--group N] [--keep FILE] [--drop FILE]

The dataset is written anew beside the old one, as ``<folder>-v2``, ``-v3`` …, and the job's row
names that from then on. What was decided by hand stays decided: a later choice begins with it.
Exit codes are those of ``collect.py``.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("flows.reselect")

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pydantic import ValidationError

from flows.arguments import Parser
from flows.request import CollectRequest
from tasks.characters import visible
from tasks.criteria import Criteria
from tasks.database.jobs_table import Jobs
from tasks.dataset import versions, write_dataset
from tasks.errors import BadRequestError, CollectError, NoSubjectError, OutputError
from tasks.findings import finding
from tasks.jobs import Job
from tasks.records import Accepted
from tasks.selection import Choice, Selection, choose_among
from tasks.settings import Settings
from tasks.stored import Stored, read, reopen
from words import Message


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be decided otherwise; None leaves it as it is."""

    eps: str | None = None
    group: int | None = None
    keep: Path | None = None
    drop: Path | None = None


def reselect(job_id: str, asked: Asked, settings: Settings) -> tuple[Path, Selection]:
    """Write a job's dataset anew; return its folder, and what was chosen.

    Raises a ``CollectError``; then nothing has changed.
    """
    with Jobs.open(settings) as jobs:
        job = _ended(jobs, job_id)
        stored = read(Path(job.out_dir))
        request = _request(stored, asked.eps)
        criteria = _criteria(stored, request, asked)
        version, name = _next_version(stored)
        out_dir = _folder_in_the_making(stored.folder)
        try:
            workspace = reopen(stored, out_dir, request.model)
            selection = choose_among(workspace, 1, model=request.model, criteria=criteria)
            if not selection.chosen:
                raise NoSubjectError("nothing_chosen", folder=str(stored.folder))
            record = replace(
                stored.record,
                request=request.model_dump(mode="json", exclude={"job_id"}),
                choice=asdict(selection.choice),
                counts=selection.waterfall(),
                versions=versions(),
                version=version,
                chosen_from=str(stored.folder),
                finished_at=datetime.now(UTC).isoformat(),
            )
            selection = write_dataset(workspace, out_dir, selection, record)
            workspace.discard()
            written = out_dir.rename(stored.folder.with_name(name))
        except OSError as error:
            raise OutputError("unwritable", path=name, why=str(error)) from error
        finally:
            shutil.rmtree(out_dir, ignore_errors=True)
        jobs.choose_again(
            job.id,
            out_dir=str(written),
            waterfall=asdict(selection.waterfall()),
            choice=asdict(selection.choice),
            line=f"Chosen again: {len(selection.chosen)} images in {written}.",
        )
    return written, selection


def _ended(jobs: Jobs, job_id: str) -> Job:
    job = jobs.get(job_id)
    if job is None:
        raise BadRequestError("no_job", job=job_id)
    if not job.has_ended:
        status = Message(f"state.{job.status}")
        raise BadRequestError("job_not_ended", job=job.id, status=status)
    return job


def _request(stored: Stored, eps: str | None) -> CollectRequest:
    asked: dict[str, Any] = {**stored.record.request}
    if eps is not None:
        asked["eps"] = eps
    try:
        return CollectRequest.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{first['loc'][0]}"
        raise BadRequestError("option", option=option, why=finding(first)) from error


def _criteria(stored: Stored, request: CollectRequest, asked: Asked) -> Criteria:
    """Add to what was decided by hand before what is decided now, which goes before it."""
    keep, drop = _images(stored, asked.keep), _images(stored, asked.drop)
    if both := keep & drop:
        raise BadRequestError("kept_and_dropped", image=min(both))
    earlier = Choice(**stored.record.choice)
    # With another radius there are other groups.
    is_settled = earlier.by_hand and asked.eps is None
    return Criteria(
        request.limit,
        request.eps,
        request.min_samples,
        group=earlier.group if is_settled and asked.group is None else asked.group,
        kept=(stored.kept - drop) | keep,
        dropped=(stored.dropped - keep) | drop,
    )


def _images(stored: Stored, listed: Path | None) -> frozenset[str]:
    """Return the keys of the images that a file lists, one in each line."""
    if listed is None:
        return frozenset()
    try:
        lines = [line.strip() for line in listed.read_text("utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadRequestError("unreadable_path", path=str(listed), why=str(why)) from error
    named: list[Accepted] = [stored.named(line) for line in lines if line and line[0] != "#"]
    return frozenset(image.key for image in named)


def _next_version(stored: Stored) -> tuple[int, str]:
    """Return the number and the folder's name of the version to be written."""
    version = stored.record.version
    name = stored.folder.name.removesuffix(f"-v{version}")
    version += 1
    while stored.folder.with_name(f"{name}-v{version}").exists():
        version += 1
    return version, f"{name}-v{version}"


def _folder_in_the_making(beside: Path) -> Path:
    try:
        folder = Path(mkdtemp(prefix=f".{beside.name}-", dir=beside.parent))
        folder.chmod(0o755)  # temporary folders begin as the owner's alone
    except OSError as error:
        raise OutputError("unwritable", path=str(beside.parent), why=str(error)) from error
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Choose again, and return the exit code."""
    parser = Parser("reselect", arguments)
    parser.place("job_id", metavar="JOB", help=parser.say("cli.job"))
    parser.option("--eps", metavar="auto|FLOAT", help=parser.say("cli.eps"))
    parser.option("--group", type=int, metavar="N", help=parser.say("cli.group"))
    parser.option("--keep", type=Path, metavar="FILE", help=parser.say("cli.keep"))
    parser.option("--drop", type=Path, metavar="FILE", help=parser.say("cli.drop"))
    parser.lang()
    given = vars(parser.parse_args(arguments))
    given.pop("lang", None)
    job_id: str = given.pop("job_id")
    try:
        folder, selection = reselect(job_id, Asked(**given), Settings())
    except CollectError as error:
        return parser.fail(error.message, error.exit_code)
    counts = selection.waterfall()
    for reason, count in counts.reasons.items():
        sys.stdout.write(f"{parser.say(f'reason.{reason}')} {count}\n")
    chosen, found = counts.chosen, counts.found
    said = parser.say("cli.chosen_again", chosen=chosen, found=found, folder=str(folder))
    sys.stdout.write(f"{visible(said)}\n")
    return 0
