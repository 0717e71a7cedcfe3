"""The examples in the interface's description keep to the schemas beside them, and every JSON body has one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service.http.app import create_app
from trackspeak.service.settings import Settings


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data: Path = tmp_path_factory.mktemp("examples")
    found: dict[str, Any] = create_app(Settings(data=data, auth="off")).openapi()
    return found


def contents(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every JSON content of a request or an answer, with where it is."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "application/json" and "schema" in value:
                yield place, value
            yield from contents(value, f"{place} {key}")


def test_examples_keep_to_their_schemas(described: dict[str, Any]) -> None:
    shown = [(place, one) for place, one in contents(described["paths"]) if "example" in one]
    assert len(shown) > 15
    wrong = {}
    for place, one in shown:
        try:
            jsonschema.validate(one["example"], {**one["schema"], "components": described["components"]})
        except jsonschema.ValidationError as error:
            wrong[place] = error.message
    assert wrong == {}


def test_every_json_body_has_an_example(described: dict[str, Any]) -> None:
    bodies = [(place, one) for place, one in contents(described["paths"]) if " requestBody " in f"{place} "]
    assert bodies
    assert [place for place, one in bodies if "example" not in one and "url" not in one["schema"]["properties"]] == []
