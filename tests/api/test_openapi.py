"""The interface is what its description says: every answer documented, none of them a failure of ours."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import Served

if sys.platform == "win32":
    pytest.skip("starts a service in a process", allow_module_level=True)

EXAMPLES = 12
"""Calls of each route."""

EVERY = 25
"""Fewer routes would mean that the description is not read whole."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    served = Served(folder / "data")
    yield served
    served.stop()


def test_every_answer_is_as_documented(served: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    wrong = {}
    for operation in operations:
        try:
            call_many_times(operation)
        except (AssertionError, BaseExceptionGroup) as error:  # of each operation, so that one run tells all
            nested = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
            wrong[operation.label] = "; ".join(str(one) for one in nested)
    assert not wrong, "\n\n".join(f"{label}: {error}" for label, error in wrong.items())
    assert len(operations) > EVERY


def call_many_times(operation: Any) -> None:
    """Call a route with whatever its description allows."""

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy())
    def call(case: schemathesis.Case) -> None:
        response = case.call(timeout=60)
        case.validate_response(response, checks=CHECKS)

    call()
