"""The mistakes that are told at once: before a server, a browser, a row or a folder."""

import logging

from flows.request import CollectRequest
from tasks.folder import refuse_taken, refuse_unwritable
from tasks.model.weights import refuse_no_model
from tasks.settings import DATASETS, Settings
from tasks.sources import listed
from tasks.upkeep.recorder import handling


def refuse_hopeless(request: CollectRequest, settings: Settings) -> None:
    """Raise the ``CollectError`` in which a run would end, whatever happens.

    That is where its input, the keys of its source, its model or its folder cannot be used.
    """
    source = listed.source_named(request.source)
    with handling(logging.NullHandler()):  # the run itself logs what it leaves out
        listed.refuse_hopeless(source, request.search_query, settings)
    refuse_no_model(request.model)
    if request.out_dir and not request.job_id:
        refuse_taken(request.out_dir)
    refuse_unwritable(request.out_dir or settings.data_dir / DATASETS)
