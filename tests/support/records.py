"""The record of a dataset whose selection a test made by itself."""

from typing import Any

from tasks.dataset import versions
from tasks.ledger import JobRecord
from tasks.selection import Selection


def a_record(selection: Selection, **others: Any) -> JobRecord:
    """Return what ``job.json`` says of job a1, in which 사과 was searched for."""
    known = {"id": "a1", "query": "사과", "counts": selection.waterfall(), "versions": versions()}
    return JobRecord(**known | others)
