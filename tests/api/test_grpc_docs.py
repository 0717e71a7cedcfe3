"""The Python code in docs/grpc.md works as it stands."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/grpc.md"


def test_the_examples_work(
    make_brief_service: Callable[..., Any],
    tiny_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = make_brief_service(grpc_port=0)
    shutil.copy(tiny_clip, tmp_path / "street.mp4")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        code = block.replace("50051", str(service.client.app.state.grpc_port))
        exec(compile(code, PAGE.name, "exec"), {"__name__": "__main__"})  # noqa: S102
    *progress, red, left, error = capsys.readouterr().out.splitlines()
    assert any(line.startswith("watch ") for line in progress)
    assert red.startswith("the red car [")
    assert left.startswith("vehicles moving to the left [")
    assert error == "NOT_FOUND not_found"
