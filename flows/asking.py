"""The question which group of images is the subject, where that is not clear.

Where a person is to answer it, the run pauses in Prefect, whose page then has a form. The answer
may also come from the job's page of the dashboard, by way of the job's row, or from the terminal on
which the run was started; the first one resumes the run.
"""

import logging
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from prefect.exceptions import FlowPauseTimeout, NotPausedError, PrefectException
from prefect.flow_runs import pause_flow_run, resume_flow_run
from prefect.input import RunInput
from pydantic import Field, create_model

from flows.artifacts import link_to
from flows.request import CollectRequest
from flows.run_states import this_run
from flows.temporary_server import PrefectError
from flows.terminal import asking_here
from tasks.characters import visible
from tasks.errors import AmbiguousError
from tasks.records import Accepted
from tasks.selection import Selection, choose
from tasks.subject.clustering import Outcome
from tasks.upkeep.recorder import Recorder
from tasks.workspace import Workspace
from words import Language, Message, Value, say

ANSWER_WITHIN_S = 24 * 3600
LOOK_FOR_ANSWER_EVERY_S = 1
SHOWN = 6  # images of each group
NONE = 0  # the answer that no group is the subject
_NUMBER = f"The number of the group; {NONE} if it is none of them."

Groups = tuple[tuple[Accepted, ...], ...]

log = logging.getLogger(__name__)


def resolve_ambiguity(
    selection: Selection, request: CollectRequest, workspace: Workspace, recorder: Recorder
) -> Selection:
    """Return a selection whose subject is clear, decided in the way that the request says.

    Raises ``AmbiguousError``.
    """
    if selection.choice.outcome is not Outcome.AMBIGUOUS:
        return selection
    if request.on_ambiguous == "fail":
        raise AmbiguousError("ambiguous", what=_what_is_open(selection, request))
    if request.on_ambiguous == "largest":
        log.warning("The choice is not clear: look at what was chosen and what was not.")
        return selection
    number = _ask(selection, request, recorder)
    if number == NONE:
        raise AmbiguousError("no_group_taken", query=request.query)
    log.info("Group %d is the subject, as was answered.", number)
    criteria = replace(request.criteria, group=number)
    return choose(workspace, workspace.batch_count(), model=request.model, criteria=criteria)


def _what_is_open(selection: Selection, request: CollectRequest) -> Message:
    first, *others = (len(images) for images in selection.groups)
    places: dict[str, Value] = {"query": request.query, "first": first}
    if not others:
        return Message("error.only_group_unclear", places)
    return Message("error.groups_unclear", places | {"second": others[0]})


def _ask(selection: Selection, request: CollectRequest, recorder: Recorder) -> int:
    """Pause until somebody says which group is the subject; return its number, or ``NONE``."""
    flow_run, _ = this_run()
    what, groups = _what_is_open(selection, request), selection.groups
    until = datetime.now(UTC) + timedelta(seconds=ANSWER_WITHIN_S)
    form = create_model(
        "Answer",
        __base__=RunInput,
        group=(int, Field(1, ge=NONE, le=len(groups), description=_NUMBER)),
    )
    log.warning(
        "%s Waiting until %s for an answer on the dashboard's page of this job, or on Prefect's.",
        what,
        f"{until.astimezone():%Y-%m-%d %H:%M}",
    )
    resume = partial(_resume, flow_run.id)
    recorder.ask(_question(groups, until), _in_this_context(resume))
    try:
        question = partial(_on_terminal, what, groups)
        with asking_here(question, len(groups), _in_this_context(resume)):
            answer: Any = pause_flow_run(
                form.with_initial_data(description=_in_markdown(what, groups)),
                timeout=ANSWER_WITHIN_S,
                poll_interval=LOOK_FOR_ANSWER_EVERY_S,
            )
    except FlowPauseTimeout as error:
        unanswered = AmbiguousError("unanswered", what=what)
        recorder.failed(unanswered)  # Prefect will say less of it
        raise unanswered from error
    except httpx.HTTPError as error:
        raise PrefectError("prefect_went_away", why=str(error)) from error
    finally:
        recorder.ask(None)
    return int(answer.group)


def _in_this_context(resume: Callable[[int], bool]) -> Callable[[int], bool]:
    """Let another thread call it, with the server that this one's context names."""
    context = copy_context()
    return lambda group: context.run(resume, group)


def _resume(flow_run_id: UUID, group: int) -> bool:
    """Hand an answer to the paused run; return whether it was taken."""
    try:
        resume_flow_run(flow_run_id, run_input={"group": group})
    except NotPausedError:  # it is about to pause, or somebody else was quicker
        return False
    except (httpx.HTTPError, PrefectException, RuntimeError) as error:
        log.warning("The answer %d did not reach Prefect: %s", group, error)
        return False
    return True


def _question(groups: Groups, until: datetime) -> dict[str, Any]:
    """Return what the dashboard shows; images are named by their bytes in the workspace."""
    return {
        "until": until.isoformat(),
        "groups": [
            {
                "number": number,
                "size": len(images),
                "images": [image.source_sha256 for image in images[:SHOWN]],
            }
            for number, images in enumerate(groups, start=1)
        ],
    }


def _in_markdown(what: Message, groups: Groups) -> str:
    lines = [str(what)]
    for number, images in enumerate(groups, start=1):
        lines += ["", f"**Group {number}**, {len(images)} images:", ""]
        lines += filter(None, (link_to(p.candidate) for p in images[:SHOWN]))
    return "\n".join(lines)


def _on_terminal(what: Message, groups: Groups, language: Language) -> str:
    lines = [what.said_in(language)]
    for number, images in enumerate(groups, start=1):
        lines.append(say("cli.group_of", language, which=number, n=len(images)))
        lines += (f"  {p.candidate.title} {p.candidate.url}" for p in images[:SHOWN])
    lines.append(say("cli.which_group", language))
    return visible("\n".join(lines))
