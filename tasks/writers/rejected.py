"""The images that were downloaded and not chosen, so that a person can see what was left out.

Of what is not good enough a small image is kept; the rest may be chosen yet, and is kept as it
would be saved.
"""

import logging
from concurrent.futures import ThreadPoolExecutor

from tasks.images.decoder import ImageError
from tasks.images.fate import its_fate
from tasks.images.saving import saved_bytes
from tasks.images.thumbnails import thumbnail
from tasks.process import stopping
from tasks.records import Accepted
from tasks.workspace import Result, writing
from tasks.writers.folder import Dataset, Writer, rejected_folder

SIDE_PX = 320

log = logging.getLogger(__name__)


def write_rejected(dataset: Dataset) -> None:
    """Keep every image that was not chosen and whose bytes are in the workspace.

    What an earlier run of the job kept stays, unless it was chosen since. Raises ``OutputError``.
    """
    selection, folder = dataset.selection, rejected_folder(dataset.folder)
    chosen = {decision.key for decision in dataset.decisions if decision.is_chosen}
    everything: list[Result] = [*selection.images, *selection.rejected]
    wanted = {r.key: r for r in everything if r.source_sha256 and r.key not in chosen}
    earlier = {path.stem for path in folder.glob("*.jpg")}
    for key in earlier - wanted.keys():
        (folder / f"{key}.jpg").unlink(missing_ok=True)

    def keep(result: Result) -> None:
        stopping.check()
        path = dataset.workspace.image_path(result.source_sha256 or "")
        try:
            with its_fate(result.candidate):
                if isinstance(result, Accepted):
                    data = saved_bytes(path.read_bytes())
                else:
                    data = thumbnail(path, SIDE_PX)
        except ImageError as error:  # one image that nobody wanted ends no run
            log.debug("No image of %s is kept: %s", result.key, error)
            return
        with writing(folder / f"{result.key}.jpg") as file:
            file.write(data)

    with ThreadPoolExecutor(thread_name_prefix="rejected") as pool:
        for _ in pool.map(keep, [wanted[key] for key in wanted.keys() - earlier]):
            pass


REJECTED_WRITER = Writer((), write_rejected)  # in a folder of their own
