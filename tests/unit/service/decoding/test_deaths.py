"""Whatever becomes of a decoder process, or of who asked for it, the others go on and nothing is left."""

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from decoder_processes import (
    LONG_S,
    count_frames,
    decoders,
    is_running,
    keep_reading,
    wait_for,
)

from trackspeak.models.errors import OptionError, VideoError, VideoLimitError, WorkerError
from trackspeak.plugins.contract import Frame
from trackspeak.service.decoding.launcher import decoder_server
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video, probe_video

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

MakeClip = Callable[..., Path]
Frames = Generator[Frame, None, None]
SHORT_S = 1.5


def noise(index: int, width: int, height: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def clip(make_clip: MakeClip) -> Path:
    """More frames than the ring has slots."""
    return make_clip("a.mp4", frames=60, draw=noise)


@pytest.fixture
def begun(clip: Path) -> Frames:
    """A pass of which one frame was read; the decoder waits for a free slot, or soon will."""
    frames = open_video(clip, Limits(), isolated=True).frames()
    next(frames)
    return frames


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (signal.SIGKILL, VideoLimitError, r"max_decoder_bytes of 4,294,967,296 \(the system killed the process\)"),
        (signal.SIGXCPU, VideoLimitError, "more processor time than max_decode_s of 21,600.0 allows"),
        (signal.SIGSEGV, VideoError, r"it is damaged: FFmpeg crashes on it \(SIGSEGV\)"),
        (signal.SIGABRT, VideoError, r"it is damaged: FFmpeg crashes on it \(SIGABRT\)"),
        (signal.SIGUSR1, VideoError, "ended unexpectedly"),
    ],
)
def test_a_death_is_an_error_of_that_video(
    begun: Frames, clip: Path, number: signal.Signals, kind: type[VideoError], reason: str
) -> None:
    (process,) = decoders()
    os.kill(process, number)
    with pytest.raises(VideoError, match=reason) as caught:
        list(begun)
    assert type(caught.value) is kind
    assert decoders() == []
    assert len(list(open_video(clip, Limits(), isolated=True).frames())) == 60


def test_a_decoder_that_stands_still_is_killed(clip: Path) -> None:
    frames = open_video(clip, Limits(max_stall_s=SHORT_S), isolated=True).frames()
    next(frames)
    (process,) = decoders()
    os.kill(process, signal.SIGSTOP)
    with pytest.raises(VideoLimitError, match=r"longer than the limit max_stall_s of 1\.5"):
        list(frames)
    assert decoders() == []


def test_a_reader_that_takes_its_time_is_no_standstill(clip: Path) -> None:
    frames = open_video(clip, Limits(max_stall_s=SHORT_S), isolated=True).frames()
    next(frames)
    time.sleep(SHORT_S + 0.1)  # meanwhile the decoder waits for a free slot, for longer than it may stand still
    assert len(list(frames)) == 59


def test_another_server_is_started_where_one_was_killed(clip: Path) -> None:
    frames = open_video(clip, Limits(), isolated=True).frames()
    next(frames)
    server = decoder_server().pid
    assert server is not None
    (process,) = decoders()
    os.kill(server, signal.SIGKILL)
    with pytest.raises(WorkerError, match="what starts them ended"):
        list(frames)
    wait_for(lambda: not is_running(process))
    assert probe_video(clip, Limits()).width == 64
    assert decoder_server().pid not in (None, server)


@pytest.mark.parametrize("daemon", [True, False])
@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:lance is not fork-safe:UserWarning")
def test_daemonic_and_forked_processes_may_ask(clip: Path, method: str, daemon: bool) -> None:
    """A worker process is a daemonic one, which multiprocessing refuses children."""
    probe_video(clip, Limits())  # so that a forked process finds a server that is not its own
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    process = context.Process(target=count_frames, args=(clip, answers), daemon=daemon)
    process.start()
    assert answers.get(timeout=LONG_S) == 60
    process.join(LONG_S)
    assert process.exitcode == 0
    assert probe_video(clip, Limits()).width == 64


def test_nothing_is_left_where_who_asked_is_killed(clip: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=keep_reading, args=(clip, answers))
    process.start()
    server, (decoder,) = answers.get()
    mapped = Path(f"/proc/{decoder}/maps").read_text()
    assert "/memfd:frames" in mapped
    assert "/dev/shm" not in mapped, "which would be there still"  # noqa: S108
    process.kill()
    process.join()
    wait_for(lambda: not is_running(decoder) and not is_running(server))
    answers.close()


def test_a_decoder_that_was_taken_over_is_not_believed(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its messages are replaced on the way: of a wrong kind, type or length, or none at all."""
    read = socket.socket.recv

    for said in (b'{"time_s": "x", "end_s": 1}\n', b"\x80\x04]\x94.\n", b"[" * 200_000, b'{"warnings": []}\n'):

        def lie(source: socket.socket, size: int, said: bytes = said) -> bytes:
            real = read(source, size)
            return said if b'"info"' in real else real

        with monkeypatch.context() as patch:
            patch.setattr("trackspeak.service.decoding.messages.socket.socket.recv", lie, raising=False)
            with pytest.raises(VideoError, match="answered nonsense"):
                probe_video(clip, Limits())
    assert decoders() == []


def test_windows_is_told_what_to_do(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder_server.cache_clear()
    monkeypatch.setattr("trackspeak.service.decoding.launcher.sys.platform", "win32")
    with pytest.raises(OptionError, match="needs Linux or macOS; on Windows, use WSL or a container"):
        probe_video(clip, Limits())
