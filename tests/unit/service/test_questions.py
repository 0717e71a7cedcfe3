"""Questions put together from sentences: how they are read, what is wrong with them, and how sure they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from trackspeak.models.errors import QueryError
from trackspeak.plugins.contract import Scores
from trackspeak.service import RunOptions, track
from trackspeak.service.questions import Both, Not, Part, Question, combine, parse_question, sentences_of
from trackspeak.service.schema import result_schema

A, B, C = Part("a"), Part("b c"), Part("d")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("the car and not the bus", Part("the car and not the bus")),
        ('"a"', A),
        ('"a" and "b c"', Both((A, B), every=True)),
        ('"a" or "b c" and "d"', Both((A, Both((B, C), every=True)), every=False)),
        ('("a" or "b c") AND "d"', Both((Both((A, B), every=False), C), every=True)),
        ('not "a" and "d"', Both((Not(A), C), every=True)),
        ('not ("a" or "d")', Not(Both((A, C), every=False))),
        ('"a"and(not"d")', Both((A, Not(C)), every=True)),
        ('"a" and "b c" and "d"', Both((A, B, C), every=True)),
    ],
)
def test_or_binds_less_than_and_which_binds_less_than_not(text: str, expression: object) -> None:
    assert parse_question(text) == Question(text, expression)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"a" and', r'column 8: a sentence in double quotes, not, or "\(" must stand here, got the end'),
        ('"a" "b"', "column 5: and, or, or the end must stand here, got 'b'"),
        ('"a" xor "b"', "column 5: and, or, or the end must stand here, got 'xor'"),
        ('and "a"', r"column 1: a sentence .* must stand here, got 'and'"),
        ('"a" or ("b" and "c"', "column 20: and, or, or a closing parenthesis must stand here, got the end"),
        ('"a")', r"column 4: and, or, or the end must stand here, got '\)'"),
        ('"a" and "b', "column 9: a quote is opened and not closed"),
        ('"a" and " "', "column 9: a sentence must stand between the quotes, got nothing"),
        ("(" * 60 + '"a"' + ")" * 60, "at most 50 levels"),
        ("not " * 60 + '"a"', "at most 50 levels"),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        parse_question(text)


def test_each_sentence_is_asked_once() -> None:
    questions = [parse_question(text) for text in ('"a" and "d"', "d", '"d" or not "a"')]
    assert sentences_of(questions) == ("a", "d")
    assert [question.is_sentence for question in questions] == [False, True, False]
    assert questions[2].parts == ("d", "a")


@pytest.mark.parametrize(("kind", "threshold"), [("probability", 0.5), ("cosine", 0.0)])
def test_at_the_threshold_an_expression_is_true_where_logic_says_so(kind: Any, threshold: float) -> None:
    generator = np.random.default_rng(0)
    values = generator.uniform(0, 1, (500, 3)) if kind == "probability" else generator.normal(0, 1, (500, 3))
    scores = Scores(values.astype(np.float32), kind)
    a, b, d = (scores.values > threshold).T
    for text, wanted in {
        '"a" and "b" and not "d"': a & b & ~d,
        '("a" or "b") and not ("d" and "a")': (a | b) & ~(d & a),
        'not "a" or "d" and "b"': ~a | (d & b),
        "a": a,
    }.items():
        (found,) = combine([parse_question(text)], ("a", "b", "d"), scores).values.T
        np.testing.assert_array_equal(found > threshold, wanted)


def test_the_score_is_that_of_the_least_sure_part() -> None:
    scores = Scores(np.float32([[0.9, 0.6, 0.2]]), "probability")
    texts = ("a", "b", "d")
    questions = [parse_question(text) for text in ('"a" and "b"', '"a" or "b"', 'not "d"', '"a" and not "d"')]
    np.testing.assert_allclose(combine(questions, texts, scores).values, [[0.6, 0.9, 0.8, 0.8]], rtol=1e-6)


def test_an_answer_has_the_score_of_each_part(tiny_clip: Path, tiny_model: Path) -> None:
    options = RunOptions(set={"matcher.model": str(tiny_model)}, threshold=-100.0)
    result = track(tiny_clip, ['"the red car" and not "a bus"', "the red car", "a bus"], options)
    jsonschema.validate(result.to_dict(), result_schema())
    both, red, bus = result.queries
    assert both.query == '"the red car" and not "a bus"'
    assert both.tracks
    for found in both.tracks:
        parts = dict(found.part_scores)
        assert list(parts) == ["the red car", "a bus"]
        for answer in (red, bus):
            (alone,) = [one for one in answer.tracks if one.track_id == found.track_id]
            assert parts[answer.query] == pytest.approx(alone.frame_scores.mean(), abs=1e-4)
        assert found.score <= parts["the red car"] + 1e-6
    assert all(found.part_scores == () for found in red.tracks)
    assert "parts" not in result.to_dict()["queries"][1]["tracks"][0]


def test_the_command_points_at_the_column(command: Callable[..., Any], tiny_clip: Path) -> None:
    done = command("run", tiny_clip, "-q", '"a car" and nothing')
    assert done.code == 2
    assert "column 13" in done.err
