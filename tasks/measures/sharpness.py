"""The sharpness of an image: the variance of its Laplacian. Pure.

The focus measure of Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000.
"""

import cv2

from tasks.measures.measure import Measure, View


def sharpness(view: View) -> float:
    """Return the variance of the Laplacian of the grey image.

    The 16-bit Laplacian is exact for 8-bit input, and so are its sums.
    """
    laplacian = cv2.Laplacian(view.grey, cv2.CV_16S)
    mean = cv2.sumElems(laplacian)[0] / laplacian.size
    return cv2.norm(laplacian, cv2.NORM_L2SQR) / laplacian.size - mean**2


SHARPNESS = Measure(
    name="sharpness",
    unit="variance of the Laplacian",
    of=sharpness,
    option="min_sharpness",
    least=50.0,
    lowest=0,
    highest=1e6,
    reason="blurred",
)
