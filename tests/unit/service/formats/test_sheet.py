"""Contact sheets: what is on them, what they do not do, and `ask --sheet`."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trackspeak.models.errors import FileFormatError
from trackspeak.plugins.contract import ReferredTrack, ReferredTracks, Span
from trackspeak.service import RunOptions
from trackspeak.service.asking import ask, make_asker
from trackspeak.service.assemble import assemble
from trackspeak.service.formats.sheet import PER_ROW, answer_rows, draw_sheet, write_sheet
from trackspeak.service.indexing import make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.settings import load_settings
from trackspeak.service.store.indexes import Indexes

Command = Callable[..., Any]


def jpeg(width: int, height: int, colour: tuple[int, int, int] = (200, 30, 60)) -> bytes:
    encoded = BytesIO()
    Image.new("RGB", (width, height), colour).save(encoded, "JPEG")
    return encoded.getvalue()


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def columns_of(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """Count the columns in which a colour is."""
    return int((np.abs(pixels(image) - colour).max(axis=2) < 12).any(axis=0).sum())


def track(track_id: int, *spans: Span) -> ReferredTrack:
    frames = np.arange(100)
    boxes, scores = np.ones((100, 4), np.float32), np.ones(100, np.float32)
    return ReferredTrack(track_id, "car", 0.98765, spans, frames, frames / 10, boxes, scores)


def test_pictures_are_fitted_into_cells_side_by_side() -> None:
    one = draw_sheet([("red cars", [(jpeg(192, 100), "a")])])
    two = draw_sheet([("red cars", [(jpeg(192, 100), "a"), (jpeg(96, 192), "b")])])
    assert columns_of(one, (200, 30, 60)) == 192
    assert columns_of(two, (200, 30, 60)) == 192 + 96
    assert two.height - one.height == 92  # as high as the highest picture
    assert columns_of(draw_sheet([("q", [(jpeg(96, 48), "a")])]), (200, 30, 60)) == 192
    assert columns_of(draw_sheet([("q", [(jpeg(4, 4), "a")])]), (200, 30, 60)) == 16


def test_a_row_says_where_there_is_nothing_and_where_no_picture_is_kept() -> None:
    empty, blank = draw_sheet([("a green truck", [])]), draw_sheet([("", [])])
    assert empty.size == blank.size
    assert (pixels(empty) != pixels(blank)).any()
    assert (pixels(blank)[:60] < 200).any()  # 'nothing'
    assert columns_of(draw_sheet([("q", [(None, "a")])]), (221, 221, 221)) >= 192


def test_at_most_so_many_pictures_stand_in_a_row() -> None:
    many = [(jpeg(192, 100), str(number)) for number in range(PER_ROW + 3)]
    assert columns_of(draw_sheet([("q", many)]), (200, 30, 60)) == PER_ROW * 192


def test_long_texts_are_cut_short_and_no_text_is_too_odd() -> None:
    text = "a very long sentence " * 100
    sheet = draw_sheet([(text, [(jpeg(10, 10), text)]), ("a\nb\t\x00 🚗 wei\u00df", [(None, "\n\n")])])
    assert sheet.width == draw_sheet([("q", [])]).width
    assert (pixels(sheet)[:, -24:] == 255).all()  # the margin
    assert draw_sheet([]).size == (sheet.width, 48)


def test_answers_become_rows_with_id_score_and_time() -> None:
    first = track(7, Span(10, 20, 1.0), Span(40, 50, 1.0))
    answers = [
        ReferredTracks("red cars", (first, track(8, Span(0, 99, 1.0)))),
        ReferredTracks("all", tuple(track(number, Span(0, 9, 1.0)) for number in range(PER_ROW + 1))),
        ReferredTracks("none", ()),
    ]
    asked: list[int] = []
    rows = answer_rows(answers, lambda track_id: asked.append(track_id) or (b"jpeg" if track_id == 7 else None))
    assert rows[0] == (
        "red cars",
        [(b"jpeg", "track 7: 0.988\n1.0-2.0 s and 1 more"), (None, "track 8: 0.988\n0.0-9.9 s")],
    )
    assert rows[1][0] == "all (the best 12 of 13)"
    assert len(rows[1][1]) == PER_ROW
    assert rows[2] == ("none", [])
    assert asked == [7, 8, *range(PER_ROW)]


def test_the_same_rows_are_the_same_bytes_and_broken_pictures_leave_the_older_file(tmp_path: Path) -> None:
    rows = [("q", [(jpeg(100, 50), "a\nb"), (None, "c")])]
    write_sheet(rows, tmp_path / "new" / "a.png")
    write_sheet(rows, tmp_path / "b.png")
    whole = (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "new" / "a.png").read_bytes() == whole
    for broken in (b"", b"no picture", jpeg(100, 50)[:400]):
        with pytest.raises(FileFormatError, match=f"a picture must be a whole JPEG, got {len(broken)} other bytes"):
            write_sheet([("q", [(broken, "a")])], tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == whole
    assert {path.name for path in tmp_path.iterdir()} == {"new", "b.png"}


@pytest.fixture
def indexed(
    command: Command, tiny_clip: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The id of an index of the tiny clip."""
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    done = command("index", tiny_clip, "--set", f"matcher.model={tiny_model}")
    assert done.code == 0, done.err
    return str(done.out.split()[0])


def test_ask_draws_the_tracks_that_it_found(command: Command, indexed: str, tmp_path: Path) -> None:
    sheet = tmp_path / "sheets" / "a.png"
    arguments = ("ask", indexed, "-q", "red cars", "--threshold=-100", "--json")
    plain, drawn = command(*arguments), command(*arguments, "--sheet", sheet)
    assert drawn.code == 0, drawn.err
    assert {**json.loads(drawn.out), "timings_s": 0} == {**json.loads(plain.out), "timings_s": 0}
    tracks = json.loads(drawn.out)["queries"][0]["tracks"]
    indexes = Indexes(load_settings().indexes_folder)
    views = [indexes.thumbnail(indexed, one["track_id"]) for one in tracks]
    assert len(views) >= 2
    captions = []
    for one in tracks:
        (span,) = one["spans"]
        captions.append(f"track {one['track_id']}: {one['score']:.3f}\n{span['first_time_s']:.1f}")
    rows = [("red cars", [(view.jpeg, caption) for view, caption in zip(views, captions, strict=True)])]
    with Image.open(sheet) as image:
        assert image.format == "PNG"
        assert image.size == draw_sheet(rows).size
        above = draw_sheet(rows).height - 24 - 2 * 19  # all but the captions
        np.testing.assert_array_equal(pixels(image)[:above], pixels(draw_sheet(rows))[:above])
    assert command("ask", indexed, "-q", "red cars", "--threshold=2", "--sheet", sheet).code == 0
    with Image.open(sheet) as image:
        np.testing.assert_array_equal(pixels(image), pixels(draw_sheet([("red cars", [])])))


def test_a_sheet_in_the_wrong_place_is_refused(command: Command, indexed: str, tmp_path: Path) -> None:
    for arguments, message in (
        (("--sheet", tmp_path / "a.jpg"), "sheet must be the path of a .png file, got"),
        (("--sheet", tmp_path / "a.png", "--scores", tmp_path / "a.png"), "sheet must be elsewhere than all else"),
        (("--sheet", tmp_path / "out" / "result.json" / "a.png", "--out", tmp_path / "out"), "sheet must be elsewhere"),
    ):
        done = command("ask", indexed, "-q", "red cars", *arguments)
        assert done.code == 2
        assert message in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_answers_do_not_depend_on_pictures(tiny_clip: Path, tiny_model: Path) -> None:
    options = RunOptions(set={"matcher.model": str(tiny_model)}, threshold=-100.0)
    texts = ["the red car", "cars"]
    answers = []
    for wanted in (False, True):
        made = make_index(open_video(tiny_clip, Limits()), "a", assemble(options), options, thumbnails=wanted)
        assert bool(made.index.thumbnails) == wanted
        assert {one.track_id for one in made.index.trajectories} >= made.index.thumbnails.keys()
        answers.append((made.id, replace(ask(made, texts, make_asker(made), options), timings_s={}).to_json()))
    assert answers[0] == answers[1]
