"""The vectors of a dataset's images, and of the text that they were compared with."""

import numpy as np

from tasks.workspace import writing
from tasks.writers.folder import EMBEDDINGS, TEXT, Dataset, Writer


def write_vectors(dataset: Dataset) -> None:
    """Write the vectors; raises ``OutputError``."""
    selection = dataset.selection
    with writing(dataset.folder / EMBEDDINGS) as file:
        np.save(file, selection.vectors, allow_pickle=False)
    if selection.text is not None:
        with writing(dataset.folder / TEXT) as file:
            np.save(file, selection.text, allow_pickle=False)


VECTORS_WRITER = Writer((EMBEDDINGS, TEXT), write_vectors)
