"""The geometry of an embedding space: which distances in it mean what. Pure.

The method that chooses the subject is the same for every model; these numbers are not. They were
measured on image vectors of CLIP ViT-B/32 (512 numbers, unit length): photographs of three subjects
and unrelated ones, mixed by ``benchmarks/subject_mixtures.py``. They were tuned on one half of the
subjects there and judged on the other (``benchmarks/subject.py``). Another family of models spreads
its vectors otherwise and brings a ``Geometry`` of its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Geometry:
    """The thresholds of one embedding space; the defaults are CLIP's.

    Distances are cosine distances, 0 … 2. A score is 0 at the mean of the images outside a group
    and 1 at the mean of those in it. A claim is a group's share of the votes, reduced where the
    group stands out little, 0 … 1.
    """

    # Images closer than this have the same content, and one vote together. Nearly all pairs of
    # reposts with small changes are closer, and 1 % to 5 % of the pairs of images of one subject.
    same_content: float = 0.05
    # Images show the same subject if their mean distance is less than this, as far as there is
    # nothing to compare them with: it is 0.32 within loose subjects, 0.38 or more among unrelated
    # images.
    same_subject: float = 0.35

    # The contrast of a group is the mean distance from its images to the others, divided by the
    # mean distance within it. Halves of unrelated images reach 1.2. Subjects have 1.35 (loose ones
    # in the midst of the other images) to 2.5.
    least_contrast: float = 1.25
    # How fast the claim grows with the contrast: the excess of its logarithm at which a claim is
    # 63 % of the votes. With this value a tight rival of two fifths of a loose subject's size
    # loses to it, and so does a group of two subjects to one of them.
    contrast_scale: float = 0.25
    # The contrast is divided by this if the other images are tighter than the group: the two may
    # be swapped, and what was taken for the rest may be the subject.
    background_discount: float = 1.1
    # Standard deviations between the scores of the group and of the others at which the claim is
    # no longer reduced.
    full_separation: float = 9.0

    # The ridge of the regressions, in units of a squared vector length: the first two for each
    # image, the third for all of them together. A strong one sees only what separates the group
    # broadly, a loose one tells the last few images apart.
    strong_ridge: float = 0.05
    loose_ridge: float = 0.005
    least_loose_ridge: float = 0.5

    # The score from which an image belongs to the group, and the slope there of the logistic curve
    # that turns scores into probabilities.
    admission: float = 0.7
    steepness: float = 12.0

    # A group with a lesser claim than the first is none. A claim below the second is faint: it
    # leaves the choice ambiguous, as most mixtures without a subject end there.
    least_claim: float = 0.05
    faint_claim: float = 0.14

    def loose_ridge_of(self, n: int) -> float:
        """Return the loose ridge of a regression on ``n`` images."""
        return max(self.least_loose_ridge, self.loose_ridge * n)


CLIP = Geometry()
