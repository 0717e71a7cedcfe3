"""Sentences taken apart, and facts judged on trajectory windows."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.models.phrases import FACTS, fact_logits, take_apart
from trackspeak.models.training.concepts import SLOTS, Meaning
from trackspeak.models.training.grammar import say
from trackspeak.models.trajectory import trajectory_window


@pytest.mark.parametrize(
    ("sentence", "colour", "kind", "facts"),
    [
        ("the red car", "red", "car", ()),
        ("Vehicles moving to the left", None, "vehicle", ("moves_left",)),
        ("a light blue van on the left side", "light_blue", "van", ("on_left",)),
        ("the white car in the bottom lane", "white", "car", ("bottom_lane",)),
        ("left-moving trucks", None, "truck", ("moves_left",)),
        ("people that are not moving", None, "person", ("stopped",)),
        ("the car driving left on the right", None, "car", ("moves_left", "on_right")),
        ("parked dark green buses at the top", "dark_green", "bus", ("stopped", "at_top")),
        ("moving things", None, "object", ("moving",)),
        ("a leftover pizza", None, "object", ()),
        ("the left car", None, "car", ("on_left",)),
        ("the right light blue van", "light_blue", "van", ("on_right",)),
        ("left-cars", None, "car", ("on_left",)),
        ("right-cars-in-black", "black", "car", ("on_right",)),
        ("left-people-who-are-walking", None, "person", ("on_left", "moving")),
        ("cars turning left", None, "car", ()),
    ],
)
def test_known_words_are_found(sentence: str, colour: str | None, kind: str, facts: tuple[str, ...]) -> None:
    said = take_apart(sentence)
    assert (said.colour, said.kind, said.facts) == (colour, kind, facts)


def test_what_a_window_cannot_tell_is_named() -> None:
    assert take_apart("a fast car turning").not_judged == ("fast", "turning")
    assert take_apart("the approaching bus").not_judged == ("approaching",)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("cars that are not red", ("not",)),
        ("people who aren't moving", ("aren't",)),
        ("cars without people", ("without", "people")),
        ("the car behind the bus", ("behind", "bus")),
        ("the red and blue cars", ("blue",)),
        ("two fast red cars beside a tree", ("two", "fast", "beside", "tree")),
        ("cars turning left", ("turning", "left")),
        ("right-cars-which-are-parking", ("parking",)),
        ("the red car on top", ("top",)),
        ("a woman in a blue jacket", ()),
        ("people that are not moving", ()),
    ],
)
def test_words_that_are_not_known_are_named(sentence: str, words: tuple[str, ...]) -> None:
    assert take_apart(sentence).not_judged == words


def test_a_sentence_that_is_compared_as_it_is_leaves_out_only_negations() -> None:
    assert take_apart("a tall tree").not_judged == ()
    assert take_apart("no tall tree").not_judged == ("no",)


def test_all_that_the_grammar_says_of_what_can_be_judged_is_understood() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        said = {
            slot: str(rng.choice(concepts))
            for slot in ("colour", "place", "direction", "state")
            if rng.random() < 0.4 and (concepts := [one for one in SLOTS[slot] if slot == "colour" or one in FACTS])
        }
        meaning = Meaning(kind=str(rng.choice(SLOTS["kind"])), **said)
        found = take_apart(text := say(rng, meaning))
        facts = {said[slot] for slot in ("place", "direction", "state") if slot in said}
        assert (found.colour, found.kind, found.not_judged) == (meaning.colour, meaning.kind, ()), text
        assert facts - {"moving"} == set(found.facts) - {"moving"}, text


def judged(velocity_xy: tuple[float, float], centre_xy: tuple[float, float]) -> set[str]:
    times_s = np.arange(50) / 25
    centres = np.array(centre_xy) + (times_s - times_s[-1])[:, None] * np.array(velocity_xy)
    half = np.array([20, 15])
    boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
    logits = fact_logits(trajectory_window(times_s, boxes, (640, 360))[None])[0]
    assert np.abs(logits).max() <= 4
    return {name for name, logit in zip(FACTS, logits, strict=True) if logit > 0}


def test_facts_follow_the_path() -> None:
    assert judged((-60, 5), (320, 40)) == {"moves_left", "moving", "at_top", "in_middle", "top_lane"}
    assert judged((0, 40), (100, 300)) == {"moves_down", "moving", "on_left", "at_bottom", "bottom_lane", "left_lane"}
    assert judged((0, 0), (600, 180)) == {"stopped", "on_right", "middle_lane", "right_lane"}
    assert "moves_right" not in judged((40, 50), (320, 180))
