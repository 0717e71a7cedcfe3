"""The code in the documentation works: marked blocks are run, the others are read as the program would read them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from trackspeak.models.training.__main__ import app as training_app
from trackspeak.plugins.registry import list_plugins
from trackspeak.service.cli import app, main
from trackspeak.service.cli_options import given_options
from trackspeak.service.options import RunOptions, choose, parse_run_options
from trackspeak.service.profiles import load_profile

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^(<!-- run -->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_FIELDS = tuple(name for name in RunOptions.__dataclass_fields__ if name != "set")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `run` is whether `<!-- run -->` stands before it."""

    page: str
    language: str
    code: str
    run: bool


def blocks(page: Path) -> list[Block]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [Block(page.name, language, code, bool(mark)) for mark, language, code in found]


def commands(block: Block) -> list[list[str]]:
    """Split a shell block into words, line by line and also at `&&`; a last backslash joins lines."""
    lines = [part for line in block.code.replace("\\\n", " ").splitlines() for part in line.split("&&")]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def in_language(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def all_commands(program: str) -> Iterator[list[str]]:
    """Give the arguments of each call of a program, however it is reached."""
    for block in in_language("bash"):
        for words in commands(block):
            if Path(words[0]).name == program:
                yield words[1:]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.run for block in blocks(page))], ids=lambda p: p.name
)
def test_marked_blocks_run(page: Path, tmp_path: Path, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page's blocks in order, in one folder with a video."""
    shutil.copy(tiny_clip, tmp_path / "street.mp4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    for block in blocks(page):
        if block.run and block.language == "python":
            exec(compile(block.code, block.page, "exec"), {"__name__": "__main__"})  # noqa: S102
        elif block.run:
            for words in commands(block):
                assert words[0] == "trackspeak"
                with pytest.raises(SystemExit) as caught:
                    main(words[1:])
                assert not caught.value.code, words


def test_the_tutorial_has_blocks_that_run() -> None:
    run = {block.language for block in blocks(ROOT / "docs/tutorial.md") if block.run}
    assert run == {"bash", "python"}


@pytest.mark.parametrize("words", list(all_commands("trackspeak")), ids=" ".join)
def test_commands_are_understood(words: list[str]) -> None:
    command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    given = command.make_context(words[0], words[1:]).params
    if words[0] == "run":
        chosen = {name: given[name] for name in RUN_FIELDS}
        options = given_options(given["set_"] or (), given["tracks"], given["weights"], **chosen)
        check_plugin_options(options)


def check_plugin_options(options: RunOptions) -> None:
    """Check that each plugin asked for is there and has the options that are set."""
    known = {(plugin.kind, plugin.name): {option.name for option in plugin.options} for plugin in list_plugins()}
    profile = load_profile("auto" if options.profile.endswith(".toml") else options.profile)
    for kind, choice in choose(profile, options).items():
        if choice is not None:
            assert set(choice.options) <= known[kind.partition(".")[0], choice.name]


def test_requests_have_options_that_are_understood() -> None:
    texts = [
        field.removeprefix("options=")
        for words in all_commands("curl")
        for field in words
        if field.startswith("options=")
    ]
    assert texts
    for text in texts:
        check_plugin_options(parse_run_options(json.loads(text)))


def test_training_commands_are_understood() -> None:
    calls = [words[2:] for words in all_commands("python") if words[:2] == ["-m", "trackspeak.models.training"]]
    group = get_command(training_app)
    for words in calls:
        group.commands[words[0]].make_context(words[0], list(words[1:]))  # type: ignore[attr-defined]
    assert {words[0] for words in calls} == set(group.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("block", in_language("python"), ids=lambda block: block.page)
def test_python_blocks_compile(block: Block) -> None:
    compile(block.code, block.page, "exec")


@pytest.mark.parametrize(
    "block", [block for block in in_language("toml") if "[project]" not in block.code], ids=lambda block: block.page
)
def test_profiles_are_understood(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(block.code)
    check_plugin_options(RunOptions(profile=str(path)))
    profile = load_profile(str(path))
    known = {(plugin.kind, plugin.name) for plugin in list_plugins()}
    assert {("tracker", profile.tracker.name), ("matcher", profile.matcher.name)} <= known


def test_named_benchmarks_exist() -> None:
    scripts = {words[0] for words in all_commands("python") if words[0].endswith(".py")}
    assert [script for script in scripts if not (ROOT / script).is_file()] == []
