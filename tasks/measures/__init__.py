"""The quality measures: each a module, and a line in ``MEASURES``.

They are taken in this order; the first whose least is not reached says why an image is rejected.
"""

from tasks.measures.measure import Measure
from tasks.measures.sharpness import SHARPNESS
from tasks.measures.short_side import SHORT_SIDE

MEASURES: tuple[Measure, ...] = (SHORT_SIDE, SHARPNESS)
