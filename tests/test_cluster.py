"""The group that most images belong to is the subject, at any tightness and in any order."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from tasks.cluster import choose_subject, take_group
from tasks.subject.clustering import Clustering, Kind, Outcome
from tasks.subject.geometry import CLIP, Geometry
from tasks.subject.neighbours import NOISE
from tasks.subject.weigh import diluted
from tests.support.vectors import group, unit
from words import LANGUAGES, Message, templates

CHOSEN_FOR = ("note.subject_core", "note.subject_border", "note.subject_admitted")

AXES = 256  # dimensions; random directions in them are nearly at right angles


def around(centre: int, count: int, distance: float, seed: int) -> np.ndarray:
    """Unit vectors whose mean distance to each other is as stated, around one direction.

    All that are made so share a direction too, so that groups lie about 0.45 apart, as in CLIP.
    """
    rng = np.random.default_rng([centre, 1])
    middle = np.zeros(AXES)
    middle[0], middle[1:] = np.sqrt(0.55), np.sqrt(0.45 / (AXES - 1)) * rng.normal(size=AXES - 1)
    spread = np.sqrt(distance / (1 - distance) / AXES)
    scatter = spread * np.random.default_rng(seed).normal(size=(count, AXES))
    return unit(middle / np.linalg.norm(middle) + scatter)


def unrelated(count: int, seed: int = 99) -> np.ndarray:
    """Vectors each around a direction of its own."""
    return np.concatenate([around(1000 * seed + at, 1, 0.001, at) for at in range(count)])


def mixture(*parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parts together, and which vectors are of the first."""
    return np.concatenate(parts), np.arange(sum(map(len, parts))) < len(parts[0])


def quality(found: Clustering, truth: np.ndarray) -> tuple[float, float]:
    right = (found.chosen & truth).sum()
    return right / max(1, found.chosen.sum()), right / truth.sum()


MIXTURES = {
    "tight": (around(1, 40, 0.12, 1), unrelated(40)),
    "usual": (around(1, 40, 0.22, 1), unrelated(40)),
    "loose": (around(1, 60, 0.33, 1), unrelated(60)),
    "three in ten": (around(1, 30, 0.22, 1), unrelated(70)),
    "nine in ten": (around(1, 90, 0.22, 1), unrelated(10)),
    "few": (around(1, 10, 0.15, 1), unrelated(12)),
    "a rival of 40 %": (around(1, 40, 0.25, 1), around(2, 16, 0.15, 2), unrelated(44)),
    "many reposts of one": (around(1, 30, 0.25, 1), around(2, 60, 0.02, 2), unrelated(40)),
    "nothing else": (around(1, 50, 0.22, 1),),
    "one stray": (around(1, 50, 0.22, 1), unrelated(1)),
    "another scale": (group(0, 40, 0.05, 1), np.eye(64, dtype=np.float32)[10:50]),
}


@pytest.mark.parametrize("name", MIXTURES)
def test_the_subject_is_found_without_being_told_a_radius(name: str) -> None:
    vectors, truth = mixture(*MIXTURES[name])
    found = choose_subject(vectors)
    precision, recall = quality(found, truth)
    assert precision >= 0.97
    assert recall >= 0.9
    assert found.outcome is Outcome.CLEAR


def test_the_order_of_the_images_changes_nothing() -> None:
    vectors, _ = mixture(*MIXTURES["a rival of 40 %"])
    found = choose_subject(vectors)
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(vectors))
        other = choose_subject(vectors[order])
        np.testing.assert_array_equal(other.labels, found.labels[order])
        np.testing.assert_array_equal(other.scores, found.scores[order])
        np.testing.assert_array_equal(other.neighbours, found.neighbours[order])
        assert other.kinds == tuple(found.kinds[at] for at in order)
        assert [order[g.medoid] for g in other.groups] == [g.medoid for g in found.groups]
        assert (other.eps, other.outcome) == (found.eps, found.outcome)


def test_the_same_images_give_the_same_choice_twice() -> None:
    vectors, _ = mixture(*MIXTURES["loose"])
    np.testing.assert_array_equal(choose_subject(vectors).scores, choose_subject(vectors).scores)


def test_more_images_than_the_sample_are_judged_alike() -> None:
    vectors, truth = mixture(around(1, 900, 0.22, 1), unrelated(900))
    precision, recall = quality(choose_subject(vectors), truth)
    assert precision >= 0.97
    assert recall >= 0.97


@pytest.mark.parametrize("count", [20, 60, 200])
def test_unrelated_images_have_no_clear_subject(count: int) -> None:
    found = choose_subject(unrelated(count))
    assert found.outcome is not Outcome.CLEAR


def test_one_image_posted_often_is_no_subject() -> None:
    vectors = np.concatenate([around(2, 30, 0.01, 2), unrelated(30)])
    assert choose_subject(vectors).outcome is not Outcome.CLEAR


def test_two_equal_groups_are_shown_as_such() -> None:
    first, second = around(1, 30, 0.22, 1), around(2, 30, 0.22, 2)
    found = choose_subject(np.concatenate([first, second, unrelated(20)]))
    assert found.outcome is Outcome.AMBIGUOUS
    in_question = [set(g.members.tolist()) for g in found.groups]
    assert sorted(in_question, key=min) == [set(range(30)), set(range(30, 60))]
    for one in found.groups:
        assert one.medoid in one.members
    assert found.chosen.sum() == 30


def test_a_group_gives_way_to_its_part_if_the_others_in_it_are_of_the_rest() -> None:
    vectors, is_subject = mixture(around(1, 40, 0.3, 1), unrelated(60))
    at = np.arange(len(vectors))
    members = np.stack([is_subject, at < 55, at < 20], axis=1).astype(float)

    similar, lesser = np.array([0.20, 0.22, 0.20]), np.array([0.10, 0.22, 0.10])
    assert diluted(vectors, members, claims=similar, geometry=CLIP) == [1]
    assert diluted(vectors, members, claims=lesser, geometry=CLIP) == []


def test_what_distances_mean_is_up_to_the_geometry_of_the_space() -> None:
    loose = around(1, 40, 0.45, 1)  # farther apart than images of one subject are in CLIP's space
    assert choose_subject(loose).outcome is Outcome.NONE
    assert choose_subject(loose, geometry=Geometry(same_subject=0.5)).chosen.all()

    vectors, _ = mixture(*MIXTURES["usual"])
    strict = choose_subject(vectors, geometry=replace(CLIP, admission=1.0))
    assert 0 < strict.chosen.sum() < choose_subject(vectors).chosen.sum()
    of_group = partial(take_group, vectors, strict, number=1, min_samples=3)
    gentle, steep = (of_group(geometry=replace(CLIP, steepness=s)).scores for s in (1, 12))
    assert np.ptp(gentle) < np.ptp(steep)


def two_groups() -> np.ndarray:
    """20 of one subject, 22 of another, 10 of nothing."""
    return np.concatenate([around(1, 20, 0.22, 1), around(2, 22, 0.22, 2), unrelated(10)])


OF_FIRST = np.arange(52) < 20
EVIDENCE = {
    "rank": {"ranks": np.where(OF_FIRST, 0, 40) + np.arange(52)},
    "text": {"text_similarity": np.where(OF_FIRST, 0.28, 0.2)},
    "sources": {"sources": [f"host {at}" if at < 20 else f"shop {at % 5}" for at in range(52)]},
}


@pytest.mark.parametrize("name", EVIDENCE)
def test_what_else_is_known_decides_between_like_groups(name: str) -> None:
    without = choose_subject(two_groups())
    assert not without.chosen[:20].any()
    found = choose_subject(two_groups(), **EVIDENCE[name])
    assert found.chosen[:20].all()
    assert not found.chosen[20:].any()


def test_a_misread_text_does_not_make_nothing_of_a_clear_group() -> None:
    vectors = np.concatenate([around(1, 60, 0.2, 1), unrelated(40)])
    text_similarity = np.where(np.arange(100) < 60, 0.1, 0.3)
    found = choose_subject(vectors, text_similarity=text_similarity)
    assert found.outcome is not Outcome.NONE
    np.testing.assert_array_equal(found.chosen, choose_subject(vectors).chosen)


def test_evidence_that_says_nothing_changes_nothing() -> None:
    vectors, truth = mixture(*MIXTURES["three in ten"])
    n, rng = len(vectors), np.random.default_rng(3)
    found = choose_subject(
        vectors,
        ranks=rng.permutation(n) + 1,
        sources=[f"page {at}" for at in range(n)],
        text_similarity=np.full(n, 0.2),
    )
    np.testing.assert_array_equal(found.chosen, choose_subject(vectors).chosen)
    assert quality(found, truth)[1] >= 0.9


def test_scores_are_of_the_chosen_above_one_half_and_of_no_other() -> None:
    for parts in MIXTURES.values():
        found = choose_subject(np.concatenate(parts))
        assert found.scores.min() >= 0
        assert found.scores.max() <= 1
        np.testing.assert_array_equal(found.scores >= 0.5, found.chosen)


def test_each_image_says_why() -> None:
    linked = unit(around(1, 1, 0.001, 5) + 0.55 * unrelated(1, 7))
    vectors = np.concatenate([around(1, 40, 0.2, 1), around(2, 8, 0.1, 2), unrelated(30), linked])
    found = choose_subject(vectors)
    medoid = vectors[found.groups[0].medoid]
    np.testing.assert_allclose(found.distances, 1 - vectors @ medoid, atol=1e-6)
    within = 1 - vectors @ vectors.T <= found.eps
    np.testing.assert_array_equal(found.neighbours, within.sum(axis=1) - 1)
    for at, kind in enumerate(found.kinds):
        is_chosen = kind in (Kind.CORE, Kind.BORDER, Kind.ADMITTED)
        assert is_chosen == found.chosen[at]
        is_nowhere = kind in (Kind.ALONE, Kind.EXPELLED)
        assert is_nowhere == (found.labels[at] == NOISE)
    assert set(found.kinds[40:48]) == {Kind.OTHER_GROUP}
    assert found.notes(40)[0] == Message("note.other_group", {"group": found.group_of(40)})
    assert found.notes(0)[0].code in CHOSEN_FOR
    near, from_medoid = found.notes(0)[1:]
    assert near.values["count"] == found.neighbours[0]
    assert from_medoid.values["distance"] == pytest.approx(found.distances[0], rel=0.005)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_said_in_both_languages(kind: Kind) -> None:
    found = choose_subject(np.eye(4, dtype=np.float32)[[0, 0, 0, 0, 1, 1, 1]], eps=0.1)
    notes = replace(found, kinds=(kind,) * 7).notes(4)
    assert len(notes) == 3
    for note in notes:
        assert all(note.code in templates(language) for language in LANGUAGES)
    near, from_medoid = notes[1:]
    assert near.said_in("ko") == "거리 0.1 안에 이미지 2장"
    assert from_medoid.said_in("ko") == "대표 이미지와의 거리 1"


def test_without_a_subject_nothing_is_said_of_its_most_typical_image() -> None:
    notes = choose_subject(np.eye(4, dtype=np.float32), eps=0.1).notes(0)
    assert [note.code for note in notes] == ["note.alone", "note.neighbours"]


def by_radius(vectors: np.ndarray, eps: float = 0.18, min_samples: int = 3) -> Clustering:
    return choose_subject(vectors, eps=eps, min_samples=min_samples)


def test_with_a_radius_the_labels_are_those_of_scikit_learn() -> None:
    vectors = np.concatenate([group(0, 30, 0.06, 1), group(1, 30, 0.08, 2), group(2, 30, 0.2, 3)])
    for eps in (0.05, 0.18, 0.4):
        expected = DBSCAN(eps=eps, min_samples=4, metric="cosine").fit_predict(vectors)
        np.testing.assert_array_equal(by_radius(vectors, eps, 4).labels, expected)


def test_with_a_radius_the_largest_group_is_the_subject_whatever_the_order() -> None:
    vectors = np.concatenate(
        [group(0, 8, 0.03, 1), group(1, 20, 0.04, 2), np.eye(64, dtype=np.float32)[10:30]]
    )
    is_subject = np.repeat([False, True, False], [8, 20, 20])
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(vectors))
        np.testing.assert_array_equal(by_radius(vectors[order]).chosen, is_subject[order])


def test_of_equal_groups_the_tighter_is_the_subject() -> None:
    found = by_radius(np.concatenate([group(0, 10, 0.05, 1), group(1, 10, 0.01, 2)]))
    assert found.chosen.tolist() == [False] * 10 + [True] * 10


def test_of_equal_and_equally_tight_groups_the_first_rank_is_the_subject() -> None:
    same = np.repeat(np.eye(2, 64, dtype=np.float32), 5, axis=0)
    assert by_radius(same).chosen.tolist() == [True] * 5 + [False] * 5
    ranks = [6, 7, 8, 9, 10, 1, 2, 3, 4, 5]
    found = choose_subject(same, eps=0.18, ranks=ranks)
    assert found.chosen.tolist() == [False] * 5 + [True] * 5
    assert found.outcome is Outcome.AMBIGUOUS


def test_scores_fall_with_the_distance_from_the_subject() -> None:
    vectors = np.concatenate([group(0, 20, 0.03, 1), -group(0, 1, 0.03, 2), group(1, 1, 0.03, 3)])
    scores = by_radius(vectors).scores
    assert scores[:20].min() > 0.8
    assert scores[20:].max() < 0.5


@pytest.mark.parametrize("eps", ["auto", 0.18])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_images_have_no_subject(eps: float, count: int) -> None:
    found = choose_subject(np.eye(count, 64, dtype=np.float32), eps=eps)
    assert found.outcome is Outcome.NONE
    assert found.subject is None
    assert found.labels.tolist() == [NOISE] * count
    assert found.scores.tolist() == [0] * count
    assert found.kinds == (Kind.ALONE,) * count
    assert not found.chosen.any()


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 8])
def test_a_handful_of_images_is_judged_without_complaint(count: int) -> None:
    alike = choose_subject(around(1, count, 0.15, 1))
    assert alike.chosen.all()
    assert choose_subject(unrelated(count)).outcome is not Outcome.CLEAR


@pytest.mark.parametrize("spread", [0.0, 0.001, 0.01, 0.02])
@pytest.mark.parametrize("count", [3, 12, 40])
def test_all_alike_is_one_subject(spread: float, count: int) -> None:
    same = np.repeat(np.eye(1, 64, dtype=np.float32), count, axis=0)
    vectors = same if spread == 0 else around(1, count, spread, 1)
    found = choose_subject(vectors)
    assert (found.outcome, found.chosen.all()) == (Outcome.CLEAR, True)
    assert by_radius(vectors).chosen.all()  # as DBSCAN has it


@pytest.mark.parametrize("others", [1, 2, 5])
def test_one_content_with_most_of_the_votes_is_the_subject(others: int) -> None:
    found = choose_subject(np.concatenate([around(1, 25, 0.01, 1), unrelated(others)]))
    assert found.chosen.tolist() == [True] * 25 + [False] * others


def test_one_content_of_one_page_has_one_vote_and_is_no_subject() -> None:
    vectors = np.concatenate([around(1, 25, 0.01, 1), unrelated(5)])
    sources = ["one page"] * 25 + [f"page {n}" for n in range(5)]
    assert not choose_subject(vectors, sources=sources).chosen.any()


@pytest.mark.parametrize("contents", [(15, 15), (20, 10), (2, 1)])
def test_fewer_contents_than_min_samples_are_judged_by_their_votes(
    contents: tuple[int, int],
) -> None:
    first, second = contents
    vectors = np.concatenate([around(1, first, 0.01, 1), around(2, second, 0.01, 2)])
    found = choose_subject(vectors)
    has_most = first > max(second, 2)
    assert found.chosen.tolist() == [has_most] * first + [False] * second


@pytest.mark.parametrize("eps", ["auto", 0.18])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_are_an_error_that_says_so(eps: float, value: float) -> None:
    vectors = unrelated(5)
    vectors[2, 3] = value
    with pytest.raises(ValueError, match="no finite numbers"):
        choose_subject(vectors, eps=eps)
