"""The command line of ``collect``: arguments in; a summary or one clear sentence out."""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NoReturn

from prefect.exceptions import TerminationSignal
from pydantic import ValidationError

from flows.collect import Report, collect
from flows.request import CollectRequest, begun_with
from flows.temporary_server import use_prefect_server
from flows.terminal import display
from tasks.database.jobs_table import Jobs
from tasks.errors import BadRequestError, CollectError
from tasks.records import Waterfall
from tasks.settings import Settings

STOPPED = 130  # what a shell reports of a program that Ctrl-C ended

log = logging.getLogger("flows.command")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``collect`` from the command line and return the exit code."""
    given = vars(_parser().parse_args(arguments))
    is_json = given.pop("json", False)
    try:
        request = _request(given)
        with display():
            # A job that cannot be kept is better known now.
            with use_prefect_server(), Jobs.open(Settings()) as jobs:
                jobs.end_long_lost()
            report = collect(request)
    except CollectError as error:
        return _fail(str(error), error.exit_code, is_json)
    except (KeyboardInterrupt, TerminationSignal):
        return _fail("Stopped.", STOPPED, is_json)
    except Exception as error:
        log.debug("The run failed unexpectedly.", exc_info=True)
        sentence = f"The run failed unexpectedly ({type(error).__name__}: {error}); see its log."
        return _fail(sentence, 1, is_json)
    sys.stdout.write(_as_json(report) if is_json else _as_text(report))
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[:1].upper()}{message[1:]}. See --help.\n")


def _parser() -> argparse.ArgumentParser:
    """Build the parser; an argument that is not given stays out of the result."""
    parser = _Parser(
        prog="collect.py",
        description="Make a folder of images that truly show the subject of a search query.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("query", nargs="?", metavar="QUERY", help="what to search for")
    for name, field in CollectRequest.model_fields.items():
        if name == "query":
            continue
        flags = [f"--{name.replace('_', '-')}"]
        if name == "out_dir":
            flags.append("--out_dir")
        shown = "" if field.default is None else f" (default {field.default})"
        parser.add_argument(
            *flags, dest=name, metavar=name.upper(), help=f"{field.description}{shown}"
        )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _request(given: dict[str, Any]) -> CollectRequest:
    """Make the request; for a job that is resumed, with what it was begun with."""
    try:
        if job_id := given.get("job_id"):
            given = _begun_with(job_id) | given
        elif "query" not in given:
            raise BadRequestError("Say what to search for: collect.py QUERY. See --help.")
        return CollectRequest.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # not one option but how they go together
            raise BadRequestError(f"{first['msg']}. See --help.") from error
        name = str(first["loc"][0]).replace("_", "-")
        label = "The query" if name == "query" else f"--{name}"
        raise BadRequestError(f"{label} cannot be used: {first['msg']}. See --help.") from error


def _begun_with(job_id: str) -> dict[str, Any]:
    with Jobs.open(Settings()) as jobs:
        job = jobs.get(job_id)
    if job is None:
        raise BadRequestError(f"There is no job {job_id} to resume.")
    return begun_with(job)


def _fail(sentence: str, code: int, is_json: bool) -> int:
    if is_json:
        sys.stdout.write(json.dumps({"error": sentence, "exit_code": code}, ensure_ascii=False))
        sys.stdout.write("\n")
    sys.stderr.write(f"{sentence}\n")
    return code


def _as_json(report: Report) -> str:
    return json.dumps(asdict(report), ensure_ascii=False, default=str) + "\n"


def _as_text(report: Report) -> str:
    """Draw the waterfall; the last line says it all."""
    lines = [f"{stage:>9} {left:6}{_bar(left, report.waterfall)}" for stage, left in _steps(report)]
    lines += [f"{reason:>19} {count:6}" for reason, count in report.waterfall.reasons.items()]
    return "\n".join(
        [
            *lines,
            f"    embed {report.embedding.seconds:6.1f} s, and {report.embedding.wait_s:.1f} s of "
            "waiting for the model",
            f"{report.waterfall.chosen} images of “{report.query}” saved in {report.out_dir} "
            f"({report.seconds:.0f} s, job {report.job_id})",
            "",
        ]
    )


def _steps(report: Report) -> list[tuple[str, int]]:
    counts = asdict(report.waterfall)
    counts.pop("reasons")
    return list(counts.items())


def _bar(left: int, waterfall: Waterfall) -> str:
    return "  " + "█" * round(40 * left / max(waterfall.found, 1))
