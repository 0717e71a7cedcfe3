"""Prints what trackspeak depends on: an image has it in a layer that changes of trackspeak alone leave as it is.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path
from typing import Any


class UnknownNameError(Exception):
    """An extra or a dependency that pyproject.toml does not have."""


def main() -> None:
    """Print the requirements, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pyproject", type=Path)
    parser.add_argument("--extras", type=_names, default=[], help="extras to add, separated by commas")
    parser.add_argument("--leave-out", type=_names, default=[], help="dependencies to leave out, separated by commas")
    given = parser.parse_args()
    project = tomllib.loads(given.pyproject.read_text(encoding="utf-8"))["project"]
    try:
        print("\n".join(requirements(project, given.extras, given.leave_out)))
    except UnknownNameError as error:
        sys.exit(f"error: {error}")


def requirements(project: dict[str, Any], extras: list[str], leave_out: list[str]) -> list[str]:
    """Give the requirements of a project.

    Args:
        project: the table `project` of pyproject.toml.
        extras: names of extras to add.
        leave_out: names of dependencies to leave out.

    Returns:
        Requirements as pip reads them.

    Raises:
        UnknownNameError: for an extra or a dependency that is not there; lists those that are.
    """
    optional = project["optional-dependencies"]
    _check("extra", extras, set(optional))
    wanted = [*project["dependencies"], *(one for extra in extras for one in optional[extra])]
    _check("dependency", leave_out, {_name(one) for one in wanted})
    return [one for one in wanted if _name(one) not in leave_out]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _check(kind: str, given: list[str], known: set[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UnknownNameError(f"{kind} must be one of {', '.join(sorted(known))}; got {', '.join(unknown)}")


if __name__ == "__main__":
    main()
