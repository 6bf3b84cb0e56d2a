"""The shorter side of an image, in pixels. Pure."""

from tasks.measures.measure import Measure, View


def short_side(view: View) -> float:
    """Return the length of the shorter side in pixels."""
    return float(min(view.grey.shape))


SHORT_SIDE = Measure(
    name="short_side",
    unit="px",
    of=short_side,
    option="min_side",
    least=300,
    lowest=1,
    highest=10_000,
    reason="too_small",
    is_recorded=False,  # width and height say it
)
