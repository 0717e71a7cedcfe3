"""The house stays in order: short files, every package listed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("models", "plugins", "service")
LONGEST = 300
GENERATED = ROOT / "service/grpc/generated"
"""Written by the compiler of protocol buffers, and read by nobody."""


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "benchmarks", "docker"])
def test_files_stay_under_300_lines(folder: str) -> None:
    files = [path for path in python_files(folder) if path.parent != GENERATED]
    assert files
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}


def test_every_package_is_listed_for_installation() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    here = {
        "trackspeak." + ".".join(path.parent.relative_to(ROOT).parts)
        for path in python_files(*PACKAGES)
        if path.name == "__init__.py"
    }
    assert set(config["tool"]["setuptools"]["packages"]) == here


def test_every_module_is_in_a_package() -> None:
    assert [path for path in python_files(*PACKAGES) if not (path.parent / "__init__.py").is_file()] == []


def test_test_folders_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
