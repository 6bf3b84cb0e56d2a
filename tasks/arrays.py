"""The arrays that modules hand to each other, with their shapes. Pure: numpy alone.

``n`` counts images, ``d`` is the length of a vector, ``h`` and ``w`` are a height and a width in
pixels. Where a function takes another shape than the one that stands here, it says so.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]  # (n, d): one embedding of unit length in each row
Vector = npt.NDArray[np.float32]  # (d,): one embedding of unit length

Pixels = npt.NDArray[np.uint8]  # (h, w, 3): upright, sRGB
Grey = npt.NDArray[np.uint8]  # (h, w): brightness

Labels = npt.NDArray[np.int64]  # (n,): the cluster of each image; -1 is noise
Counts = npt.NDArray[np.int64]  # (n,): how many of something each image has
Mask = npt.NDArray[np.bool_]  # (n,): which images
Indices = npt.NDArray[np.intp]  # (k,): the places of k of the images

Floats = npt.NDArray[np.floating[Any]]  # any shape and precision; both are said at the place
Bits = npt.NDArray[np.int16]  # any shape: bfloat16 numbers as they are stored
Points = npt.NDArray[np.float64]  # (n, 2): x and y of each image on a map
Numbers = Sequence[float] | Floats | Counts  # (n,): one for each image
Anything = npt.NDArray[Any]  # any shape and type, such as one input of a model
