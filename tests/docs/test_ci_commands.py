"""`.ci/run` runs what the README tells, word for word."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def ci_commands() -> dict[str, str]:
    """Give the stages of `.ci/run`: name -> command."""
    return dict(
        re.findall(r"^stage \"([^\"]+)\" '(.+)'$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    )


def readme_commands() -> set[str]:
    code = re.findall(
        r"^```bash\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return {line.partition("  #")[0].strip() for block in code for line in block.splitlines()}


def test_every_stage_is_a_command_of_the_readme() -> None:
    stages = ci_commands()
    assert set(stages) == {"main job", "tests", "lint", "format", "types", "imports"}
    assert set(stages.values()) <= readme_commands()


def test_it_is_a_script_that_can_be_run() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=True)
