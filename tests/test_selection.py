"""A verdict on every image, and counts that add up."""

import numpy as np

from tasks.criteria import Criteria
from tasks.measures import MEASURES
from tasks.records import Accepted, Measures, Reason, Rejected, Stage, stage_of
from tasks.selection import Selection, select
from tasks.subject.geometry import Geometry
from tests.support.records import a_candidate
from tests.support.vectors import group
from words import verbatim

CRITERIA = Criteria(limit=100, eps=0.18, min_samples=3)


def image(rank: int, *, content: str = "") -> Accepted:
    """An image whose hash is unlike any other's."""
    phash = f"{np.random.default_rng(rank).integers(2**63):016x}"
    measures = Measures(500, 500, phash, {"sharpness": 100.0})
    return Accepted(a_candidate(rank), (), "JPEG", content or str(rank), measures)


def rejected(rank: int, reason: Reason) -> Rejected:
    return Rejected(a_candidate(rank), reason, verbatim("for a test"))


def a_run() -> tuple[list[Accepted], np.ndarray, list[Rejected]]:
    """12 of the subject (ranks 20 … 9, the last first), 5 of another, 3 of nothing, 4 bad ones."""
    images = [image(rank) for rank in [*range(20, 8, -1), *range(21, 26), *range(26, 29)]]
    vectors = np.concatenate(
        [group(0, 12, 0.03, 1), group(1, 5, 0.03, 2), np.eye(64, dtype=np.float32)[5:8]]
    )
    fallen = [
        rejected(1, Reason.HTTP_ERROR), rejected(2, Reason.HTTP_ERROR),
        rejected(3, "too_small"), rejected(30, Reason.TIMED_OUT),
    ]  # fmt: skip
    return images, vectors, fallen


def selected(criteria: Criteria) -> Selection:
    """What is chosen in ``a_run``."""
    images, vectors, fallen = a_run()
    return select(images, vectors, rejected=fallen, criteria=criteria)


def test_the_chosen_are_the_subject_in_the_order_of_the_page() -> None:
    selection = selected(CRITERIA)
    assert [p.candidate.rank for p in selection.chosen] == list(range(9, 21))
    assert selection.subject_count


def test_the_limit_cuts_at_the_end_of_the_page() -> None:
    selection = selected(Criteria(5, 0.18, 3))
    assert [p.candidate.rank for p in selection.chosen] == [9, 10, 11, 12, 13]
    assert selection.waterfall().reasons[Reason.OVER_LIMIT] == 7


def test_the_waterfall_adds_up_and_names_every_reason() -> None:
    waterfall = selected(Criteria(10, 0.18, 3)).waterfall()
    steps = (waterfall.found, waterfall.fetched, waterfall.good, waterfall.unique)
    assert steps == (24, 21, 20, 20)
    assert (waterfall.subject, waterfall.chosen) == (12, 10)
    assert waterfall.reasons == {
        Reason.HTTP_ERROR: 2, Reason.TIMED_OUT: 1, "too_small": 1,
        Reason.OTHER_CLUSTER: 5, Reason.NOISE: 3, Reason.OVER_LIMIT: 2,
    }  # fmt: skip
    assert waterfall.found == waterfall.chosen + sum(waterfall.reasons.values())


def test_copies_have_no_vote_on_the_subject() -> None:
    images, vectors, fallen = a_run()
    reposts = [image(rank, content="spam") for rank in range(40, 60)]
    reposts = [
        Accepted(p.candidate, (), p.format, p.source_sha256, reposts[0].measures) for p in reposts
    ]
    spam = group(3, 1, 0.03, 4).repeat(20, axis=0)
    selection = select(
        [*reposts, *images],
        np.concatenate([spam, vectors]),
        rejected=fallen,
        criteria=CRITERIA,
    )
    assert len(selection.chosen) == 12
    assert selection.waterfall().reasons[Reason.EXACT_COPY] == 19
    copies = [v for v in selection.verdicts.values() if v.reason == Reason.EXACT_COPY]
    assert {v.copy_of for v in copies} == {reposts[0].key}


def test_without_a_cluster_every_image_says_so() -> None:
    images = [image(rank) for rank in range(10)]
    selection = select(images, np.eye(64, dtype=np.float32)[:10], rejected=[], criteria=CRITERIA)
    assert selection.subject_count == 0
    assert selection.chosen == ()
    assert selection.waterfall().reasons == {Reason.NO_SUBJECT: 10}


def test_the_geometry_reaches_the_choice() -> None:
    images = [image(rank) for rank in range(10)]
    chosen = {
        same_subject: select(
            images,
            np.eye(64, dtype=np.float32)[:10],
            rejected=[],
            criteria=Criteria(100, "auto", 3),
            geometry=Geometry(same_subject=same_subject),
        ).chosen
        for same_subject in (0.35, 1.1)  # all are at right angles: their distance is 1
    }
    assert [len(of) for of in chosen.values()] == [0, 10]


def test_nothing_found_is_counted_as_nothing() -> None:
    nothing = np.zeros((0, 0), np.float32)
    waterfall = select([], nothing, rejected=[], criteria=CRITERIA).waterfall()
    assert (waterfall.found, waterfall.chosen, waterfall.reasons) == (0, 0, {})


def test_every_reason_belongs_to_a_stage_and_every_other_one_to_quality() -> None:
    assert {stage_of(reason) for reason in Reason} == set(Stage)
    assert {stage_of(measure.reason) for measure in MEASURES} == {Stage.QUALITY}
    assert stage_of("near_copy") is Stage.DUPLICATES  # as it is read from a file


def test_a_text_that_describes_one_of_two_groups_decides() -> None:
    images = [image(rank) for rank in range(1, 25)]
    vectors = np.concatenate([group(0, 12, 0.03, 1), group(1, 12, 0.03, 2)])
    criteria = Criteria(100, "auto", 3)
    for wanted in (0, 1):
        text = np.eye(64, dtype=np.float32)[wanted]
        found = select(images, vectors, rejected=[], criteria=criteria, text=text)
        assert [p.candidate.rank > 12 for p in found.chosen] == [bool(wanted)] * 12
        similar = [found.verdicts[p.key].text_similarity for p in images]
        np.testing.assert_allclose(similar, vectors @ text, rtol=1e-6)
    without = select(images, vectors, rejected=[], criteria=criteria)
    assert {verdict.text_similarity for verdict in without.verdicts.values()} == {None}
