"""The scripts in `docker/`: what is installed, where packages come from, and what counts as a working image."""

import email
import importlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a script as it sees itself: beside the others."""
    monkeypatch.syspath_prepend(DOCKER)
    for name in ("check", "engines", "host_pip", "requirements"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module


def run_requirements(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, DOCKER / "requirements.py", ROOT / "pyproject.toml", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_requirements_are_those_of_the_project() -> None:
    assert run_requirements().stdout.splitlines() == PROJECT["dependencies"]


def test_extras_are_added_and_names_are_left_out() -> None:
    done = run_requirements("--extras", "search, postgres", "--leave-out", "ultralytics")
    names = {Requirement(line).name for line in done.stdout.splitlines()}
    assert {"lancedb", "psycopg", "torch", "lap"} <= names
    assert "ultralytics" not in names
    assert len(names) > len(PROJECT["dependencies"])


@pytest.mark.parametrize(
    ("flag", "alternative"), [("--extras", "postgres"), ("--leave-out", "ultralytics")], ids=["extra", "dependency"]
)
def test_an_unknown_name_lists_the_others(flag: str, alternative: str) -> None:
    done = run_requirements(flag, "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "got nothing" in done.stderr
    assert alternative in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_pip_configuration_is_merged_and_variables_win(load: Load) -> None:
    listed = "\n".join(
        [
            ":env:.timeout='180'",
            "global.timeout='60'",
            "global.cert='/host/ca.pem'",
            "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'",
            "freeze.timeout='10'",
        ]
    )
    configuration = load("host_pip").parse_pip_configuration(listed)
    assert configuration.certificates() == Path("/host/ca.pem")
    assert configuration.text().splitlines() == [
        "[global]",
        "timeout = 180",
        "cert = /etc/ssl/certs/ca-certificates.crt",
        "extra-index-url = https://a.example/simple",
        "    https://b.example/simple",
    ]


def test_folders_of_packages_are_found(load: Load, tmp_path: Path) -> None:
    (tmp_path / "index/simple").mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    values = {
        "index-url": "https://index.example/simple",
        "extra-index-url": f"file://{tmp_path}/index/simple file://{tmp_path}/missing/simple",
        "find-links": str(tmp_path / "wheels"),
    }
    found = load("host_pip").PipConfiguration(values).local_folders()
    assert found == [tmp_path / "index", tmp_path / "wheels"]


def test_this_machines_configuration_is_read(load: Load) -> None:
    assert load("host_pip").read_pip_configuration().text().startswith("[global]\n")


def test_a_form_is_encoded_so_that_others_read_it(load: Load) -> None:
    body, content_type = load("check").multipart(
        {"video": b"\x00\r\n\xff"}, [("query", "a car"), ("query", "ein Käfer")]
    )
    parsed = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parsed.walk()
    ]
    assert parts[1:] == [("query", b"a car"), ("query", "ein Käfer".encode()), ("video", b"\x00\r\n\xff")]


ANSWER = {"queries": [{"query": "a car", "tracks": [{"track_id": 1}]}], "warnings": [], "timings_s": {"decode": 1.0}}


def test_answers_may_differ_in_timings_alone(load: Load) -> None:
    check = load("check")
    check.check_answer({**ANSWER, "timings_s": {}}, ANSWER)
    with pytest.raises(check.CheckError, match="differ in warnings"):
        check.check_answer({**ANSWER, "warnings": ["x"]}, ANSWER)
    empty = {**ANSWER, "queries": [{"query": "a car", "tracks": []}]}
    with pytest.raises(check.CheckError, match="no sentence found a track"):
        check.check_answer(empty, empty)


def fake_engine(folder: Path, script: str) -> tuple[dict[str, str], Path]:
    """Make a program `docker` that notes how it is called; gives the environment with it, and its notes."""
    notes = folder / "notes"
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> {notes}\n{script}\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}, notes


def run_check(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, DOCKER / "check.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_failed_check_leaves_nothing_behind(tmp_path: Path) -> None:
    environment, notes = fake_engine(tmp_path, 'case "$1 $2" in "run --detach") echo no memory >&2; exit 7;; esac')
    done = run_check(environment, "--no-build", "--image", "some:image")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "error: `docker run --detach ...` ended with 7" in done.stderr
    calls = notes.read_text().splitlines()
    (demo, key, start), (remove, forget) = calls[:3], calls[-2:]
    name = remove.removeprefix("rm --force ")
    assert forget == f"volume rm --force {name}"
    for call in (demo, key, start):
        assert "--read-only --cap-drop=all --security-opt=no-new-privileges" in call
        assert f"--volume={name}:/data" in call
    assert "--network=none" in demo
    assert " some:image keys create " in key
    assert "--publish=127.0.0.1:" in start


def test_a_build_is_given_the_configuration_as_secrets(tmp_path: Path) -> None:
    environment, notes = fake_engine(tmp_path, "exit 3")
    done = run_check(environment, "--build-arg", "EXTRAS=search")
    assert done.returncode == 1
    (call,) = notes.read_text().splitlines()
    assert call.startswith("build --secret=id=pip.conf,src=")
    assert "--build-arg=EXTRAS=search" in call


def test_a_health_check_in_shell_form_is_refused(load: Load) -> None:
    check = load("check")

    class Shell:
        def output(self, *_: str) -> bytes:
            return json.dumps([{"Config": {"Healthcheck": {"Test": ["CMD-SHELL", "true"]}}}]).encode()

    with pytest.raises(check.CheckError, match="must be of the kind CMD"):
        check.run_health_check(Shell(), "some-container")


def test_the_base_is_read_from_the_dockerfile(load: Load) -> None:
    assert load("engines").DEBIAN in load("check")._base_image()
