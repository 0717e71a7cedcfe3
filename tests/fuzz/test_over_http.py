"""The same malformed files, sent to the service: each is refused or kept, and the service stays as it was."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from malformed_videos import Case, write_malformed_videos

MEGABYTE = 1024**2


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return write_malformed_videos(tmp_path_factory.mktemp("malformed"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A service that looks at what is sent, and does no jobs."""
    from fastapi.testclient import TestClient

    from trackspeak.service.http.app import create_app
    from trackspeak.service.settings import Settings

    data: Path = tmp_path_factory.mktemp("fuzz") / "data"
    app = create_app(Settings(data=data, auth="off", run_jobs=False))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_each_is_refused_or_kept_and_the_service_stays(client: Any, cases: list[Case], tiny_clip: Path) -> None:
    def send(path: Path) -> Any:
        with path.open("rb") as file:
            return client.post("/v1/videos", files={"video": (path.name, file)})

    assert send(tiny_clip).status_code == 201
    before = psutil.Process().memory_info().rss
    statuses: Counter[int] = Counter()
    wrong = {}
    for case in cases:
        response = send(case.path)
        statuses[response.status_code] += 1
        ends = not case.name.startswith("endless")  # that others have no end is found out when they are watched
        allowed = (413, 422) if case.must_fail and ends else (200, 201, 413, 422)
        if response.status_code not in allowed:
            wrong[case.name] = f"{response.status_code}: {response.text[:200]}"
    assert wrong == {}
    assert statuses[413] + statuses[422] >= 300
    assert psutil.Process().memory_info().rss - before < 100 * MEGABYTE
    assert send(tiny_clip).status_code == 200
    assert client.get("/healthz").json() == {"status": "ok"}
    left = [path for path in (client.app.state.context.settings.data / "uploads").rglob("*") if path.is_file()]
    assert [path.name for path in left if path.name != ".lock"] == []
