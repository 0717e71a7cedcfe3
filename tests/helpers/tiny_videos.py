"""Tiny clips in many containers, the same at every run; made with whatever encoders FFmpeg has here."""

from pathlib import Path

import numpy as np

FRAMES = 8
WIDTH, HEIGHT = 48, 32

_KINDS = {
    "mp4": ("mp4", "libx264", "yuv420p", {}),
    "faststart.mp4": ("mp4", "libx264", "yuv420p", {"movflags": "faststart"}),
    "fragmented.mp4": ("mp4", "mpeg4", "yuv420p", {"movflags": "frag_keyframe+empty_moov"}),
    "mov": ("mov", "mjpeg", "yuvj420p", {}),
    "mkv": ("matroska", "libx264", "yuv420p", {}),
    "lossless.mkv": ("matroska", "ffv1", "yuv420p", {}),
    "webm": ("webm", "libvpx", "yuv420p", {}),
    "avi": ("avi", "mjpeg", "yuvj420p", {}),
    "mpeg4.avi": ("avi", "mpeg4", "yuv420p", {}),
    "ts": ("mpegts", "mpeg2video", "yuv420p", {}),
    "mpg": ("mpeg", "mpeg1video", "yuv420p", {}),
    "flv": ("flv", "flv", "yuv420p", {}),
    "nut": ("nut", "mpeg4", "yuv420p", {}),
    "ivf": ("ivf", "libvpx", "yuv420p", {}),
    "mxf": ("mxf", "mpeg2video", "yuv420p", {}),
    "wmv": ("asf", "wmv2", "yuv420p", {}),
    "ogg": ("ogg", "libtheora", "yuv420p", {}),
    "h264": ("h264", "libx264", "yuv420p", {}),
    "y4m": ("yuv4mpegpipe", "wrapped_avframe", "yuv420p", {}),
    "gif": ("gif", "gif", "rgb8", {}),
    "apng": ("apng", "apng", "rgb24", {}),
}

_X264 = {"qp": "30", "x264-params": "b-adapt=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:scenecut=0"}
"""Without decisions by floating-point numbers and by a look ahead, which once came out otherwise on a busy machine."""


def tiny_videos(folder: Path) -> dict[str, bytes]:
    """Make a clip of each kind that there is an encoder for: name of the kind -> content."""
    made = {}
    for kind in _KINDS:
        path = folder / f"whole.{kind}"
        if _encode(path, kind):
            made[kind] = path.read_bytes()
    return made


def _encode(path: Path, kind: str) -> bool:
    """Write a clip; gives whether it could be."""
    import av

    container_format, codec, pix_fmt, options = _KINDS[kind]
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    settings = {"fflags": "+bitexact", **options}
    with av.open(str(path), "w", format=container_format, options=settings) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.codec_context.thread_count = 1
        stream.options = {"flags": "+bitexact", **(_X264 if codec == "libx264" else {})}
        for index in range(FRAMES):
            picture = np.random.default_rng(index).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
            picture = picture.repeat(4, axis=0).repeat(4, axis=1)  # (H/4, W/4, 3) -> (H, W, 3)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)))
        container.mux(stream.encode())
    return True
