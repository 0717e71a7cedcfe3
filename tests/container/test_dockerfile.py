"""The Dockerfile keeps the rules that matter, and what it names is there; `docker/check.py` builds and runs it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from trackspeak.service.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[2]
HADOLINT = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


class Instruction(NamedTuple):
    """A line of the Dockerfile, its continuations joined."""

    keyword: str
    value: str


def stages() -> list[list[Instruction]]:
    """Give the instructions of each stage, which begin with its FROM; before them, the arguments of all."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", " ")
    found: list[list[Instruction]] = [[]]
    for line in filter(str.strip, text.splitlines()):
        keyword, _, value = line.strip().partition(" ")
        if keyword == "FROM":
            found.append([])
        found[-1].append(Instruction(keyword, " ".join(value.split())))
    return found


def values(instructions: list[Instruction], keyword: str) -> list[str]:
    return [one.value for one in instructions if one.keyword == keyword]


def arguments() -> dict[str, str]:
    """Give the build's arguments with their defaults."""
    return dict(value.split("=", 1) for stage in stages() for value in values(stage, "ARG"))


def environment() -> dict[str, str]:
    (line,) = values(stages()[-1], "ENV")
    return dict(word.split("=", 1) for word in line.split())


def copied() -> set[str]:
    """Give what is copied from the repository."""
    found = [value.split()[:-1] for stage in stages() for value in values(stage, "COPY") if "--from" not in value]
    return {source for sources in found for source in sources}


def test_it_runs_as_a_fixed_user_who_is_not_root() -> None:
    (user,) = values(stages()[-1], "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    made = " ".join(values(stages()[-1], "RUN"))
    assert all(f"--{kind} {number}" in made for kind, number in zip(("uid", "gid"), user.split(":"), strict=True))


@pytest.mark.parametrize("keyword", ["ENTRYPOINT", "CMD", "HEALTHCHECK", "VOLUME"])
def test_commands_are_in_exec_form(keyword: str) -> None:
    (value,) = values(stages()[-1], keyword)
    words = json.loads(value[value.index("[") :])
    assert words
    assert all(isinstance(word, str) for word in words)
    if keyword == "HEALTHCHECK":
        assert re.search(r"CMD \[", value)


def test_it_serves_to_all_from_one_volume() -> None:
    final = stages()[-1]
    (entry_point,), (command,) = values(final, "ENTRYPOINT"), values(final, "CMD")
    assert [*json.loads(entry_point), *json.loads(command)] == ["trackspeak", "serve"]
    assert environment()["TRACKSPEAK_HOST"] == "0.0.0.0"  # noqa: S104 of a container
    assert values(final, "EXPOSE")[0].split()[0] == environment()["TRACKSPEAK_PORT"]
    assert [json.loads(value) for value in values(final, "VOLUME")] == [[environment()["TRACKSPEAK_DATA"]]]


def test_its_settings_are_real() -> None:
    ours = {name for name in environment() if name.startswith("TRACKSPEAK_")}
    assert ours
    assert ours <= {variable(name) for name in Settings.model_fields}


def test_images_have_a_tag_that_does_not_move() -> None:
    bases = [value.split()[0] for stage in stages() for value in values(stage, "FROM")]
    assert set(bases) == {"${PYTHON_IMAGE}"}
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", arguments()["PYTHON_IMAGE"])


def test_the_final_stage_installs_what_opencv_needs_and_no_more() -> None:
    (installed,) = re.findall(r"apt-get install ([^&]+)", " ".join(values(stages()[-1], "RUN")))
    packages = {word for word in installed.split() if not word.startswith("-")}
    assert packages == {"libgl1", "libglib2.0-0"}


def test_extras_and_what_is_left_out_exist() -> None:
    extras, left_out = arguments()["EXTRAS"].split(","), arguments()["LEAVE_OUT"].split(",")
    assert {"search", "postgres"} <= set(extras) <= set(PROJECT["project"]["optional-dependencies"])
    dependencies = {re.split(r"[^\w.-]", one)[0] for one in PROJECT["project"]["dependencies"]}
    assert set(left_out) <= dependencies


def test_build_arguments_are_documented_with_their_defaults() -> None:
    page = (ROOT / "docs/container.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*)`|empty) \|", page, re.MULTILINE)
    assert dict(rows) == arguments()


def test_every_package_is_copied_and_let_in() -> None:
    folders = set(PROJECT["tool"]["setuptools"]["package-dir"].values())
    assert folders <= copied()
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in let_in
    for source in copied():
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in or (Path(source).parent == Path("docker") and "!docker/*.py" in let_in), source


def test_its_version_is_that_of_the_package() -> None:
    (label,) = re.findall(r'image\.version="([^"]+)"', " ".join(values(stages()[-1], "LABEL")))
    assert label == PROJECT["project"]["version"]


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint")
def test_hadolint_has_nothing_to_say() -> None:
    assert HADOLINT is not None
    done = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
