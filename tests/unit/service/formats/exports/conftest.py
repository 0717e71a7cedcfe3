"""A result that has all that is hard to export."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
import pytest

from trackspeak.plugins.contract import ReferredTrack, ReferredTracks, Span
from trackspeak.service.formats.exports import write_export
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.result import Result

QUERIES = ("the red car", 'Größe & <大> "x"', "a bus")
CLASSES = ("car", 'a "b" & <c>')
FRAMES = 20

MakeResult = Callable[..., Result]


class Row(NamedTuple):
    """A box of a result as every format should give it back."""

    query: str
    frame: int
    track_id: int
    class_name: str
    xyxy: tuple[float, ...]
    score: float


def referred(
    track_id: int, class_name: str, spans: list[tuple[int, int]], missing: tuple[int, ...] = ()
) -> ReferredTrack:
    """A track of some spans, without boxes in the frames that are missing."""
    frames = np.array([frame for a, b in spans for frame in range(a, b + 1) if frame not in missing])
    left = 3.14 * track_id + 1.37 * frames
    boxes = np.stack([left, 0 * frames + 8.5, left + 20.25, 0 * frames + 28.75], axis=1).astype(np.float32)
    scores = (0.5 + 0.001 * track_id + 0.01 * frames).astype(np.float32)
    marks = tuple(Span(a, b, 0.5 + 0.01 * a) for a, b in spans)
    return ReferredTrack(track_id, class_name, 0.75, marks, frames, frames / 25 + 0.001, boxes, scores)


@pytest.fixture
def result(make_result: MakeResult) -> Result:
    """Three sentences: two share a track over other frames, one has none; gaps between spans and within one."""
    car, other = CLASSES
    first = ReferredTracks(
        QUERIES[0], (referred(7, car, [(2, 5), (9, 12)], missing=(4,)), referred(3, other, [(18, 19)]))
    )
    second = ReferredTracks(QUERIES[1], (referred(7, car, [(3, 10)], missing=(4,)),))
    return make_result(
        video=VideoFacts(FRAMES, 25.0, 128, 64, 0.8, "ab" * 32),
        queries=(first, second, ReferredTracks(QUERIES[2], ()), first),
        trajectories=(),
    )


@pytest.fixture(params=["no tracks", "no sentences"])
def empty(request: pytest.FixtureRequest, make_result: MakeResult) -> Result:
    """A result without tracks."""
    queries = () if request.param == "no sentences" else tuple(ReferredTracks(query, ()) for query in QUERIES)
    return make_result(queries=queries, trajectories=())


def rows(result: Result) -> set[Row]:
    """All boxes of a result, from its JSON; a sentence asked twice is there once."""
    return {
        Row(answer["query"], box["frame"], track["track_id"], track["class"], tuple(box["xyxy"]), box["score"])
        for answer in result.to_dict()["queries"]
        for track in answer["tracks"]
        for box in track["boxes"]
    }


@pytest.fixture
def expected(result: Result) -> set[Row]:
    """The boxes of `result`."""
    found = rows(result)
    assert len(found) == 16
    return found


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export and give its path: `export(result, "coco")`."""

    def write(result: Result, name: str, video_name: str = "street 1.mp4") -> Path:
        path = tmp_path / "new" / name
        write_export(result, name, path, video_name=video_name)
        return path

    return write


@pytest.fixture
def unpacked(export: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Write an export that is an archive and give the folder with what was in it."""

    def unpack(result: Result, name: str) -> Path:
        folder = tmp_path / f"{name}-unpacked"
        with ZipFile(export(result, name)) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
        return folder

    return unpack
