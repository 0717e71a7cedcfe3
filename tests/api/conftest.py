"""The HTTP service with a real worker process, started once."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
    worker: Worker | None
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


def services(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Callable[..., Service]]:
    """Give what makes services that ask nobody for a key, and end them."""
    with ExitStack() as opened:

        def make(**changes: Any) -> Service:
            data = tmp_path_factory.mktemp("data")
            settings = Settings(data=data, **{"auth": "off", "plugin_files": model.parent, **changes})
            app = create_app(settings)
            client = opened.enter_context(TestClient(app, raise_server_exceptions=False))
            workers = [runner.worker for runner in app.state.front.runners]
            return Service(client, workers[0] if workers else None, settings, model)

        yield make


@pytest.fixture(scope="session")
def make_service(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Callable[..., Service]]:
    """Make a service that asks nobody for a key and stays for all tests: `make_service(max_queries=3)`."""
    yield from services(tmp_path_factory, tiny_model)


@pytest.fixture
def make_brief_service(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Callable[..., Service]]:
    """Make a service that ends with the test: each has processes of its own, which take much memory."""
    yield from services(tmp_path_factory, tiny_model)


@pytest.fixture(scope="session")
def service(make_service: Callable[..., Service]) -> Service:
    """The service with its default limits."""
    return make_service()


@pytest.fixture(scope="session")
def both(make_service: Callable[..., Service]) -> Service:
    """A service that speaks gRPC too; whoever has jobs done there removes them."""
    return make_service(grpc_port=0)


@dataclass(frozen=True)
class Keyed:
    """A service that wants keys, without worker processes.

    Attributes:
        client: of the service, with no key.
        settings: of the service.
    """

    client: TestClient
    settings: Settings

    def key(self, *scopes: str) -> str:
        """Make a key."""
        from trackspeak.service.access.keys import open_keys

        with open_keys(self.settings) as keys:
            return keys.create("test", scopes)[0]

    def headers(self, *scopes: str) -> dict[str, str]:
        """Make a key, and give the header that sends it."""
        return {"Authorization": f"Bearer {self.key(*scopes)}"}


@pytest.fixture
def make_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TestClient]]:
    """Make a service without worker processes: `make_idle(auth="off")`."""
    monkeypatch.setattr(Worker, "start", lambda _worker: None)
    with ExitStack() as opened:

        def make(**changes: Any) -> TestClient:
            app = create_app(Settings(data=tmp_path / "data", run_jobs=False, **changes))
            return opened.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def keyed(make_idle: Callable[..., TestClient]) -> Keyed:
    """A service that wants keys, as it is by default, with a database of its own."""
    client = make_idle()
    return Keyed(client, client.app.state.context.settings)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def keep(make_service: Callable[..., Service], tiny_clip: Path) -> tuple[Service, Callable[..., str]]:
    """A service, and what keeps an index of the clip in it unless it has it: gives its id."""
    from trackspeak.service import RunOptions
    from trackspeak.service.assemble import assemble
    from trackspeak.service.indexing import index_id, make_index
    from trackspeak.service.limits import Limits
    from trackspeak.service.pipeline.decode import open_video
    from trackspeak.service.store.indexes import Indexes

    service = make_service()
    indexes = Indexes(service.settings.indexes_folder)

    def index(**options: Any) -> str:
        chosen = RunOptions(**options)
        assembly, video = assemble(chosen), open_video(tiny_clip, Limits())
        if index_id(video, assembly, chosen) not in indexes:
            indexes.add(make_index(video, "street.mp4", assembly, chosen, thumbnails=True))
        return index_id(video, assembly, chosen)

    return service, index
