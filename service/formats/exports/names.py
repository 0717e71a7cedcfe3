"""Names of the video that are safe inside archives."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from trackspeak.service.formats.folders import query_folders

DEFAULT_VIDEO: Final = "video"

_ENDING: Final = re.compile(r"\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{2,5}$")
"""An ending that a file has and a folder such as `cam.1` or `2024.05` has not."""


def video_file(video_name: str) -> str:
    """Give a video's file name, made harmless by the rules of the sentences' folders; its ending stays."""
    name = PurePath(video_name).name or DEFAULT_VIDEO
    ending = _ENDING.search(name)
    return video_stem(name) + (ending[0] if ending else "")


def video_stem(video_name: str) -> str:
    """Give a video's name without its ending, made harmless likewise: 0005 for "0005.mp4" and for a folder "0005"."""
    name = _ENDING.sub("", PurePath(video_name).name) or DEFAULT_VIDEO
    return query_folders([name])[name]
