"""Every error has a code, an exit code, an HTTP status, and a place in the documentation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from trackspeak.models import errors
from trackspeak.models.errors import InputError, TrackspeakError
from trackspeak.service.problems import error_of, grpc_status_of, problem_of, status_of
from trackspeak.service.schema import problem_schema

DOCS = Path(__file__).resolve().parents[3] / "docs" / "errors.md"


def tree(kind: type[TrackspeakError] = TrackspeakError) -> Iterator[type[TrackspeakError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def made(kind: type[TrackspeakError]) -> TrackspeakError:
    error = kind.__new__(kind)
    error.args = ("what went wrong in /srv/secret",)
    return error


@pytest.mark.parametrize("kind", list(tree()))
def test_problems_have_their_shape(kind: type[TrackspeakError]) -> None:
    problem = problem_of(made(kind))
    assert list(problem) == problem_schema()["required"]  # HTTP adds the id of the request
    assert problem["code"] == kind.code
    assert problem["type"] == f"urn:trackspeak:problem:{kind.code}"
    assert problem["title"]


@pytest.mark.parametrize("kind", list(tree()))
def test_only_failures_inside_hide_their_message(kind: type[TrackspeakError]) -> None:
    problem = problem_of(made(kind))
    assert ("/srv/secret" in problem["detail"]) == (problem["status"] != 500)


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in tree()]
    assert len(codes) == len(set(codes)) > 10


def test_every_code_is_documented_with_exit_code_and_statuses() -> None:
    rows = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    documented = {row[1].strip(" `"): tuple(cell.strip() for cell in row[-4:-1]) for row in rows}
    expected = {
        kind.code: (
            "2" if issubclass(kind, InputError) else "1",
            str(status_of(made(kind)).value),
            grpc_status_of(made(kind)),
        )
        for kind in tree()
    }
    assert {code: documented.get(code) for code in expected} == expected
    assert set(documented) - set(expected) == {
        "method_not_allowed",
        "precondition_failed",
        "unsupported_media_type",
    }


@pytest.mark.parametrize("kind", list(tree()))
def test_an_error_that_was_written_down_is_made_again(kind: type[TrackspeakError]) -> None:
    again = error_of(kind.code, "what went wrong")
    assert (type(again), str(again)) == (kind, "what went wrong")
    assert problem_of(again)["code"] == kind.code


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    assert type(error_of("of a later version", "what went wrong")) is TrackspeakError


@pytest.mark.parametrize("kind", list(tree()))
def test_statuses_of_grpc_are_some_that_it_has(kind: type[TrackspeakError]) -> None:
    import grpc

    status = grpc.StatusCode[grpc_status_of(made(kind))]
    assert (status is grpc.StatusCode.INTERNAL) == (status_of(made(kind)) == 500)
