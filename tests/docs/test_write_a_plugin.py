"""docs/write-a-plugin.md works as it stands: its package is listed, run, and put through the conformance kit."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trackspeak.plugins.registry import list_plugins

PAGE = Path(__file__).resolve().parents[2] / "docs/write-a-plugin.md"
MODULES = ("nearest.py", "vivid.py", "colours.py")
LONGEST = 40


def blocks(language: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def modules() -> dict[str, str]:
    """Give the page's Python files by their names, which stand in their first lines."""
    return {code.partition("\n")[0].removeprefix("# "): code for code in blocks("python")}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay the page's package out as an installer does."""
    (pyproject,) = blocks("toml")
    project = tomllib.loads(pyproject)["project"]
    info = tmp_path / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for name, code in modules().items():
        (tmp_path / name).write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in MODULES:  # another test may have imported those of its own folder
        monkeypatch.delitem(sys.modules, Path(name).stem, raising=False)
    return tmp_path


def test_the_page_has_one_of_three_kinds_each_short() -> None:
    code = {name: text for name, text in modules().items() if name in MODULES}
    assert set(code) == set(MODULES)
    lengths = {name: sum(1 for line in text.splitlines() if line.strip()) for name, text in code.items()}
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}


def test_all_are_listed_with_documented_options(package: Path) -> None:
    ours = {plugin.name: plugin for plugin in list_plugins() if plugin.distribution == "our-plugins 1.0"}
    assert {(plugin.kind, plugin.name, plugin.error) for plugin in ours.values()} == {
        ("tracker", "nearest", None),
        ("detector", "vivid", None),
        ("matcher", "colours", None),
    }
    assert [option.name for option in ours["vivid"].options if option.doc] == ["saturation", "min_area"]


def test_the_commands_run(
    package: Path, command: Callable[..., Any], tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(tiny_clip, package / "street.mp4")
    monkeypatch.chdir(package)
    lines = [line.removeprefix("$ trackspeak ") for line in "".join(blocks("console")).splitlines()]
    assert len(lines) == 3
    for line in lines:
        done = command(*shlex.split(line))
        assert done.code == 0, done.err
    result = json.loads((package / "answer/result.json").read_text())
    assert {kind: result["plugins"][kind]["name"] for kind in ("detector", "tracker", "matcher")} == {
        "detector": "vivid", "tracker": "nearest", "matcher": "colours"
    }  # fmt: skip
    (answer,) = result["queries"]
    assert answer["tracks"], "the clip has a red car"
    more = json.loads((package / "more/result.json").read_text())
    assert more["plugins"]["tracker"]["options"] == {"reach": 50.0}


def test_the_kit_passes(package: Path) -> None:
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "test_plugins.py"]
    paths = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False, capture_output=True, text=True, cwd=package, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|skipped|warnings?)", done.stdout)}
    assert counts.pop("passed") > 60
    # the tracker wants no embeddings; the matcher makes none, gives no vectors and takes any length of text
    assert counts == {"skipped": 4}


def test_every_hook_that_is_named_is_there() -> None:
    from trackspeak.plugins import conformance

    kits = [getattr(conformance, name) for name in conformance.__all__]
    page = PAGE.read_text(encoding="utf-8").partition("## Is it right?")[2].partition("\n## ")[0]
    classes = [node for node in ast.walk(ast.parse(modules()["test_plugins.py"])) if isinstance(node, ast.ClassDef)]
    named = {target.id for one in classes for node in one.body for target in getattr(node, "targets", [])}
    named |= set(re.findall(r"(?:overrides|raises)\s+`(\w+)`", page))
    assert named == {"plugin", "options", "long_text", "make", "scene", "tolerance"}
    assert [name for name in named if not any(hasattr(kit, name) for kit in kits)] == []
