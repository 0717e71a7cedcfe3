"""A service in a process of its own, which tests may kill."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

LONG_S = 120
"""Far longer than anything here takes."""


def wait_for(look: Callable[[], Any], what: str = "it") -> Any:
    """Look again and again until there is something; gives that."""
    until = time.monotonic() + LONG_S
    while not (seen := look()):
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.05)
    return seen


class Served:
    """`trackspeak serve` over a data folder; the environment of whoever runs the tests is left out.

    Attributes:
        data: the data folder.
        log: file of its log, and of others over the same folder.
        process: what serves.
        url: where it listens.
    """

    def __init__(self, data: Path, port: int = 0, **settings: Any) -> None:
        """Start it, and wait until it listens; port 0 takes a free one."""
        self.data = data
        own = {name: value for name, value in os.environ.items() if not name.startswith("TRACKSPEAK_")}
        chosen = {"data": data, "auth": "off", "log_format": "text", **settings}
        own |= {f"TRACKSPEAK_{name.upper()}": str(value) for name, value in chosen.items()}
        self.log = data.parent / f"{data.name}.log"
        with self.log.open("a") as file:
            begin = self.log.stat().st_size
            command = [sys.executable, "-m", "trackspeak.service", "serve", "--port", str(port)]
            self.process = subprocess.Popen(command, env=own, stderr=file)
        listening = wait_for(
            lambda: re.search(r"running on (http://[\w.:]+)", self.log.read_text()[begin:]), "the service"
        )
        self.url = str(listening[1])

    def submit(self, video: Path, query: str, options: dict[str, Any]) -> str:
        """Have a job accepted; gives its id."""
        form = {"query": query, "options": json.dumps(options)}
        files = {"video": (video.name, video.read_bytes())}
        headers = {"Prefer": "respond-async"}
        response = httpx.post(f"{self.url}/v1/track", files=files, data=form, headers=headers, timeout=LONG_S)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def job(self, job_id: str) -> Any:
        """Give a job as it is now."""
        return httpx.get(f"{self.url}/v1/jobs/{job_id}", timeout=LONG_S).json()

    def result(self, job_id: str) -> Any:
        """Give the result of a job, but for what it took."""
        response = httpx.get(f"{self.url}/v1/jobs/{job_id}/result", timeout=LONG_S)
        assert response.status_code == 200, response.text
        return {**response.json(), "timings_s": 0}

    def worker_pids(self) -> list[int]:
        """Give the processes that may be at work."""
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]
        return []

    def kill(self) -> None:
        """Kill the service itself, as the system does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as an administrator does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(LONG_S)
        finally:
            self.process.kill()
            self.process.wait()
