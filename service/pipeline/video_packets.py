"""From a container's packets to decoded frames, past whatever is damaged."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from trackspeak.service.limits import Limits

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


class PacketDecoder:
    """Decodes one pass packet by packet, so that a bad packet costs no more than itself.

    Args:
        limits: a frame's pixels and the decoder's work are checked against it.
        name: the video's name in messages.
    """

    def __init__(self, limits: Limits, name: str) -> None:
        self._limits = limits
        self._name = name
        self.bad_packets = 0
        """How many packets were skipped so far."""

        self.out_of_memory = 0
        """For how many of them memory was short, or the packet asked for an absurd amount of it."""

        self._damaged_frames = 0
        self._stopped = ""

    def frames(self, container: InputContainer, stream: VideoStream) -> Generator[VideoFrame, None, None]:
        """Give the decoded frames in display order, skipping what cannot be decoded.

        Raises:
            VideoLimitError: if a frame is too large or decoding takes too long.
        """
        spent_s = 0.0
        for packet in self._packets(container, stream):
            started = time.perf_counter()
            frames = self._decode(stream, packet)
            spent_s += time.perf_counter() - started
            self._limits.check_video("max_decode_s", spent_s, f"{self._name}: seconds of decoding")
            for frame in frames:
                pixels = frame.width * frame.height
                self._limits.check_video("max_pixels_per_frame", pixels, f"pixels of a frame of {self._name}")
                self._damaged_frames += bool(frame.is_corrupt)
                yield frame

    def warnings(self) -> list[str]:
        """What was skipped, damaged or cut short."""
        found = []
        if self.bad_packets:
            found.append(f"packets that could not be decoded and were skipped: {self.bad_packets}")
        if self.out_of_memory:
            found.append(f"of these, packets for which the memory did not suffice: {self.out_of_memory}")
        if self._damaged_frames:
            found.append(f"frames that were decoded with damage: {self._damaged_frames}")
        if self._stopped:
            found.append(f"reading stopped before the end of the file ({self._stopped})")
        return found

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream] | None]:
        """Read packets until the end or the first error; an empty one or None makes the decoder give what it holds."""
        import av

        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                self._stopped = error.strerror
                yield None
                return
            if packet is None:
                return
            yield packet

    def _decode(self, stream: VideoStream, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Decode one packet, or count it as bad."""
        import av

        try:
            return stream.decode(packet)
        except av.EOFError:
            return []
        except av.FFmpegError as error:
            self.bad_packets += 1
            self.out_of_memory += isinstance(error, MemoryError)
            return []
