"""What decoder processes say is checked like any input."""

import socket
import threading
from collections.abc import Iterator

import pytest

from trackspeak.service.decoding.messages import (
    Answer,
    Ended,
    Failed,
    Finished,
    FrameReady,
    Lines,
    Opened,
    Refused,
    Request,
    answer_of,
    ended_of,
    to_line,
)
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.video_info import VideoInfo

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


@pytest.mark.parametrize(
    "answer",
    [
        Opened(VideoInfo(64, 48, 29.97, None, 0.1)),
        FrameReady(1 / 3, 2 / 3),
        Finished(["a", "b"]),
        Refused("video_over_limit", "too long: ä"),
        Failed("Traceback\n"),
    ],
)
def test_answers_come_back_as_they_were(answer: Answer) -> None:
    assert answer_of(to_line(answer)) == answer


def test_requests_and_ends_come_back_as_they_were() -> None:
    request = Request("/a/\udcff.mp4", Limits(max_frames=3), 64, 48, 2)
    assert Request.from_json(to_line(request)) == request
    ended = Ended(-9, 1_000, 0.5)
    assert ended_of(to_line(ended)) == ended


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\x80\x04]\x94.",
        b'{"time_s": -1, "end_s": 0}',
        b'{"time_s": NaN, "end_s": 0}',
        b'{"time_s": 0, "end_s": Infinity}',
        b'{"code": "internal_error", "message": "a"}',
        b'{"code": "unreadable_video"}',
        b'{"warnings": [["a"]]}',
        b'{"info": {"width": "wide", "height": 48, "frame_rate": 25}}',
    ],
)
def test_nonsense_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        answer_of(line)


def test_lines_are_cut_where_they_end(pair: Pair) -> None:
    here, there = pair
    there.sendall(b"one\ntwo\nthr")
    lines = Lines(here)
    assert (lines.next(10), lines.next(10)) == (b"one", b"two")
    there.sendall(b"ee\nhalf")
    there.close()
    assert (lines.next(10), lines.next(10)) == (b"three", None)


def test_a_line_without_end_is_refused(pair: Pair) -> None:
    here, there = pair
    sending = threading.Thread(target=there.sendall, args=(b"x" * 150_000,))
    sending.start()
    with pytest.raises(ValueError, match="too long"):
        Lines(here).next(10)
    here.close()
    sending.join()


def test_drops_do_not_win_time(pair: Pair) -> None:
    """The limit is of the whole line, not of each piece of it."""
    here, there = pair
    stop = threading.Event()

    def drop() -> None:
        while not stop.wait(0.02):
            there.sendall(b"x")

    dropping = threading.Thread(target=drop)
    dropping.start()
    with pytest.raises(TimeoutError):
        Lines(here).next(0.3)
    stop.set()
    dropping.join()
