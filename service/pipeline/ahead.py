"""Decoding in a thread of its own, a bounded number of frames ahead."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from trackspeak.plugins.contract import Frame

if TYPE_CHECKING:
    from .watch import Stopwatch


def read_ahead(frames: Iterator[Frame], batch_frames: int, watch: Stopwatch) -> Generator[list[Frame], None, None]:
    """Give frames in batches, while a thread decodes the next batch.

    An error in decoding is raised here, in place of the batch that it broke.
    """

    def decode() -> list[Frame]:
        with watch.stage("decode"):
            batch = list(islice(frames, batch_frames))
        watch.count("decode", len(batch))
        return batch

    with ThreadPoolExecutor(1, "decode") as decoding:
        coming = decoding.submit(decode)
        while batch := coming.result():
            coming = decoding.submit(decode)
            yield batch
