"""The HTTP service with a real worker process, started once."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from trackspeak.service.http.app import create_app
from trackspeak.service.settings import Settings
from trackspeak.service.worker import Worker


@dataclass(frozen=True)
class Service:
    """A running service, and what it may read."""

    client: TestClient
    worker: Worker
    settings: Settings
    model: Path

    def uploads(self) -> list[Path]:
        """What is left of uploads: in the folder of the process or beside it, of jobs, and of their results."""
        found = [path for path in (self.settings.data / "uploads").glob("*/*") if path.name != ".lock"]
        for folder in ("job-videos", "results"):
            found += [path for path in (self.settings.data / folder).glob("*") if path.name != ".partial"]
        return found

    def track(self, video: Path, *queries: str, **options: Any) -> Any:
        """Post a video; the tiny model is used unless `set` says otherwise. Gives the response."""
        chosen = {"set": {"matcher.model": str(self.model)}, **options}
        with video.open("rb") as file:
            files = {"video": (video.name, file)}
            return self.client.post("/v1/track", files=files, data={"query": queries, "options": json.dumps(chosen)})


@pytest.fixture(scope="session")
def make_service(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Callable[..., Service]]:
    """Make a service: `make_service(max_queries=3)`."""
    opened: list[TestClient] = []

    def make(**changes: Any) -> Service:
        data = tmp_path_factory.mktemp("data")
        settings = Settings(data=data, **{"plugin_files": tiny_model.parent, **changes})
        app = create_app(settings)
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return Service(client, app.state.front.runners[0].worker, settings, tiny_model)

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture(scope="session")
def service(make_service: Callable[..., Service]) -> Service:
    """The service with its default limits."""
    return make_service()
