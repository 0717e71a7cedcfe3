"""`trackspeak serve` as a process: one signal ends it, whatever it is at."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from trackspeak.models.errors import WorkerError
from trackspeak.service.settings import Settings
from trackspeak.service.tasks import WarmTask
from trackspeak.service.worker import Worker

RUNNER = "trackspeak.service.jobs.runner"
LONG_S = 120
"""Far longer than anything here takes."""

SLOW = '''
import logging, os, time
from dataclasses import dataclass
from pathlib import Path
from trackspeak.plugins.contract import Requirements

@dataclass(frozen=True)
class Options:
    pass

class Slow:
    """Starts for ever, or until the service is gone."""

    Options = Options
    requirements = Requirements()
    weights = {}

    def __init__(self, options):
        beginning = Path(__file__).with_name("beginning")
        beginning.write_text(str(os.getpid()))
        logging.getLogger("trackspeak.slow").warning("it will take long")
        beginning.rename(beginning.with_name("working"))
        service = os.getppid()
        while os.getppid() == service:
            time.sleep(0.1)
        os._exit(1)

    def reset(self, stream): ...
    def update(self, frame, detections, embeddings=None): ...
    def warnings(self): return ()
'''


class Served:
    """A service of its own process, with a tracker `slow`.

    Attributes:
        process: what serves.
        folder: the data folder; the plugin's own is `plugin` in there.
    """

    def __init__(self, folder: Path) -> None:
        plugin = folder / "plugin"
        (plugin / "slow-1.0.dist-info").mkdir(parents=True, exist_ok=True)
        (plugin / "slow_tracker.py").write_text(SLOW)
        (plugin / "slow-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
        entry = "[trackspeak.trackers]\nslow = slow_tracker:Slow\n"
        (plugin / "slow-1.0.dist-info" / "entry_points.txt").write_text(entry)
        environment = {**os.environ, "TRACKSPEAK_DATA": str(folder), "PYTHONPATH": str(plugin)}
        self.folder = folder
        command = [sys.executable, "-m", "trackspeak.service", "serve", "--no-auth", "--port", "0"]
        self._log = folder / "log.txt"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)

    @cached_property
    def url(self) -> str:
        """Where it listens, as soon as it does."""
        log = wait_for(lambda: re.search(r"running on (http://\S+)", self._log.read_text()))
        return str(log[1])

    def track(self, video: Path) -> httpx.Response:
        """Post a video, which takes for ever."""
        form = {"query": "a car", "options": json.dumps({"tracker": "slow"})}
        files = {"video": ("a.mp4", video.read_bytes())}
        return httpx.post(f"{self.url}/v1/track", files=files, data=form, timeout=LONG_S)

    def worker(self) -> int:
        """Wait until the worker is at work; gives its process id."""
        working = self.folder / "plugin" / "working"
        wait_for(working.exists)
        return int(working.read_text())

    def events(self) -> list[dict[str, Any]]:
        """What is in the log, of which every line must be one event."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def uploads(self) -> list[Path]:
        """What is below the folder for uploads, apart from the lock beside the processes' folders."""
        folder = self.folder / "uploads"
        return [path for path in folder.rglob("*") if path != folder / ".lock"]


def wait_for(look: Callable[[], Any]) -> Any:
    """Look again and again until there is something; gives that."""
    until = time.monotonic() + LONG_S
    while not (seen := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return seen


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], Served]]:
    """Start the service."""
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(tmp_path))
        return started[-1]

    yield start
    for served in started:
        served.process.kill()
        served.process.wait()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_the_middle_of_a_request(
    serve: Callable[[], Served], tiny_clip: Path, stop: signal.Signals
) -> None:
    served = serve()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(served.track, tiny_clip)
        worker = served.worker()
        served.process.send_signal(stop)
        response = asked.result()
    assert (response.status_code, response.json()["code"]) == (503, "worker_died")
    assert "the service is being stopped" in response.json()["detail"]
    assert served.process.wait(LONG_S) in (0, -stop)
    events = served.events()
    messages = {event["logger"]: event["message"] for event in events}
    assert messages["trackspeak.slow"] == "it will take long"  # of the worker process
    assert messages["trackspeak.access"].startswith("POST /v1/track 503 in")
    assert "uvicorn.error" in messages
    assert len({event["job_id"] for event in events if event["logger"] in ("trackspeak.slow", RUNNER)}) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert served.uploads() == []


@contextmanager
def upload_in_the_middle(served: Served) -> Iterator[Path]:
    """Send the beginning of a video; gives where it lies."""
    url = httpx.URL(served.url)
    head = b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    begin = b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nvideo'
    with socket.create_connection((url.host, url.port), LONG_S) as connection:
        connection.sendall(head + b"Content-Length: 100000\r\n\r\n" + begin)
        yield wait_for(lambda: [path for path in served.uploads() if path.name == "video.mp4"])[0]


def test_a_signal_ends_it_in_the_middle_of_an_upload(serve: Callable[[], Served]) -> None:
    served = serve()
    with upload_in_the_middle(served):
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(LONG_S) == 0
    assert served.uploads() == []


def test_uploads_of_a_killed_service_go_when_it_starts_again(serve: Callable[[], Served]) -> None:
    served = serve()
    with upload_in_the_middle(served) as left:
        served.process.kill()
        served.process.wait()
    assert left.exists()
    assert serve().url
    assert not left.exists()


def test_a_data_folder_that_is_none_is_one_line(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda _server: pytest.fail("it served"))
    (tmp_path / "data").touch()
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    done = command("serve", "--port", "0")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "no folder for uploads can be made" in done.err


def test_a_worker_that_is_to_end_starts_no_process(tmp_path: Path) -> None:
    worker = Worker(Settings(data=tmp_path))
    worker.end()
    with pytest.raises(WorkerError, match="the service is being stopped"):
        worker.do(WarmTask())
    assert worker.pid is None


def test_work_without_an_interface_logs_events_too(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    environment = {**os.environ, "TRACKSPEAK_DATA": str(tmp_path)}
    with log.open("w") as stderr:
        command = [sys.executable, "-m", "trackspeak.service", "work"]
        process = subprocess.Popen(command, env=environment, stderr=stderr)
    try:
        wait_for(lambda: "waiting for jobs" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG_S) == 0
    finally:
        process.kill()
        process.wait()
    messages = [json.loads(line)["message"] for line in log.read_text().splitlines()]
    assert messages == ["waiting for jobs, with 1 worker processes", "stopped"]
