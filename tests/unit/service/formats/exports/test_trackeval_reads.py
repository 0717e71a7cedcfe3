"""`mot`, `rmot` and `kitti`, read back by TrackEval."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trackspeak.service.formats.folders import query_folders
from trackspeak.service.result import Result

Write = Callable[..., Path]
Rows = set[tuple[Any, ...]]

# TrackEval never closes the archives and files that it reads
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def folders(result: Result) -> dict[str, str]:
    return query_folders([answer.query for answer in result.queries])


def wanted(expected: Rows, query: str) -> dict[tuple[int, int], tuple[float, ...]]:
    """(frame, track) -> box and score of one sentence."""
    return {(row.frame, row.track_id): (*row.xyxy, row.score) for row in expected if row.query == query}


def found(raw: dict[str, Any], *, corners: bool) -> dict[tuple[int, int], tuple[float, ...]]:
    """The same, of what TrackEval has loaded."""
    boxes = {}
    for frame in range(raw["num_timesteps"]):
        columns = (raw["tracker_ids"][frame], raw["tracker_dets"][frame], raw["tracker_confidences"][frame])
        for track_id, (left, top, a, b), score in zip(*columns, strict=True):
            right, bottom = (a, b) if corners else (left + a, top + b)
            boxes[frame, int(track_id)] = (left, top, right, bottom, score)
    return boxes


def check(result: Result, expected: Rows, load: Callable[[str], dict[str, Any]], *, corners: bool) -> None:
    """Compare what TrackEval loads of each sentence, given the name of its folder."""
    for query, folder in folders(result).items():
        loaded, boxes = found(load(folder), corners=corners), wanted(expected, query)
        assert loaded.keys() == boxes.keys()
        for key, box in boxes.items():
            assert loaded[key] == pytest.approx(box, abs=0.0101)  # widths and scores have two digits


def zipped_sequences(archive: Path, folder: Path) -> dict[str, Any]:
    """Lay an archive where TrackEval looks for a tracker's and for the ground truth; give where that is."""
    for place in (folder / "gt", folder / "trackers" / "trackspeak"):
        place.mkdir(parents=True)
        shutil.copy(archive, place / "data.zip")
    return {
        "GT_FOLDER": str(folder / "gt"),
        "TRACKERS_FOLDER": str(folder / "trackers"),
        "TRACKERS_TO_EVAL": ["trackspeak"],
        "INPUT_AS_ZIP": True,
        "PRINT_CONFIG": False,
    }


def mot_dataset(result: Result, archive: Path, folder: Path) -> Any:
    from trackeval.datasets import MotChallenge2DBox

    sequences = dict.fromkeys(folders(result).values(), result.video.frames)
    return MotChallenge2DBox(
        zipped_sequences(archive, folder) | {"SEQ_INFO": sequences, "SKIP_SPLIT_FOL": True, "BENCHMARK": "MOT15"}
    )


def test_mot_is_a_sequence_per_sentence(result: Result, expected: Rows, export: Write, tmp_path: Path) -> None:
    dataset = mot_dataset(result, export(result, "mot"), tmp_path / "eval")
    check(result, expected, lambda folder: dataset._load_raw_file("trackspeak", folder, False), corners=False)


def test_mot_counts_frames_from_the_first_frame(result: Result, export: Write, tmp_path: Path) -> None:
    for first in (0, 1, 7):
        with zipfile.ZipFile(export(replace(result, first_frame=first), "mot")) as archive:
            assert archive.read("the-red-car.txt").startswith(f"{2 + first},7,24.72,8.50,20.25,20.25,0.53".encode())


def test_rmot_is_read_where_its_seqmap_says(result: Result, expected: Rows, unpacked: Write, tmp_path: Path) -> None:
    from trackeval.datasets import MotChallenge2DBox

    root = unpacked(result, "rmot")
    lines = (root / "seqmap.txt").read_text("utf-8").splitlines()
    assert lines == [f"street-1+{folder}" for folder in folders(result).values()]
    assert {path.relative_to(root).as_posix() for path in root.rglob("*.txt")} == {
        "seqmap.txt",
        *(f"{line.replace('+', '/')}/predict.txt" for line in lines),
    }

    def load(folder: str) -> dict[str, Any]:
        dataset = MotChallenge2DBox(
            {
                "GT_LOC_FORMAT": str(root / "seqmap.txt"),  # it is there; nothing reads the ground truth here
                "TRACKERS_FOLDER": str(root),
                "TRACKERS_TO_EVAL": ["street-1"],
                "TRACKER_SUB_FOLDER": folder,
                "SEQ_INFO": {"predict": result.video.frames},
                "SKIP_SPLIT_FOL": True,
                "PRINT_CONFIG": False,
            }
        )
        return dataset._load_raw_file("street-1", "predict", False)

    check(result, expected, load, corners=False)


def kitti_dataset(result: Result, archive: Path, folder: Path) -> Any:
    from trackeval.datasets import Kitti2DBox

    config = zipped_sequences(archive, folder)
    lines = [f"{name} empty 000000 {result.video.frames:06d}\n" for name in folders(result).values()]
    (folder / "gt" / "evaluate_tracking.seqmap.training").write_text("".join(lines), "utf-8")
    return Kitti2DBox(config)


def test_kitti_is_a_sequence_per_sentence_from_frame_0(
    result: Result, expected: Rows, export: Write, tmp_path: Path
) -> None:
    dataset = kitti_dataset(result, export(replace(result, first_frame=5), "kitti"), tmp_path / "eval")
    check(result, expected, lambda folder: dataset._load_raw_file("trackspeak", folder, False), corners=True)


def test_kitti_against_itself_is_perfect(result: Result, export: Write, tmp_path: Path) -> None:
    from trackeval.metrics import HOTA

    dataset = kitti_dataset(result, export(result, "kitti"), tmp_path / "eval")
    data = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data("trackspeak", "the-red-car"), "car")
    assert (data["num_tracker_dets"], data["num_tracker_ids"]) == (7, 1)  # the other track is no car
    assert HOTA().eval_sequence(data)["HOTA"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("class_name", "kind"), [("Car", "Car"), ("person", "Pedestrian"), ("train", "Tram"), ("object", "Misc")]
)
def test_kitti_types_are_those_of_the_benchmark(class_name: str, kind: str, result: Result, unpacked: Write) -> None:
    first = result.queries[0]
    renamed = replace(first, tracks=tuple(replace(track, class_name=class_name) for track in first.tracks))
    root = unpacked(replace(result, queries=(renamed,)), "kitti")
    columns = (root / "the-red-car.txt").read_text().splitlines()[0].split(" ")
    assert columns == ["2", "7", kind, "-1", "-1", "-10", "24.72", "8.50", "44.97", "28.75"] + (
        ["-1"] * 3 + ["-1000"] * 3 + ["-10", "0.527000"]
    )


def test_nothing_is_read_from_a_result_without_tracks(result: Result, export: Write, tmp_path: Path) -> None:
    none = replace(result, queries=tuple(replace(answer, tracks=()) for answer in result.queries))
    for make, name in ((mot_dataset, "mot"), (kitti_dataset, "kitti")):
        dataset = make(none, export(none, name), tmp_path / name)
        for folder in folders(none).values():
            assert found(dataset._load_raw_file("trackspeak", folder, False), corners=True) == {}
