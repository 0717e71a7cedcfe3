"""Names of the video that are safe inside archives."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from trackspeak.service.formats.folders import query_folders

DEFAULT_VIDEO: Final = "video"


def video_file(video_name: str) -> str:
    """Give a video's file name, made harmless by the rules of the sentences' folders."""
    name = PurePath(video_name).name or DEFAULT_VIDEO
    return query_folders([name])[name]


def video_stem(video_name: str) -> str:
    """Give a video's name without its ending, made harmless likewise: 0005 for "0005.mp4" and for a folder "0005"."""
    name = PurePath(video_name).stem or DEFAULT_VIDEO
    return query_folders([name])[name]
