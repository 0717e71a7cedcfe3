"""Packages of others, installed as pip does it: one that works, by name over HTTP, beside one that is broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
LONG_S = 120
"""Far longer than anything here takes."""

REASONS = {
    "no-import": "broken_import:Tracker cannot be imported: ModuleNotFoundError: No module named "
    "'a_library_that_nobody_has'",
    "wrong-signature": "the constructor must take the options as its only argument",
    "no-dataclass": "Options must be a frozen dataclass",
}


@dataclass(frozen=True)
class Environment:
    """An environment of its own, which sees all of the one that runs the tests.

    Attributes:
        python: its interpreter.
        sources: copies of the packages that are installed in it.
    """

    python: Path
    sources: Path

    def run(self, *arguments: object) -> str:
        """Run a module; gives what it prints."""
        command = [str(self.python), "-m", *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.sources)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plugins(self) -> dict[str, dict[str, Any]]:
        """List the trackers by name."""
        listed = json.loads(self.run("trackspeak.service", "plugins", "--json"))
        return {plugin["name"]: plugin for plugin in listed if plugin["kind"] == "tracker"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install the two packages; nothing is downloaded, and nothing built in the source tree."""
    folder = tmp_path_factory.mktemp("third-party")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    made = Environment(folder / "venv/bin/python", folder / "sources")
    made.sources.mkdir()
    (outer,) = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([made.python, "-c", query], check=True, capture_output=True, text=True).stdout.strip()
    # not its bare path: an editable install of trackspeak is itself a .pth file in there
    (Path(own) / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
    for name in ("iou_tracker", "broken_plugins"):
        package = shutil.copytree(FIXTURES / name, made.sources / name)
        made.run("pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", package)
    return made


@pytest.fixture(scope="module")
def served(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Serve from that environment; gives where it listens, and its log."""
    folder = tmp_path_factory.mktemp("served")
    log = folder / "log.txt"
    variables = {name: value for name, value in os.environ.items() if not name.upper().startswith("TRACKSPEAK_")}
    command = [environment.python, "-m", "trackspeak.service", "serve", "--no-auth", "--port", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, env={**variables, "TRACKSPEAK_DATA": str(folder)}, stderr=errors)
    try:
        until = time.monotonic() + LONG_S
        while (found := re.search(r"running on (http://\S+)", log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.05)
        yield found[1], log
    finally:
        process.terminate()
        process.wait(LONG_S)


def test_what_was_installed_is_listed(environment: Environment) -> None:
    iou = environment.plugins()["iou"]
    assert iou["error"] is None
    assert iou["summary"] == "Joins each box to the one before that it overlaps most."
    assert iou["distribution"] == "iou-tracker 1.2.0"
    assert [(option["name"], option["type"], option["default"]) for option in iou["options"]] == [
        ("min_overlap", "number >= 0 and <= 1", 0.3)
    ]


def test_what_is_broken_is_listed_with_its_reason(environment: Environment) -> None:
    listed = environment.plugins()
    for name, reason in REASONS.items():
        assert reason in listed[name]["error"]
        assert listed[name]["distribution"] == "broken-plugins 0.9"
    assert listed["bytetrack"]["error"] is None


def test_nothing_was_built_in_the_source_tree(environment: Environment) -> None:
    left = {path.name for path in FIXTURES.rglob("*") if path.is_dir() and path.name != "__pycache__"}
    assert left == {"iou_tracker", "broken_plugins", "src"}


def test_its_authors_can_run_the_kit(environment: Environment) -> None:
    printed = environment.run("pytest", "-q", "-p", "no:cacheprovider", "iou_tracker/conformance.py")
    passed = re.search(r"(\d+) passed, 1 skipped", printed)
    assert passed is not None, printed
    assert int(passed[1]) > 20


def test_it_tracks_by_its_name_over_http(served: tuple[str, Path], tiny_clip: Path) -> None:
    options = {"tracker": "iou", "threshold": 0.0, "set": {"tracker.min_overlap": 0.25}}
    form = {"query": "a car", "options": json.dumps(options)}
    files = {"video": ("street.mp4", tiny_clip.read_bytes())}
    response = httpx.post(f"{served[0]}/v1/track", files=files, data=form, timeout=LONG_S)
    assert response.status_code == 200, response.text
    result = response.json()
    assert result["plugins"]["tracker"] == {"name": "iou", "options": {"min_overlap": 0.25}}
    assert [track["track_id"] for track in result["queries"][0]["tracks"]]


def test_over_http_what_is_broken_is_listed_with_the_reason_and_no_folders(served: tuple[str, Path]) -> None:
    url, log = served
    listed = {plugin["name"]: plugin for plugin in httpx.get(f"{url}/v1/plugins", timeout=LONG_S).json()}
    assert listed["iou"]["error"] is None
    for name, reason in REASONS.items():
        assert reason in listed[name]["error"]
        assert str(log.parent) not in listed[name]["error"]
        assert reason in log.read_text()


def test_a_broken_one_asked_for_is_an_error_and_the_service_goes_on(served: tuple[str, Path], tiny_clip: Path) -> None:
    form = {"query": "a car", "options": json.dumps({"tracker": "no-import"})}
    files = {"video": ("street.mp4", tiny_clip.read_bytes())}
    response = httpx.post(f"{served[0]}/v1/track", files=files, data=form, timeout=LONG_S)
    assert (response.status_code, response.json()["code"]) == (500, "plugin_failed")
    assert httpx.get(f"{served[0]}/healthz", timeout=LONG_S).json() == {"status": "ok"}
