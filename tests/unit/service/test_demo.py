"""The demonstration, with a smaller clip and random weights."""

from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import OutputError
from trackspeak.models.training.render import RenderOptions, render_clip
from trackspeak.service.cli import main
from trackspeak.service.demo import QUERIES, write_clip


def test_the_demo_asks_its_questions_and_says_where_to_look(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = RenderOptions(frames=24, width=192, height=108, frame_rate=12.0, camera_shake=False)
    monkeypatch.setattr("trackspeak.models.training.render.demo_clip", lambda: render_clip(1, options))
    monkeypatch.setattr("trackspeak.plugins.matchers.kum.embedded_folder", lambda: tiny_model)
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--out", str(tmp_path / "demo")])
    assert not caught.value.code
    out = capsys.readouterr().out
    assert all(query in out for query in QUERIES)
    for name in ("street.mp4", "annotated.mp4"):
        assert str(tmp_path / "demo" / name) in out.replace("\n", "")
        assert (tmp_path / "demo" / name).stat().st_size > 1_000
    assert (tmp_path / "demo" / "result.json").is_file()


def test_a_clip_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        write_clip(np.zeros((2, 16, 16, 3), np.uint8), 10.0, tmp_path / "none" / "a.mp4")


def test_the_same_pictures_give_the_same_file(tmp_path: Path) -> None:
    clip = render_clip(3, RenderOptions(frames=36, width=240, height=136, frame_rate=12.0))
    rng = np.random.default_rng(0)
    for attempt in range(12):
        write_clip(clip.rgb, clip.frame_rate, tmp_path / f"{attempt}.mp4")
        for size in (20_000_000, 2_000_000, 200_000, 20_000):
            rng.bytes(size)  # leaves memory that is not always the same
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
