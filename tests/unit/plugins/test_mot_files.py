"""MOTChallenge files: what is read, what is refused and where, what is written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import ContractError, FileFormatError, OutputError
from trackspeak.plugins.mot_files import MotTable, read_mot, unit_scores, write_mot


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "boxes.txt"


def test_rows_are_ordered_by_frame_and_keep_their_order_within(file: Path) -> None:
    file.write_text("# note\n3,7,1,2,3,4,0.5,-1,-1,-1\n\n1,9,10,20,30,40,0.25\n3,5,0,0,1,1,1,x,y\n")
    table = read_mot(file)
    assert table.frame_indices.tolist() == [0, 2, 2]
    assert table.track_ids.tolist() == [9, 7, 5]
    assert table.boxes_xyxy.tolist() == [[10, 20, 40, 60], [1, 2, 4, 6], [0, 0, 1, 1]]
    assert table.scores.tolist() == [0.25, 0.5, 1]
    assert [table.rows_of(frame) for frame in (0, 1, 2, 3)] == [slice(0, 1), slice(1, 1), slice(1, 3), slice(3, 3)]


@pytest.mark.parametrize("text", ["0 -1 1 2 3 4 0.5\n", "0\t-1\t1\t2\t3\t4\t0.5", "\ufeff0, -1, 1, 2, 3, 4, 0.5\r\n"])
def test_frames_may_count_from_0_and_fields_be_parted_by_white_space(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    table = read_mot(file, first_frame=0)
    assert (table.frame_indices.tolist(), table.boxes_xyxy.tolist()) == ([0], [[1, 2, 4, 6]])


def test_an_empty_file_holds_no_rows(file: Path) -> None:
    file.write_text("\n# nothing\n")
    assert len(read_mot(file)) == 0
    assert read_mot(file).rows_of(0) == slice(0, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,3", "wanted at least 7 numbers"),
        ("1,-1,1,2,3,4,", "wanted at least 7 numbers"),
        ("1,-1,1,2,wide,4,1", "wanted at least 7 numbers"),
        ("1 -1 1 2 3 4 1", "wanted at least 7 numbers"),
        ("1,-1,nan,2,3,4,1", "must be finite numbers"),
        ("1,-1,1,2,inf,4,1", "must be finite numbers"),
        ("1,-1,1,2,3,4,nan", "must be finite numbers"),
        ("1,-1,1e200,2,3,4,1", "must be finite numbers"),
        ("1,-1,1,2,3e38,4,1e39", "must be finite numbers"),
        ("1.5,-1,1,2,3,4,1", "frame and id must be integers"),
        ("1,0.5,1,2,3,4,1", "frame and id must be integers"),
        ("1e30,-1,1,2,3,4,1", "frame and id must be integers"),
        ("1,-1,1,2,-3,4,1", "width and height must be at least 0"),
        ("0,-1,1,2,3,4,1", "frame must be at least first_frame, 1"),
    ],
)
def test_a_wrong_line_is_named(file: Path, line: str, reason: str) -> None:
    file.write_text(f"1,-1,1,2,3,4,1\n\n{line}\n2,-1,1,2,3,4,1\n")
    with pytest.raises(FileFormatError) as caught:
        read_mot(file)
    assert str(caught.value).startswith(f"{file}, line 3: ")
    assert reason in str(caught.value)
    assert f"got {line!r}" in str(caught.value)


def test_a_track_comes_once_per_frame(file: Path) -> None:
    file.write_text("2,4,1,2,3,4,1\n1,4,1,2,3,4,1\n\n2,5,1,2,3,4,1\n2,4,9,9,9,9,1\n")
    with pytest.raises(FileFormatError, match=r"line 5: a track's id must come once per frame"):
        read_mot(file, tracks=True)
    assert len(read_mot(file)) == 4


def test_detections_are_not_tracks(file: Path) -> None:
    file.write_text("1,-1,1,2,3,4,1\n")
    with pytest.raises(FileFormatError, match=r"line 1: a track's id must be at least 0 \(detections have -1\)"):
        read_mot(file, tracks=True)


def test_what_is_no_text_file_is_refused(file: Path) -> None:
    with pytest.raises(FileFormatError, match="there is no such file"):
        read_mot(file)
    with pytest.raises(FileFormatError, match="cannot be read as text"):
        read_mot(file.parent)
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(FileFormatError, match="cannot be read as text"):
        read_mot(file)


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ([], []),
        ([0.25, 1, 0], [0.25, 1, 0]),
        ([0, 50, 100], [0, 0.5, 1]),
        ([-1, 3, 1], [0, 1, 0.5]),
        ([-1, -1], [1, 1]),
        ([-3e38, 3e38], [0, 1]),
    ],
)
def test_scores_come_into_the_unit_range(scores: list[float], wanted: list[float]) -> None:
    mapped = unit_scores(np.array(scores, np.float32))
    assert mapped.dtype == np.float32
    assert mapped.tolist() == wanted


def table() -> MotTable:
    return MotTable(
        np.array([0, 0, 5], np.int64),
        np.array([3, -1, 12], np.int64),
        np.array([[1, 2, 4, 6], [-0.5, 0, 10.25, 3], [7, 7, 7, 7]], np.float32),
        np.array([1, 0.5, 0.25], np.float32),
    )


def test_rows_are_written_as_text() -> None:
    stream = io.StringIO()
    write_mot(stream, table())
    assert stream.getvalue() == (
        "1,3,1.00,2.00,3.00,4.00,1.00,-1,-1,-1\n"
        "1,-1,-0.50,0.00,10.75,3.00,0.50,-1,-1,-1\n"
        "6,12,7.00,7.00,0.00,0.00,0.25,-1,-1,-1\n"
    )


@pytest.mark.parametrize("first_frame", [0, 1])
def test_what_is_written_is_read_back(file: Path, first_frame: int) -> None:
    write_mot(file, table(), first_frame)
    again = read_mot(file, first_frame)
    for name in ("frame_indices", "track_ids", "boxes_xyxy", "scores"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table(), name))


def test_no_rows_are_an_empty_file(file: Path) -> None:
    file.write_text("")
    write_mot(file, read_mot(file))
    assert file.read_text() == ""


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*absent"):
        write_mot(tmp_path / "absent" / "boxes.txt", table())


def test_columns_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ContractError, match="track_ids must have shape"):
        MotTable(np.zeros(2, np.int64), np.zeros(1, np.int64), np.zeros((2, 4), np.float32), np.zeros(2, np.float32))


@pytest.mark.parametrize(
    ("name", "rows", "frames"),
    [
        ("TUD-Campus/det/det.txt", 321, 71),
        ("TUD-Campus/gt/gt.txt", 359, 71),
        ("TUD-Stadtmitte/det/det.txt", 951, 179),
        ("TUD-Stadtmitte/gt/gt.txt", 1156, 179),
    ],
)
def test_published_files_are_read(shared_dir: Path, tmp_path: Path, name: str, rows: int, frames: int) -> None:
    table = read_mot(shared_dir / "data" / "mot15" / name, tracks=name.endswith("gt.txt"))
    assert (len(table), table.frame_indices.max() + 1) == (rows, frames)
    assert sum(table.rows_of(index).stop - table.rows_of(index).start for index in range(frames)) == rows
    write_mot(tmp_path / "again.txt", table)
    again = read_mot(tmp_path / "again.txt")
    np.testing.assert_array_equal(again.track_ids, table.track_ids)
    np.testing.assert_allclose(again.boxes_xyxy, table.boxes_xyxy, atol=0.0101)
