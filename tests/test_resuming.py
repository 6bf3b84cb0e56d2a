"""What a job that goes on may be asked."""

from pathlib import Path
from typing import Any

import pytest

from flows.request import CollectRequest
from flows.resuming import refuse_another
from tasks.errors import BadRequestError
from tasks.jobs import Job, Status

ASKED = CollectRequest(query="고양이", limit=30, min_side=200, eps=0.2)
JOB = Job(
    "a" * 32, "고양이", 30, "/data/cats", Status.FAILED,
    request=ASKED.model_dump(mode="json", exclude={"job_id", "skip_bad"}),
)  # fmt: skip
FEWER = {"limit": 29}
OTHERS: dict[str, Any] = {
    "query": "개", "min_side": 300, "size": "large", "out_dir": Path("/data/dogs"),
    "skip_bad": True,
}  # fmt: skip
ANOTHER_CHOICE: dict[str, Any] = {
    "eps": "auto", "limit": 31, "max_candidates": 2000, "describe": "a cat", "min_samples": 9,
}  # fmt: skip
OF_THE_RUN: dict[str, Any] = {
    "lang": "ko", "device": "cpu", "task_runner": "dask", "out_dir": Path("/data/cats"),
}  # fmt: skip


def asked(**changes: object) -> CollectRequest:
    return CollectRequest.model_validate(ASKED.model_dump() | {"job_id": JOB.id} | changes)


@pytest.mark.parametrize("is_complete", [False, True])
@pytest.mark.parametrize("option", [*OTHERS, *FEWER])
def test_other_candidates_or_fewer_are_refused(option: str, *, is_complete: bool) -> None:
    request = asked(**{option: (OTHERS | FEWER)[option]})
    with pytest.raises(BadRequestError, match=option.replace("_", "-")):
        refuse_another(JOB, request, is_complete=is_complete)


@pytest.mark.parametrize("option", ANOTHER_CHOICE)
def test_a_job_that_goes_on_may_choose_otherwise_and_one_that_is_done_may_not(option: str) -> None:
    request = asked(**{option: ANOTHER_CHOICE[option]})
    refuse_another(JOB, request, is_complete=False)
    with pytest.raises(BadRequestError, match="is done, and its dataset stays as it is"):
        refuse_another(JOB, request, is_complete=True)


@pytest.mark.parametrize("is_complete", [False, True])
def test_the_same_is_taken_however_it_is_to_be_run(*, is_complete: bool) -> None:
    refuse_another(JOB, asked(**OF_THE_RUN), is_complete=is_complete)
