"""Several videos in one `trackspeak index`."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.training.render import RenderOptions, render_clip
from trackspeak.service import show_indexing
from trackspeak.service.demo import write_clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, tiny_clip: Path) -> list[Path]:
    """Three short clips, and a file that is none."""
    folder = tmp_path_factory.mktemp("several")
    made = [folder / "street.mp4"]
    shutil.copy(tiny_clip, made[0])
    for seed in (7, 8):
        clip = render_clip(seed, RenderOptions(frames=24, width=240, height=136, frame_rate=12.0))
        made.append(folder / f"clip{seed}.mp4")
        write_clip(clip.rgb, clip.frame_rate, made[-1])
    (folder / "notes.mp4").write_text("no video")
    return [*made[:2], folder / "notes.mp4", made[2]]


def kept(data: Path) -> dict[str, bytes]:
    """The columns and pictures of each index."""
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in data.glob("indexes/*/*.safetensors")}


def test_at_once_they_give_what_one_by_one_gives(
    command: Any, clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for jobs in ("1", "3"):
        monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / jobs))
        done = command("index", *map(str, clips), "--jobs", jobs)
        assert done.code == 2, "one is no video"
        assert "notes.mp4" in done.err
        said.append(done.out)
    assert said[0] == said[1]
    assert [line.split("\t")[1] for line in said[0].splitlines()] == ["street.mp4", "clip7.mp4", "clip8.mp4"]
    assert kept(tmp_path / "1") == kept(tmp_path / "3") != {}


def test_what_is_interrupted_leaves_nothing_half_done(
    command: Any, clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    monkeypatch.setattr(show_indexing.typer, "echo", interrupt)
    assert command("index", *map(str, clips), "--jobs", "2").code == 130
    assert len(list(tmp_path.glob("indexes/*/index.json"))) <= 2
    assert not list(tmp_path.glob("indexes/.partial/*/*"))


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
