"""`mot`: MOTChallenge text, a sequence per sentence, zipped as TrackEval reads it with INPUT_AS_ZIP."""

from __future__ import annotations

from pathlib import Path

from trackspeak.service.formats.folders import query_folders
from trackspeak.service.formats.mot import referred_text
from trackspeak.service.result import Result

from .archive import write_zip
from .rows import answers


def write_mot(result: Result, video_name: str, path: Path) -> None:
    """Write `<sentence>.txt` for each sentence; frames count from the result's `first_frame`."""
    del video_name  # the sequences are the sentences
    found = answers(result)
    names = query_folders(list(found))
    write_zip(path, {f"{names[query]}.txt": [referred_text(found[query], result.first_frame)] for query in found})
