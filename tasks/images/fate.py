"""The rule that nothing that one image does may end a run.

Whatever goes wrong with one image, at any stage, is that image's fate: it is named in the log, and
it falls for a reason that is counted.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.errors import CollectError, first_line
from tasks.images.decoder import ImageError
from tasks.process.stopping import StoppedError
from tasks.records import Candidate, Reason
from words import Message

log = logging.getLogger(__name__)


@contextmanager
def its_fate(candidate: Candidate) -> Iterator[None]:
    """Do something with the candidate's image; raises ``ImageError`` where that fails.

    Errors of the run itself (a full disk, a stop) stay what they are.
    """
    try:
        yield
    except (ImageError, CollectError, StoppedError):
        raise
    except Exception as error:
        log.warning("The image of %s cannot be used: %s", candidate.url, first_line(error))
        note = Message("note.unusable", {"error": first_line(error)[:200]})
        raise ImageError(Reason.UNUSABLE, note) from error
