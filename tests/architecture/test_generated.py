"""The generated modules are those of the `.proto`."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "service/grpc/generated"


def test_generating_again_gives_the_same(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools, which is in the extra `dev`")
    script = runpy.run_path(str(ROOT / "proto/generate.py"))
    script["generate"](tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {name: (GENERATED / name).read_text() for name in script["MODULES"]}


def test_the_extra_asks_for_the_versions_that_the_modules_need() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    stubs = (GENERATED / "trackspeak_pb2_grpc.py").read_text()
    messages = (GENERATED / "trackspeak_pb2.py").read_text()
    grpcio = re.search(r"GRPC_GENERATED_VERSION = '(.+)'", stubs)
    protobuf = re.search(r"Protobuf Python Version: (.+)", messages)
    assert grpcio is not None
    assert protobuf is not None
    assert {f"grpcio>={grpcio[1]}", f"protobuf>={protobuf[1]}"} <= set(extras["grpc"])
    assert f"grpcio-tools=={grpcio[1]}" in extras["dev"]
    assert set(extras["grpc"]) <= set(extras["dev"])
