"""What is worth another try: what may pass, not what stays as it is."""

import pytest
import torch
from prefect.states import Failed

from tasks.errors import (
    BadRequestError,
    BlockedError,
    BrowserError,
    ModelError,
    NoSubjectError,
    UnreachableError,
)
from tasks.process.retries import is_worth_retrying
from tasks.process.stopping import StoppedError
from tasks.search import search_page


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnreachableError("no answer"), True),
        (BrowserError("it crashed"), True),
        (ConnectionResetError("by peer"), True),
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (BlockedError("no entry"), False),
        (BadRequestError("the key is wrong"), False),
        (ModelError("no such model"), False),
        (NoSubjectError("nothing"), False),
        (StoppedError("stop"), False),
        (ValueError("a mistake of ours"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, expected: bool) -> None:
    assert is_worth_retrying(search_page, None, Failed(data=error)) is expected
