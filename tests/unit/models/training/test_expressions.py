"""Expressions: what they mean, how they are said, and what is kept from training."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.models.training.concepts import (
    CONCEPTS,
    HELD_OUT,
    ConceptTable,
    Meaning,
    concept_table,
    is_held_out,
    label_matrix,
)
from trackspeak.models.training.expressions import (
    CATEGORIES,
    category_of,
    evaluation_expressions,
    sample_expressions,
)
from trackspeak.models.training.grammar import say
from trackspeak.models.training.truth import Kind, ObjectTruth
from trackspeak.models.training.vocabulary import vocabulary

REAL_QUESTIONS = {
    "the red car": Meaning("car", "red"),
    "a white car": Meaning("car", "white"),
    "the light blue car": Meaning("car", "light_blue"),
    "a yellow bus": Meaning("bus", "yellow"),
    "the blue car": Meaning("car", "blue"),
    "red cars": Meaning("car", "red"),
    "vehicles moving to the left": Meaning("vehicle", direction="moves_left"),
    "the white car in the bottom lane": Meaning("car", "white", place="bottom_lane"),
    "a green truck": Meaning("truck", "green"),
    "silver car": Meaning("car", "silver"),
    "the red car moving up": Meaning("car", "red", direction="moves_up"),
}


def moving_object(
    kind: Kind,
    paint_rgb: tuple[int, int, int],
    velocity_xy: tuple[float, float],
    centre_xy: tuple[float, float],
    passes_for: tuple[Kind, ...] = (),
) -> ObjectTruth:
    times_s = np.arange(60) / 25.0
    centres = np.array(centre_xy) + (times_s - times_s[-1])[:, None] * np.array(velocity_xy)
    half_wh = np.array([30.0, 20.0])
    return ObjectTruth(
        kind=kind,
        passes_for=passes_for,
        paint_rgb=np.array(paint_rgb, np.uint8),
        seen_rgb=np.array(paint_rgb, np.float32),
        trim_rgb=np.full(3, np.nan, np.float32),
        frame_indices=np.arange(60, dtype=np.int64),
        boxes_xyxy=np.concatenate([centres - half_wh, centres + half_wh], axis=1).astype(np.float32),
        visible=np.ones(60, np.float32),
        velocities_xy=np.tile(np.array(velocity_xy, np.float32), (60, 1)),
    )


def table_of(*objects: ObjectTruth) -> ConceptTable:
    count = len(objects)
    return concept_table(
        objects, 25.0, (640, 360), np.arange(count), np.full(count, 52, np.int64), np.full(count, 59, np.int64)
    )


@pytest.fixture
def street() -> ConceptTable:
    """Of every kind one, in several colours, directions and places."""
    return table_of(
        moving_object("car", (200, 20, 20), (0, -80), (400, 100)),
        moving_object("car", (244, 244, 242), (90, 0), (300, 270)),
        moving_object("van", (18, 18, 20), (-250, 0), (200, 60)),
        moving_object("truck", (0, 128, 0), (0, 0), (560, 180)),
        moving_object("bus", (240, 200, 30), (0, 70), (100, 200)),
        moving_object("motorcycle", (30, 60, 180), (-70, 0), (500, 300)),
        moving_object("bicycle", (30, 60, 180), (70, 0), (320, 180)),
        moving_object("person", (110, 45, 150), (40, 40), (50, 300)),
        moving_object("bus", (28, 98, 52), (0, -70), (250, 200)),
    )


def test_conjunction_of_three_values() -> None:
    labels = np.zeros((9, len(CONCEPTS)), np.int8)
    labels[:, CONCEPTS.index("object")] = 1
    labels[:, CONCEPTS.index("car")] = np.repeat([1, 0, -1], 3)
    labels[:, CONCEPTS.index("red")] = np.tile([1, 0, -1], 3)
    table = ConceptTable(np.arange(9), labels)
    found = label_matrix([Meaning("car", "red"), Meaning("car"), Meaning()], table)
    assert found[:, 0].tolist() == [1, 0, -1, 0, 0, 0, -1, 0, -1]
    assert found[:, 1].tolist() == [1, 1, 1, 0, 0, 0, -1, -1, -1]
    assert found[:, 2].tolist() == [1] * 9


def test_labels_of_the_street(street: ConceptTable) -> None:
    meanings = [
        Meaning("car", "red", direction="moves_up"),
        Meaning("car"),
        Meaning("vehicle", direction="moves_left"),
        Meaning("car", "white", place="bottom_lane"),
        Meaning("vehicle", state="stopped"),
        Meaning("person", "purple"),
        Meaning("bike"),
    ]
    expected = [
        [1, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, -1, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, -1, 1, 0],
        [0, 0, 0, 0, 0, -1, 1, 0, 0],
    ]
    found = label_matrix(meanings, street)
    # A bicycle's colour is open, and whoever rides it is a person.
    assert found.T.tolist() == expected


@pytest.mark.parametrize(("text", "meaning"), REAL_QUESTIONS.items())
def test_the_real_questions_are_said_in_those_words(text: str, meaning: Meaning) -> None:
    rng = np.random.default_rng(0)
    assert not is_held_out(meaning)
    assert any(say(rng, meaning) == text for _ in range(3000))


def test_training_never_holds_a_held_out_pair_and_says_only_known_words(street: ConceptTable) -> None:
    rng = np.random.default_rng(5)
    known, said = set(vocabulary()), set()
    for expression in sample_expressions(rng, street, 20_000):
        assert not is_held_out(expression.meaning), expression
        assert expression.category != "unseen"
        said.update(expression.text.replace("-", " ").split())
    assert said == known


def test_held_out_pairs_count_for_shades_and_synonyms_too() -> None:
    assert is_held_out(Meaning("bus", "dark_green"))
    assert is_held_out(Meaning("bike", direction="moves_left"))
    assert is_held_out(Meaning("van", place="on_left", direction="moves_left"))
    assert not is_held_out(Meaning("bus", "yellow"))
    assert not is_held_out(Meaning("vehicle", "red"))


def test_every_held_out_pair_can_be_said() -> None:
    for pair in HELD_OUT:
        assert pair <= set(CONCEPTS)


def test_training_expressions_are_balanced_between_true_and_false(street: ConceptTable) -> None:
    rng = np.random.default_rng(6)
    expressions = sample_expressions(rng, street, 2000)
    labels = label_matrix([expression.meaning for expression in expressions], street)
    fits_some = (labels == 1).any(0).mean()
    assert 0.45 < fits_some < 0.8
    assert (labels == 0).sum() > 3 * (labels == 1).sum()
    assert {expression.category for expression in expressions} == set(CATEGORIES) - {"unseen"}


def test_sampling_is_repeatable(street: ConceptTable) -> None:
    first = sample_expressions(np.random.default_rng(7), street, 200)
    assert first == sample_expressions(np.random.default_rng(7), street, 200)
    assert first != sample_expressions(np.random.default_rng(8), street, 200)


def test_a_scene_of_which_nothing_holds_still_gives_expressions() -> None:
    table = ConceptTable(np.array([0]), np.zeros((1, len(CONCEPTS)), np.int8))
    expressions = sample_expressions(np.random.default_rng(9), table, 50)
    assert len(expressions) == 50
    assert not label_matrix([expression.meaning for expression in expressions], table).any()
    assert evaluation_expressions(np.random.default_rng(9), table)


def test_evaluation_asks_every_category_with_true_and_false_ones(street: ConceptTable) -> None:
    expressions = evaluation_expressions(np.random.default_rng(10), street)
    labels = label_matrix([expression.meaning for expression in expressions], street)
    for category in CATEGORIES:
        mine = [at for at, expression in enumerate(expressions) if expression.category == category]
        assert (labels[:, mine] == 0).any(), category
        assert (labels[:, mine] == 1).any(), category
    unseen = {e.meaning.concepts for e in expressions if e.category == "unseen"}
    assert ("bus", "green") in unseen
    assert ("van", "moves_left") in unseen
    known = set(vocabulary())
    assert all(set(e.text.replace("-", " ").split()) <= known for e in expressions)


@pytest.mark.parametrize(
    ("meaning", "category"),
    [
        (Meaning(colour="red"), "colour"),
        (Meaning("vehicle", "red"), "colour"),
        (Meaning("car", "red"), "combination"),
        (Meaning("person"), "kind"),
        (Meaning(place="on_left"), "place"),
        (Meaning("vehicle", direction="moves_right"), "direction"),
        (Meaning(state="stopped"), "motion"),
        (Meaning("vehicle", speed="fast"), "speed"),
        (Meaning(colour="red", direction="moves_left"), "combination"),
        (Meaning("bus", "green"), "unseen"),
    ],
)
def test_categories(meaning: Meaning, category: str) -> None:
    assert category_of(meaning) == category


def test_what_passes_for_another_kind_is_arguably_that() -> None:
    minivan = table_of(moving_object("car", (200, 20, 20), (0, -80), (400, 100), passes_for=("van",)))
    labels = label_matrix([Meaning("car"), Meaning("van"), Meaning("truck"), Meaning("vehicle")], minivan)
    assert labels.tolist() == [[1, -1, 0, 1]]
