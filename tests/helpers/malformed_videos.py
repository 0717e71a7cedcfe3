"""Malformed and hostile files for whatever reads videos: the same at every run, made from tiny clips.

    cases = write_malformed_videos(tmp_path)

writes them into a folder and says what they are.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hostile_videos import hostile_videos
from tiny_videos import FRAMES, tiny_videos

_SEED = 6
_FLIPS = 6
_NOISES = 3


@dataclass(frozen=True)
class Case:
    """A file to read.

    Attributes:
        path: of the file; its suffix may be a lie.
        kind: what was done to it.
        must_fail: whether no reader can find a picture in it that it should show.
        must_warn: whether the header says how many frames there are, so that a reader must tell that some are missing.
    """

    path: Path
    kind: str
    must_fail: bool = False
    must_warn: bool = False

    @property
    def name(self) -> str:
        """To tell it from the others."""
        return self.path.name


_TELL_LENGTH = ("faststart.mp4", "mkv", "lossless.mkv", "webm", "avi", "mpeg4.avi", "flv", "ivf")
"""Kinds whose header, at the beginning, says how long they are."""

_HEADERS = {"gif": 13, "h264": 64, "y4m": 64, "ivf": 32}
"""Bytes without which no frame can be found, for kinds whose header is short."""


def write_malformed_videos(folder: Path) -> list[Case]:
    """Write all files.

    Args:
        folder: where to; there are no files in sub-folders.

    Returns:
        A case per file, several hundred; sorted by kind.
    """
    draw = random.Random(_SEED)
    work = folder / "whole"
    work.mkdir()
    whole = tiny_videos(work)
    for path in work.iterdir():
        path.unlink()
    work.rmdir()
    cases = []
    made = [*_cut(whole), *_blanked(whole), *_flipped(whole, draw), *_spliced(whole)]
    made += [*_noise(whole, draw), *_sized(whole)]
    for number, (kind, suffix, content, must_fail, must_warn) in enumerate(made):
        path = folder / f"{kind.replace(' ', '-')}-{number:03}.{suffix}"
        path.write_bytes(content)
        cases.append(Case(path, kind, must_fail, must_warn))
    for kind, path, must_fail in hostile_videos(folder, whole):
        cases.append(Case(path, kind, must_fail))
    return sorted(cases, key=lambda case: (case.kind, case.name))


Made = Iterator[tuple[str, str, bytes, bool, bool]]


def _suffix(kind: str) -> str:
    return kind.rpartition(".")[2]


def _cut(whole: dict[str, bytes]) -> Made:
    """Drop the end."""
    for kind, content in whole.items():
        for kept in (4, 16, 40):
            yield "cut to a few bytes", _suffix(kind), content[:kept], True, False
        for share in (0.1, 0.3, 0.5, 0.8, 0.97):
            # Without the table at its end nothing of an MP4 can be found.
            fails = kind in ("mp4", "mov") and share < 0.9
            yield "cut", _suffix(kind), content[: int(len(content) * share)], fails, kind in _TELL_LENGTH


def _blanked(whole: dict[str, bytes]) -> Made:
    """Set ranges to zero, or to ones."""
    for kind, content in whole.items():
        half = len(content) // 2
        for fill in (b"\0", b"\xff"):
            yield "head blanked", _suffix(kind), fill * half + content[half:], False, False
            rest = fill * (len(content) - 24)
            yield "all but the head blanked", _suffix(kind), content[:24] + rest, kind != "h264", False
            yield "middle blanked", _suffix(kind), content[:half] + fill * 300 + content[half + 300 :], False, False
        yield "all blanked", _suffix(kind), bytes(len(content)), True, False


def _flipped(whole: dict[str, bytes], draw: random.Random) -> Made:
    """Flip bits: a few in the header, many everywhere."""
    for kind, content in whole.items():
        for number in range(_FLIPS):
            changed = bytearray(content)
            within = min(256, len(content)) if number % 2 else len(content)
            for _ in range(4 * 2**number):
                changed[draw.randrange(within)] ^= 1 << draw.randrange(8)
            yield "bits flipped", _suffix(kind), bytes(changed), False, False


def _spliced(whole: dict[str, bytes]) -> Made:
    """Put the head of one before the rest of another, and halves of two together; and turn the bytes round."""
    kinds = list(whole)
    for kind, other in zip(kinds, kinds[5:] + kinds[:5], strict=True):
        head, rest = whole[kind], whole[other]
        yield "head of another", _suffix(kind), head[:64] + rest[64:], False, False
        yield "halves of two", _suffix(kind), head[: len(head) // 2] + rest[len(rest) // 2 :], False, False
        yield "backward", _suffix(kind), head[::-1], True, False


def _noise(whole: dict[str, bytes], draw: random.Random) -> Made:
    """Put noise after what the container is known by, and noise alone."""
    for kind, content in whole.items():
        for _ in range(_NOISES):
            head = content[: _HEADERS.get(kind, 24)]
            yield "noise after the head", _suffix(kind), head + draw.randbytes(3_000), False, False
        yield "noise", _suffix(kind), draw.randbytes(2_000), False, False


def _sized(whole: dict[str, bytes]) -> Made:
    """Change what says how long a part is."""
    for kind, size_bytes, names in (
        ("mp4", -4, b"ftyp moov trak mdia minf stbl stsd stsz stco stts mdat".split()),
        ("avi", 4, b"RIFF LIST avih strh strf movi 00dc idx1".split()),
    ):
        content = whole[kind]
        for name in names:
            at = content.index(name) + size_bytes
            for size in (0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF):
                written = size.to_bytes(4, "big" if kind == "mp4" else "little")
                yield "sizes changed", kind, content[:at] + written + content[at + 4 :], False, False
    content = whole["mkv"]
    for element in ("1a45dfa3", "18538067", "1654ae6b", "1f43b675", "1549a966"):
        at = content.index(bytes.fromhex(element)) + 4
        for size in (b"\x80", b"\xff", b"\x01\xff\xff\xff\xff\xff\xff\xff", b"\x08\x7f\xff\xff\xff", b"\x00"):
            yield "sizes changed", "mkv", content[:at] + size + content[at + len(size) :], False, False


__all__ = ["FRAMES", "Case", "write_malformed_videos"]
