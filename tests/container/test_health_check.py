"""The image's health check, run against small servers."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from trackspeak.service.http.app import create_app
from trackspeak.service.settings import Settings

SCRIPT = Path(__file__).resolve().parents[2] / "docker/healthcheck.py"


@contextmanager
def server(status: int) -> Iterator[tuple[int, list[str]]]:
    """Run a server that answers everything with one status; gives its port, and the paths it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        try:
            yield served.server_port, asked
        finally:
            served.shutdown()
            thread.join()


def check(port: int) -> subprocess.CompletedProcess[str]:
    proxy = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}  # must not be asked
    environment = {**os.environ, **proxy, "TRACKSPEAK_PORT": str(port)}
    return subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=False)


def test_it_passes_where_the_service_answers(tmp_path: Path) -> None:
    with server(200) as (port, asked):
        assert check(port).returncode == 0
    paths = {getattr(route, "path", None) for route in create_app(Settings(data=tmp_path)).routes}
    assert len(asked) == 1
    assert set(asked) <= paths


@pytest.mark.parametrize("status", [404, 500, 503])
def test_it_fails_at_another_status(status: int) -> None:
    with server(status) as (port, _):
        done = check(port)
    assert done.returncode == 1
    assert str(status) in done.stderr


def test_it_fails_in_one_line_where_nothing_listens() -> None:
    with server(200) as (port, _):
        pass
    done = check(port)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
