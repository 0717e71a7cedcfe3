"""Rules about the source of the three packages that no linter checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for folder in ("models", "plugins", "service") for path in (ROOT / folder).rglob("*.py"))

PROCESS_INPUTS = {"os": {"environ", "environb", "getenv", "getenvb"}, "sys": {"argv", "orig_argv"}}
READERS = {
    "service/settings.py",
    "service/cli.py",
    "service/cli_options.py",
    "models/training/__main__.py",
    # ultralytics is configured by the environment alone: defaults for it are set before it is imported.
    "plugins/detectors/yolo.py",
}


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def process_inputs(path: Path) -> set[str]:
    """Name what a file reads of the environment and of the process's arguments."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in PROCESS_INPUTS.get(node.value.id, ()):
                found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            wanted = PROCESS_INPUTS.get(node.module or "", set())
            found |= {f"{node.module}.{alias.name}" for alias in node.names if alias.name in wanted}
    return found


def test_process_inputs_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "reader.py"
    path.write_text("import os, sys\nfrom os import getenv\nprint(os.environ['A'], sys.argv[1:], os.getcwd())\n")
    assert process_inputs(path) == {"os.environ", "os.getenv", "sys.argv"}


def test_environment_and_arguments_are_read_in_few_places() -> None:
    assert {name_of(path) for path in FILES if process_inputs(path)} <= READERS


def test_yolo_touches_only_the_variables_of_ultralytics() -> None:
    path = ROOT / "plugins/detectors/yolo.py"
    texts = {node.value for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    capitals = {text for text in texts if text.isupper() and "_" in text}
    assert capitals == {"YOLO_VERBOSE", "YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR"}


def test_nothing_is_checked_by_assert() -> None:
    assert [
        f"{name_of(path)}:{node.lineno}" for path in FILES for node in nodes(path) if isinstance(node, ast.Assert)
    ] == []


def test_no_except_is_bare() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert found == []
