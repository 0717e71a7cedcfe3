"""What a decoder process may do, tried in one of its own kind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from decoder_processes import decoders

from trackspeak.service.decoding.confine import decoder_bytes
from trackspeak.service.decoding.landlock import version
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have not all of it")

CONFINED = """
import socket, sys
from pathlib import Path
from trackspeak.service.decoding.confine import confine
from trackspeak.service.limits import Limits

listening = socket.create_server(("127.0.0.1", 0))
confine(Path("allowed"), Limits(max_decoder_bytes=100_000_000))

def tell(what, act):
    try:
        act()
    except BaseException as error:
        print(what, type(error).__name__)
    else:
        print(what, "done")

tell("read it:", lambda: open("allowed").read())
tell("read another:", lambda: open("other").read())
tell("write it:", lambda: open("allowed", "a"))
tell("make one:", lambda: open("new", "w"))
tell("connect:", lambda: socket.create_connection(listening.getsockname()))
tell("listen:", lambda: socket.create_server(("127.0.0.1", 0)))
tell("small:", lambda: bytearray(10_000_000))
tell("large:", lambda: bytearray(200_000_000))
"""


@pytest.fixture
def told(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "allowed").write_text("a")
    (tmp_path / "other").write_text("b")
    command = [sys.executable, "-c", CONFINED]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    return dict(line.split(": ") for line in done.stdout.splitlines())


def test_memory_is_limited(told: dict[str, str]) -> None:
    assert (told["small"], told["large"]) == ("done", "MemoryError")


@pytest.mark.skipif(version() < 1, reason="the kernel has no Landlock")
def test_one_file_alone_is_read_and_none_written(told: dict[str, str]) -> None:
    names = ("read it", "read another", "write it", "make one")
    assert [told[name] for name in names] == ["done", *["PermissionError"] * 3]


@pytest.mark.skipif(version() < 4, reason="the kernel's Landlock does not know the network")
def test_nobody_is_reached_over_tcp(told: dict[str, str]) -> None:
    assert (told["connect"], told["listen"]) == ("PermissionError", "PermissionError")


def test_a_running_decoder_is_confined(make_clip: Callable[..., Path]) -> None:
    frames = open_video(make_clip("a.mp4", frames=30), Limits(max_decode_s=7), isolated=True).frames()
    next(frames)
    (process,) = decoders()
    status = Path(f"/proc/{process}/status").read_text()
    limits = Path(f"/proc/{process}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    frames.close()
    assert "NoNewPrivs:\t1" in status
    assert rows["Max file size"] == rows["Max core file size"] == ["0", "0"]
    assert rows["Max open files"] == ["16", "16"]
    seconds, at_last = (int(value) for value in rows["Max cpu time"])
    assert 7 * 2 <= seconds == at_last - 1
    assert int(rows["Max address space"][0]) >= decoder_bytes(Limits())


def test_a_small_machine_gives_half_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PHYS_PAGES": 1_000, "SC_PAGE_SIZE": 4_096}
    monkeypatch.setattr("trackspeak.service.decoding.confine.os.sysconf", sizes.get)
    assert decoder_bytes(Limits()) == 2_048_000
    assert decoder_bytes(Limits(max_decoder_bytes=1_000)) == 1_000
