"""The command line of ``collect``: arguments in; a summary or one clear sentence out."""

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from rich.cells import cell_len

from flows.arguments import Parser
from flows.hopeless import refuse_hopeless
from flows.request import CollectRequest, described
from flows.resuming import begun_with, refuse_another
from flows.starting import STOPPED
from tasks.characters import visible
from tasks.database.jobs_table import Jobs
from tasks.errors import BadRequestError, CollectError
from tasks.findings import finding
from tasks.jobs import Job
from tasks.process import stopping
from tasks.records import Waterfall
from tasks.settings import Settings
from words import Language, Message, say

if TYPE_CHECKING:
    from flows.collect import Report

log = logging.getLogger("flows.command")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``collect`` from the command line and return the exit code."""
    parser = _parser(arguments)
    given = vars(parser.parse_args(arguments))
    language, is_json = parser.language, given.pop("json", False)
    try:
        request = _request(given)
        refuse_hopeless(request, Settings())
        from flows.running import run  # not sooner: it takes seconds, and a mistake is told at once

        report = run(request, language)
    except CollectError as error:
        return parser.fail(error.message, error.exit_code, as_json=is_json)
    except KeyboardInterrupt:
        return parser.fail(Message("cli.stopped"), STOPPED, as_json=is_json)
    except Exception as error:  # the last place that can say it; the log has the rest
        if stopping.is_interrupted():  # pydantic makes an error of its own of it
            return parser.fail(Message("cli.stopped"), STOPPED, as_json=is_json)
        log.debug("The run failed unexpectedly.", exc_info=True)
        why = f"{type(error).__name__}: {error}"
        return parser.fail(Message("cli.unexpected", {"error": why}), 1, as_json=is_json)
    sys.stdout.write(visible(_as_json(report) if is_json else _as_text(report, language)))
    return 0


def _parser(arguments: Sequence[str] | None) -> Parser:
    parser = Parser("collect", arguments)
    parser.place("query", nargs="?", metavar="QUERY", help=parser.say("cli.query"))
    schema = CollectRequest.model_json_schema()["properties"]
    for name, field in CollectRequest.model_fields.items():
        if name == "query":
            continue
        flags = [f"--{name.replace('_', '-')}"]
        if name == "out_dir":
            flags.append("--out_dir")
        about = described(name, parser.language)
        if field.annotation is bool:
            parser.option(*flags, dest=name, action="store_true", help=about)
            continue
        values = _choices(schema[name])
        if not all(value in about for value in values):
            about = parser.say("cli.one_of", about=about, values=", ".join(values))
        if field.default is not None:
            about = parser.say("cli.default", about=about, value=str(field.default))
        parser.option(*flags, dest=name, metavar=name.upper(), help=about.replace("%", "%%"))
    parser.option("--json", action="store_true", help=parser.say("cli.json"))
    return parser


def _choices(schema: dict[str, Any]) -> list[str]:
    """Return the values that an option may have, where they can be told."""
    return next((one["enum"] for one in (schema, *schema.get("anyOf", ())) if "enum" in one), [])


def _request(given: dict[str, Any]) -> CollectRequest:
    """Make the request; for a job that is resumed, with what it was begun with."""
    try:
        if job_id := given.get("job_id"):
            job = _job(job_id)
            request = CollectRequest.model_validate(begun_with(job) | given)
            from tasks.dataset import finished  # which takes a while to import

            is_complete = finished(Path(job.out_dir), job.id) is not None
            refuse_another(job, request, is_complete=is_complete)
            return request
        if "query" not in given:
            raise BadRequestError("no_query")
        return CollectRequest.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # not one option but how they go together
            raise BadRequestError("options", why=finding(first)) from error
        name = str(first["loc"][0]).replace("_", "-")
        if name == "query":
            raise BadRequestError("query", why=finding(first)) from error
        raise BadRequestError("option", option=f"--{name}", why=finding(first)) from error


def _job(job_id: str) -> Job:
    with Jobs.open(Settings()) as jobs:
        job = jobs.get(job_id)
    if job is None:
        raise BadRequestError("no_job_to_resume", job=job_id)
    return job


def _as_json(report: "Report") -> str:
    said = asdict(report) | {"note": report.note and report.note.to_json()}
    return json.dumps(said, ensure_ascii=False, default=str) + "\n"


def _as_text(report: "Report", language: Language) -> str:
    """Draw the waterfall; the last line says it all."""
    waterfall, embedding = report.waterfall, report.embedding
    lines = [
        f"{_right(say(f'waterfall.{step}', language), 9)} {left:6}{_bar(left, waterfall)}"
        for step, left in waterfall.steps()
    ]
    lines += [
        f"{_right(say(f'reason.{reason}', language), 19)} {count:6}"
        for reason, count in waterfall.reasons.items()
    ]
    embedded = say(
        "cli.embedding",
        language,
        seconds=round(embedding.seconds, 1),
        wait=round(embedding.wait_s, 1),
    )
    saved = say(
        "cli.saved",
        language,
        chosen=waterfall.chosen,
        query=report.query,
        folder=str(report.out_dir),
        seconds=round(report.seconds),
        job=report.job_id,
    )
    note = [report.note.said_in(language)] if report.note else []
    return "\n".join([*lines, f"    {embedded}", *note, saved, ""])


def _right(text: str, cells: int) -> str:
    """Align a text right; a Korean letter takes two of a terminal's cells."""
    return " " * (cells - cell_len(text)) + text


def _bar(left: int, waterfall: Waterfall) -> str:
    return "  " + _block() * round(40 * left / max(waterfall.found, 1))


def _block() -> str:
    """Return what a bar is made of, where the terminal has it."""
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "#"
    return "█"
