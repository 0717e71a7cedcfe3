"""Colour words against paints that nobody argues about, and against some that people do."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.models.training.colours import (
    BASE_COLOURS,
    COLOUR_CONCEPTS,
    colour_labels,
    colour_matrix,
    oklch,
    seen_colour_matrix,
)


@pytest.mark.parametrize(
    ("paint_rgb", "words"),
    [
        ((200, 20, 20), {"red"}),
        ((220, 20, 60), {"red"}),
        ((128, 0, 0), {"red", "dark_red"}),
        ((235, 110, 20), {"orange"}),
        ((240, 200, 30), {"yellow"}),
        ((0, 128, 0), {"green"}),
        ((20, 60, 35), {"green", "dark_green", "dark"}),
        ((170, 230, 180), {"green", "light_green"}),
        ((30, 60, 180), {"blue"}),
        ((20, 25, 60), {"dark_blue", "dark"}),
        ((110, 160, 206), {"blue", "light_blue"}),
        ((160, 185, 195), {"light_blue"}),
        ((110, 45, 150), {"purple"}),
        ((240, 150, 186), {"pink"}),
        ((120, 75, 45), {"brown"}),
        ((205, 188, 155), {"beige"}),
        ((244, 244, 242), {"white"}),
        ((190, 192, 194), {"silver"}),
        ((128, 128, 128), {"grey"}),
        ((80, 80, 80), {"grey", "dark_grey"}),
        ((18, 18, 20), {"black", "dark"}),
    ],
)
def test_clear_paints_have_their_words(paint_rgb: tuple[int, int, int], words: set[str]) -> None:
    labels = colour_labels(np.array(paint_rgb, np.uint8))
    assert {concept for concept, label in labels.items() if label == 1} == words


@pytest.mark.parametrize(
    ("paint_rgb", "arguable"),
    [
        ((160, 185, 195), {"silver", "grey"}),
        ((20, 25, 60), {"blue"}),
        ((205, 188, 155), {"white", "yellow", "brown"}),
        ((128, 128, 0), {"green", "yellow"}),
        ((0, 128, 128), {"green", "blue"}),
        ((250, 128, 114), {"red", "pink", "orange"}),
        ((55, 55, 58), {"black", "dark_grey"}),
    ],
)
def test_borderline_paints_are_arguable(paint_rgb: tuple[int, int, int], arguable: set[str]) -> None:
    labels = colour_labels(np.array(paint_rgb, np.uint8))
    assert arguable <= {concept for concept, label in labels.items() if label == -1}


def test_silver_blue_is_not_clearly_not_white_only_when_pale() -> None:
    assert colour_labels((190, 205, 208))["white"] == -1
    assert colour_labels((110, 160, 206))["white"] == 0


def test_a_clear_shade_never_denies_its_plain_colour() -> None:
    paints = np.random.default_rng(1).integers(0, 256, (20_000, 3))
    labels = colour_matrix(paints)
    for shade, plain in BASE_COLOURS.items():
        holds = labels[:, COLOUR_CONCEPTS.index(shade)] == 1
        assert holds.any(), shade
        assert (labels[holds, COLOUR_CONCEPTS.index(plain)] != 0).all(), shade


def test_clear_hues_exclude_each_other() -> None:
    paints = np.random.default_rng(2).integers(0, 256, (20_000, 3))
    labels = colour_matrix(paints)
    plain = [at for at, concept in enumerate(COLOUR_CONCEPTS) if concept not in BASE_COLOURS and concept != "dark"]
    assert ((labels[:, plain] == 1).sum(1) <= 1).all()


def test_every_word_has_all_three_answers() -> None:
    labels = colour_matrix(np.random.default_rng(3).integers(0, 256, (50_000, 3)))
    # Neutral paints are rare among random ones.
    neutral = colour_matrix(np.arange(256)[:, None].repeat(3, axis=1))
    for column, concept in enumerate(COLOUR_CONCEPTS):
        answers = set(labels[:, column].tolist()) | set(neutral[:, column].tolist())
        assert answers == {-1, 0, 1}, concept


def test_oklch_of_the_primaries() -> None:
    # Reference values of the OKLab definition.
    expected = [[0.62796, 0.25768, 29.234], [0.86644, 0.29483, 142.495], [0.45201, 0.31321, -95.948]]
    np.testing.assert_allclose(oklch([[255, 0, 0], [0, 255, 0], [0, 0, 255]]), expected, atol=1e-3)


NONE = (np.nan, np.nan, np.nan)


def seen_labels(
    paint_rgb: tuple[int, int, int], seen_rgb: tuple[float, float, float], trim_rgb: tuple[float, float, float] = NONE
) -> dict[str, int]:
    row = seen_colour_matrix(np.array([paint_rgb]), np.array([seen_rgb]), np.array([trim_rgb]))[0]
    return dict(zip(COLOUR_CONCEPTS, row.tolist(), strict=True))


def test_a_paint_that_looks_like_itself_keeps_its_words() -> None:
    assert seen_labels((200, 20, 20), (190, 30, 30)) == colour_labels(np.array((190, 30, 30)))


def test_where_paint_and_look_disagree_a_word_is_arguable() -> None:
    at_dusk = seen_labels((244, 244, 242), (120, 122, 124))
    assert at_dusk["white"] == at_dusk["grey"] == -1
    assert at_dusk["red"] == 0


def test_a_paint_that_hardly_shows_leaves_every_word_arguable() -> None:
    assert set(seen_labels((200, 20, 20), NONE).values()) == {-1}


def test_a_second_large_surface_may_name_the_object_too() -> None:
    plain, trimmed = (
        seen_labels((200, 20, 20), (190, 30, 30)),
        seen_labels((200, 20, 20), (190, 30, 30), (250, 250, 250)),
    )
    assert (plain["red"], plain["white"], plain["blue"]) == (1, 0, 0)
    assert (trimmed["red"], trimmed["white"], trimmed["blue"]) == (1, -1, 0)
