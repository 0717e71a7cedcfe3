"""A video to an index, ready to be asked or kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .assemble import Assembly
from .options import RunOptions
from .pipeline.decode import Video
from .pipeline.index import Preview, Progress, VideoIndex, index_video
from .pipeline.video_info import VideoFacts
from .store.index_file import StoredIndex, as_stored, identity
from .store.thin import thin_looks


def index_id(video: Video, assembly: Assembly, options: RunOptions) -> str:
    """Give the id that the index of a video will have, before it is made."""
    bridged_gap = options.selection(assembly.protocol).bridged_gap
    pass_options = {
        "bridged_gap": bridged_gap,
        "frame_rate": video.info.frame_rate,
        "frame_stride": options.frame_stride,
        "looks_per_track": options.looks_per_track,
        "protocol": assembly.protocol,
    }
    return identity(video.sha256, assembly.uses, assembly.weights, pass_options)


@dataclass(frozen=True, slots=True)
class _Shown:
    """Shows a glimpse what was watched so far as the index that it will become."""

    glimpse: Preview[StoredIndex]
    keep: Callable[[VideoIndex], StoredIndex]

    def due(self) -> bool:
        return self.glimpse.due()

    def show(self, so_far: VideoIndex) -> None:
        self.glimpse.show(self.keep(so_far))


def make_index(
    video: Video,
    name: str,
    assembly: Assembly,
    options: RunOptions,
    *,
    thumbnails: bool = False,
    progress: Progress | None = None,
    glimpse: Preview[StoredIndex] | None = None,
) -> StoredIndex:
    """Watch a video once; the index is as it will come back from the disk.

    Args:
        video: an opened video.
        name: for people, such as the file's.
        assembly: the plugins.
        options: of the run; those about what is asked do not count.
        thumbnails: whether to keep a picture of each track, for an index that is kept.
        progress: called with the frames done and expected.
        glimpse: is shown what was watched so far, without pictures.

    Raises:
        TrackspeakError: what `index_video` raises.
    """
    bridged_gap = options.selection(assembly.protocol).bridged_gap
    own_id = index_id(video, assembly, options)

    def keep(index: VideoIndex, facts: VideoFacts) -> StoredIndex:
        return StoredIndex(
            own_id,
            name,
            facts,
            assembly.profile,
            assembly.uses,
            assembly.weights,
            assembly.protocol,
            assembly.first_frame,
            as_stored(index, assembly.protocol),
        )

    index = index_video(
        video,
        assembly.steps,
        bridged_gap,
        frame_stride=options.frame_stride,
        thumbnails=thumbnails,
        progress=progress,
        preview=None if glimpse is None else _Shown(glimpse, lambda so_far: keep(so_far, video.facts_so_far())),
    )
    if options.looks_per_track is not None:
        index = thin_looks(index, options.looks_per_track)
    index = replace(index, warnings=(*assembly.warnings, *index.warnings))
    return keep(index, video.facts())


def video_name(path: Path) -> str:
    """Give what people call a video: its file's or folder's name, as text that can be written."""
    return os.fsencode(path.resolve().name).decode(errors="replace")


def takes_queries(assembly: Assembly) -> bool:
    """Whether what is found depends on the sentences, so that an index answers these alone."""
    return assembly.steps.detector is not None and assembly.steps.detector.requirements.texts
