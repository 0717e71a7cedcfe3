"""Every plugin is documented with every option, as the registry has it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trackspeak.plugins.options import OptionInfo
from trackspeak.plugins.registry import KINDS, PluginInfo, _members, list_plugins

ROOT = Path(__file__).resolve().parents[2]
OWN = [plugin for plugin in list_plugins() if plugin.distribution.startswith("trackspeak ")]


def title(plugin: PluginInfo) -> str:
    return f"{plugin.kind} `{plugin.name}`"


def sections() -> dict[str, str]:
    """Give the sections of docs/plugins.md by their headings."""
    parts = re.split(r"^#+ (.+)\n", (ROOT / "docs/plugins.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[list[str]]:
    """Give the cells of a Markdown table's rows, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def row(option: OptionInfo) -> list[str]:
    default = "required" if option.required else f"`{json.dumps(option.default)}`"
    return [f"`{option.name}`", option.type, default, option.doc]


def test_the_page_has_no_other_plugins() -> None:
    documented = {name for name in sections() if re.fullmatch(rf"({'|'.join(KINDS)}) `[\w-]+`", name)}
    assert documented == {title(plugin) for plugin in OWN}


@pytest.mark.parametrize("plugin", OWN, ids=title)
def test_a_plugin_is_documented_with_every_option(plugin: PluginInfo) -> None:
    # an extra may be absent: it is listed with its options all the same
    assert plugin.error is None or re.fullmatch(r"needs .+, which is not installed", plugin.error)
    section = sections()[title(plugin)]
    assert plugin.summary in section
    assert rows(section) == [row(option) for option in plugin.options]


def test_the_readme_names_every_plugin() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Plugins\n")[2].partition("\n## ")[0]
    table = [cells[:2] for cells in rows(section)]
    assert sorted(table) == sorted([plugin.kind, f"`{plugin.name}`"] for plugin in OWN)


@pytest.mark.parametrize("kind", ["detector", "tracker", "matcher", "calibrator"])
def test_the_design_page_names_what_each_kind_must_have(kind: str) -> None:
    page = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith(f"- {kind}: "))
    assert re.findall(r"`(\w+)`", line) == list(_members(kind))
