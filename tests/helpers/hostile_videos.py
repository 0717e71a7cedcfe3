"""Files that are built to harm: bombs, endless and nested structures, playlists, other files under a video's name."""

import gzip
import io
import json
import struct
import tarfile
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path

Hostile = Iterator[tuple[str, str, bytes, bool]]
"""Kind, name, content, and whether no picture may be found in it."""


def hostile_videos(folder: Path, whole: dict[str, bytes]) -> Iterator[tuple[str, Path, bool]]:
    """Write them; `whole` are clips to build on. Gives kind, path, and whether no picture may be found in it."""
    target = folder / "whole.mp4"  # what playlists point at: a reader that follows them finds a video
    for kind, name, content, must_fail in (*_bombs(whole), *_lies(whole), *_endless(whole), *_others()):
        path = folder / f"{kind.replace(' ', '-')}-{name}"
        path.write_bytes(content)
        yield kind, path, must_fail
    for number, (text, suffixes) in enumerate(_playlists(target)):
        for suffix in suffixes:
            path = folder / f"playlist-{number}.{suffix}"
            path.write_bytes(text.encode() if isinstance(text, str) else text)
            yield "playlists", path, True
    target.write_bytes(whole["mp4"])
    sparse = folder / "endless-zeros.ts"
    with sparse.open("wb") as file:
        file.write(whole["ts"])
        file.truncate(64 * 1024**2)
    yield "endless", sparse, False


def box(name: bytes, content: bytes = b"") -> bytes:
    """Make a box of an MP4."""
    return struct.pack(">I", 8 + len(content)) + name + content


def element(name: bytes, content: bytes) -> bytes:
    """Make an element of a Matroska file."""
    return name + struct.pack(">Q", len(content) | 1 << 56) + content


def _bombs(whole: dict[str, bytes]) -> Hostile:
    """Ask for pictures of many pixels."""
    for width, height in ((65_535, 65_535), (32_767, 32_767), (65_535, 1_000)):
        gif = bytearray(whole["gif"])
        gif[6:10] = struct.pack("<HH", width, height)
        yield "bombs", f"{width}x{height}.gif", bytes(gif), True
        small, large = struct.pack(">HH", 32, 48), struct.pack(">HH", height, width)
        header = b"\xff\xc0\x00\x11\x08"
        yield "bombs", f"{width}x{height}.avi", whole["avi"].replace(header + small, header + large), True
        yield "bombs", f"picture-{width}x{height}.mov", whole["mov"].replace(header + small, header + large), True
        entry, larger = struct.pack(">HH", 48, 32), struct.pack(">HH", width, height)
        yield "bombs", f"{width}x{height}.mp4", whole["mp4"].replace(entry, larger), False
        ivf = bytearray(whole["ivf"])
        ivf[12:16] = struct.pack("<HH", width, height)
        yield "bombs", f"{width}x{height}.ivf", bytes(ivf), False
        picture = whole["y4m"].replace(b"W48 H32", f"W{width} H{height}".encode())
        yield "bombs", f"{width}x{height}.y4m", picture, True
        apng = bytearray(whole["apng"])
        apng[16:24] = struct.pack(">II", width * 100, height * 100)
        yield "bombs", f"{width}x{height}.apng", bytes(apng), True
    yield "bombs", "overflow.y4m", b"YUV4MPEG2 W2147483647 H2147483647 F25:1 Ip C420\nFRAME\n" + bytes(1000), True


def _lies(whole: dict[str, bytes]) -> Hostile:
    """Declare more than there is."""
    avi = whole["avi"]
    for frames in (2**31 - 1, 2**32 - 1, 3_000_000):
        content = bytearray(avi)
        at = avi.index(b"strh") + 8 + 32
        content[at : at + 4] = struct.pack("<I", frames)
        yield "lies", f"{frames}-frames.avi", bytes(content), True
    mp4 = whole["mp4"]
    for count in (2**31 - 1, 2**32 - 1, 100_000_000):
        for table in (b"stts", b"stsz", b"stsc", b"stco", b"ctts", b"elst", b"stss"):
            at = mp4.find(table)
            if at >= 0:
                at += 12 if table == b"stsz" else 8
                content = mp4[:at] + struct.pack(">I", count) + mp4[at + 4 :]
                yield "lies", f"{table.decode()}-{count}.mp4", content, False
        at = mp4.index(b"stts") + 12
        yield "lies", f"samples-{count}.mp4", mp4[:at] + struct.pack(">I", count) + mp4[at + 4 :], count == 2**31 - 1
        at = mp4.index(b"stts") + 16
        yield "lies", f"slow-{count}.mp4", mp4[:at] + struct.pack(">I", count) + mp4[at + 4 :], False
    mkv = whole["lossless.mkv"]
    at = mkv.index(b"\x44\x89\x88") + 3  # the duration, as a double
    for duration_ms in (1e12, 1e300, -1.0, float("nan"), float("inf")):
        content = mkv[:at] + struct.pack(">d", duration_ms) + mkv[at + 8 :]
        yield "lies", f"duration-{duration_ms:g}.mkv", content, False


def _endless(whole: dict[str, bytes]) -> Hostile:
    """Never come to an end, or to the bottom."""
    for depth in (100, 10_000):
        for name in (b"moov", b"trak", b"meta", b"moof", b"udta"):
            nested = b""
            for _ in range(depth):
                nested = struct.pack(">I", 8 + len(nested)) + name + nested if len(nested) < 80_000 else nested
            yield "endless", f"{depth}-{name.decode()}.mp4", box(b"ftyp", b"isom\0\0\2\0isom") + nested, True
        tags = b""
        for _ in range(depth // 10):
            tags = element(b"\x67\xc8", tags)
        tags = element(b"\x12\x54\xc3\x67", element(b"\x73\x73", tags))
        segment = whole["mkv"].index(b"\x18\x53\x80\x67") + 12
        yield "endless", f"{depth}-tags.mkv", whole["mkv"][:segment] + tags + whole["mkv"][segment:], False
    # An index of an AVI that points at itself.
    indx = struct.pack("<HBBI4s12x", 4, 0, 0, 4, b"00dc") + struct.pack("<QII", 0, 64, 8) * 4
    avi = whole["avi"]
    at = avi.index(b"strf")
    yield "endless", "self-index.avi", avi[:at] + b"indx" + struct.pack("<I", len(indx)) + indx + avi[at:], False
    # Pictures without end, at least for whoever limits their number or their duration.
    yield "endless", "pictures.mjpeg", _picture(whole["avi"]) * 4_000, True
    yield "endless", "pictures.h264", whole["h264"] * 400, True
    yield "endless", "pictures.ts", whole["ts"] * 400, True
    gif = whole["gif"]
    header = 13 + 3 * 2 ** ((gif[10] & 7) + 1) if gif[10] & 128 else 13
    yield "endless", "pictures.gif", gif[:header] + gif[header:-1] * 400 + b";", True
    y4m = whole["y4m"]
    yield "endless", "pictures.y4m", y4m + y4m[y4m.index(b"FRAME") :] * 400, True
    yield "endless", "empty-frames.y4m", b"YUV4MPEG2 W2 H2 F25:1 Ip C420\n" + b"FRAME\n" * 200_000, True
    yield "endless", "codes.mpg", b"\0\0\1\xba" * 500_000, True
    yield "endless", "codes.h264", b"\0\0\1\x67" * 500_000, True
    yield "endless", "pages.ogg", (b"OggS" + bytes(23)) * 50_000, True
    yield "endless", "tags.flv", b"FLV\1\1\0\0\0\x09\0\0\0\0" + b"\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b" * 100_000, True
    yield "endless", "sync.ts", (b"G\x1f\xff\x10" + b"\xff" * 184) * 20_000, True


def _picture(avi: bytes) -> bytes:
    """Take the first JPEG out of an AVI."""
    begin = avi.index(b"\xff\xd8\xff")
    return avi[begin : avi.index(b"\xff\xd9", begin) + 2]


def _playlists(target: Path) -> Iterator[tuple[str | bytes, tuple[str, ...]]]:
    """Name other files, here and elsewhere."""
    for named in (
        target.name,
        f"{target}",
        f"file://{target}",
        "http://127.0.0.1:9/a.mp4",
        f"concat:{target}|{target}",
    ):
        yield f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{named}\n#EXT-X-ENDLIST\n", ("mp4", "m3u8", "ts")
        yield f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{named}\n", ("mp4", "m3u8")
        yield f"ffconcat version 1.0\nfile '{named}'\n", ("mp4", "ffconcat")
        yield _mpd(named), ("mp4", "mpd")
        yield f'<smil><body><video src="{named}"/></body></smil>', ("mp4",)
    session = "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    yield session, ("mp4", "sdp")
    yield "rtsp://127.0.0.1:9/a\n", ("mp4", "ram")
    yield _elsewhere(target), ("mov", "mp4")


def _mpd(named: str) -> str:
    """Make a playlist of DASH."""
    representation = f'<Representation id="1" bandwidth="1"><BaseURL>{named}</BaseURL></Representation>'
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        f'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="video/mp4">{representation}'
        "</AdaptationSet></Period></MPD>"
    )


def _elsewhere(target: Path) -> bytes:
    """Make a MOV whose pictures are in another file."""
    reference = box(b"url ", b"\0\0\0\0" + f"file://{target}".encode() + b"\0")
    handler = box(b"hdlr", b"\0\0\0\0mhlrvide" + bytes(13))
    entry = struct.pack(">6xH16xHHIIIH32xHh", 1, 48, 32, 72 << 16, 72 << 16, 0, 1, 24, -1)
    tables = [
        box(b"stsd", struct.pack(">II", 0, 1) + box(b"jpeg", entry)),
        box(b"stts", struct.pack(">IIII", 0, 1, 8, 40)),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 8, 1)),
        box(b"stsz", struct.pack(">III", 0, 400, 8)),
        box(b"stco", struct.pack(">III", 0, 1, 48)),
    ]
    information = box(b"vmhd", bytes(12)) + box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) + reference))
    media = box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 1_000, 320, 0, 0)) + handler
    media += box(b"minf", information + box(b"stbl", b"".join(tables)))
    track = box(b"tkhd", struct.pack(">IIIIII52xII", 7, 0, 0, 1, 0, 320, 48 << 16, 32 << 16)) + box(b"mdia", media)
    movie = box(b"mvhd", struct.pack(">IIIII80x", 0, 0, 0, 1_000, 320)) + box(b"trak", track)
    return box(b"ftyp", b"qt  \0\0\2\0qt  ") + box(b"moov", movie)


def _others() -> Hostile:
    """Be something else."""
    text = b"This is a text, and no video at all.\n" * 50
    archive, tarred, sound = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("a.txt"), text)
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a.txt"))
    with wave.open(sound, "wb") as samples:
        samples.setparams((1, 2, 8_000, 0, "NONE", ""))
        samples.writeframes(bytes(8_000))
    contents = {
        "empty": b"",
        "text": text,
        "zip": archive.getvalue(),
        "tar": tarred.getvalue(),
        "gzip": gzip.compress(text, mtime=0),
        "wav": sound.getvalue(),
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" * 20,
        "elf": b"\x7fELF\2\1\1" + struct.pack("<9xHHIQQQIHHHHHH4000x", 3, 62, 1, 64, 64, 0, 0, 64, 56, 1, 0, 0, 0),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>' * 10,
        "html": b"<!doctype html><html><body><video src='a.mp4'></video></body></html>" * 10,
        "json": json.dumps({"video": "a.mp4"}).encode() * 50,
        "script": b"#!/bin/sh\nrm -rf /tmp/nothing\n" * 30,
        "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\n<font src='a'>x</font>\n\n" * 20,
        "sqlite": b"SQLite format 3\0" + bytes(4_080),
        "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x94\x93\x94." * 30,
        "png": b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 1, 1, 8, 0, 0, 0, 0, 0x3A7E9B55)
        + bytes(400),
    }
    for name, content in contents.items():
        for suffix in ("mp4", "mkv", "h264"):
            yield "disguised", f"{name}.{suffix}", content, True
