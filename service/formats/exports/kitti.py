"""`kitti`: the label text of KITTI's tracking benchmark, a sequence per sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from trackspeak.plugins.contract import ReferredTrack
from trackspeak.service.formats.folders import query_folders
from trackspeak.service.result import Result

from .archive import write_zip
from .rows import answers, boxes

_OTHER: Final = "Misc"
_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "car": "Car",
        "van": "Van",
        "truck": "Truck",
        "pedestrian": "Pedestrian",
        "person": "Pedestrian",
        "cyclist": "Cyclist",
        "tram": "Tram",
        "train": "Tram",
    }
)
_UNKNOWN_BEFORE: Final = "-1 -1 -10"  # truncated, occluded, alpha
_UNKNOWN_AFTER: Final = "-1 -1 -1 -1000 -1000 -1000 -10"  # height, width, length, x, y, z, rotation


def write_kitti(result: Result, video_name: str, path: Path) -> None:
    """Write `<sentence>.txt` for each sentence, 18 columns with the score last.

    Frames count from 0 as in KITTI, whatever the result's `first_frame`. A class that KITTI does not have is `Misc`.
    """
    del video_name  # the sequences are the sentences
    found = answers(result)
    names = query_folders(list(found))
    write_zip(path, {f"{names[query]}.txt": _lines(found[query]) for query in found})


def _lines(tracks: Sequence[ReferredTrack]) -> Iterator[str]:
    for box in boxes(tracks):
        kind = _TYPES.get(box.class_name.casefold(), _OTHER)
        corners = " ".join(f"{value:.2f}" for value in box.xyxy)
        yield (f"{box.frame} {box.track_id} {kind} {_UNKNOWN_BEFORE} {corners} {_UNKNOWN_AFTER} {box.score:.6f}\n")
