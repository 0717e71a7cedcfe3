"""`rmot`: the layout that the evaluation of referring multi-object tracking reads (TransRMOT, iKUN)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trackspeak.service.formats.folders import query_folders
from trackspeak.service.formats.mot import referred_text
from trackspeak.service.result import Result

from .archive import write_zip
from .names import video_stem
from .rows import answers

PREDICT_FILE: Final = "predict.txt"
SEQMAP_FILE: Final = "seqmap.txt"


def write_rmot(result: Result, video_name: str, path: Path) -> None:
    """Write `<video>/<sentence>/predict.txt` for each sentence, and `seqmap.txt` with a line `<video>+<sentence>` each.

    Frames count from the result's `first_frame`. There is no ground truth in it: `gt.txt` belongs beside `predict.txt`.
    """
    video, found = video_stem(video_name), answers(result)
    folders = query_folders(list(found))
    texts = {
        f"{video}/{folders[query]}/{PREDICT_FILE}": [referred_text(tracks, result.first_frame)]
        for query, tracks in found.items()
    }
    write_zip(path, texts | {SEQMAP_FILE: [f"{video}+{folders[query]}\n" for query in found]})
