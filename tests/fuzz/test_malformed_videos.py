"""Hundreds of malformed and hostile files go through the real decoder processes; none does harm."""

import os
import re
import resource
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from decoder_processes import decoders
from malformed_videos import FRAMES, Case, write_malformed_videos

from trackspeak.models.errors import VideoError
from trackspeak.service.decoding.launcher import DecoderProcess
from trackspeak.service.decoding.messages import Ended
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video, probe_video

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

LIMITS = Limits(
    max_video_bytes=1024**3,
    max_pixels_per_frame=3840 * 2160,
    max_frames=2_000,
    max_duration_s=60,
    max_decode_s=5,
    max_decoder_bytes=1024**3,
    max_stall_s=10,
)
AT_ONCE = 2
LEAST_ERRORS = 300
MIBYTES = 1024**2


@dataclass
class Outcome:
    """What came of a file."""

    case: Case
    frames: int = 0
    warnings: tuple[str, ...] = ()
    error: Exception | None = None


@dataclass
class Ran:
    """What came of all, and what it took."""

    folder: Path
    outcomes: list[Outcome] = field(default_factory=list)
    ends: list[Ended] = field(default_factory=list)
    grown_bytes: int = 0
    descriptors: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    shared: tuple[set[str], set[str]] = (set(), set())


def read(case: Case) -> Outcome:
    """Read a file to its end, without keeping its frames."""
    outcome = Outcome(case)
    try:
        video = open_video(case.path, LIMITS, isolated=True)
        for frame in video.frames():
            assert frame.rgb.shape == (video.info.height, video.info.width, 3)
            outcome.frames += 1
        outcome.warnings = video.warnings
    except Exception as error:  # noqa: BLE001 whatever it is, it is looked at below
        outcome.error = error
    return outcome


def shared_memory() -> set[str]:
    """Names in shared memory as Python makes them; other programs of the machine come and go there too."""
    return {name for name in os.listdir("/dev/shm") if name.startswith(("frames", "psm_", "pym-"))}  # noqa: S108


def descriptors() -> Counter[str]:
    """Count what is open in this process, by its kind; a file by its name.

    Databases are left out: a service that another test has started looks into its own at any time.
    """
    found = Counter[str]()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:  # closed meanwhile, such as that of the listing itself
            continue
        if not Path(target).name.startswith("trackspeak.db"):
            found[re.sub(r":\[\d+\]", "", target)] += 1
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("malformed")
    cases = write_malformed_videos(folder)
    found, end = Ran(folder), DecoderProcess.end

    def noting(process: DecoderProcess) -> Ended:
        ended = end(process)
        found.ends.append(ended)
        return ended

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(AT_ONCE) as pool:
        patch.setattr(DecoderProcess, "end", noting)
        read(cases[0])  # starts the server
        opened, shared = descriptors(), shared_memory()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found.outcomes = list(pool.map(read, cases))
        found.grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        found.descriptors = opened, descriptors()
        found.shared = shared, shared_memory()
    return found


def test_each_ends_with_frames_or_the_error_of_a_bad_video(ran: Ran) -> None:
    others = {o.case.name: repr(o.error) for o in ran.outcomes if not isinstance(o.error, VideoError | None)}
    assert others == {}
    assert [o.case.name for o in ran.outcomes if o.error is None and not o.frames] == []


def test_hundreds_are_refused(ran: Ran) -> None:
    refused = [o for o in ran.outcomes if o.error]
    print(f"{len(ran.outcomes)} files, {len(refused)} refused, {sum(e.cpu_s for e in ran.ends):.0f} s of processors")
    assert len(refused) >= LEAST_ERRORS
    assert len({o.case.kind for o in refused}) >= 15
    assert {type(o.error).__name__ for o in refused} == {"VideoError", "VideoLimitError"}


def test_what_holds_no_picture_is_refused(ran: Ran) -> None:
    assert [(o.case.name, o.frames) for o in ran.outcomes if o.case.must_fail and o.error is None] == []


def test_what_is_missing_is_told(ran: Ran) -> None:
    fewer = [o for o in ran.outcomes if o.case.must_warn and o.error is None and o.frames < FRAMES - 1]
    assert len(fewer) >= 5
    assert [o.case.name for o in fewer if not o.warnings] == []


def test_no_error_names_a_folder_of_the_server(ran: Ran) -> None:
    assert [str(o.error) for o in ran.outcomes if o.error and str(ran.folder.parent) in str(o.error)] == []


def test_no_decoder_has_a_mistake_of_its_own(ran: Ran) -> None:
    own = ("unexpected error", "answered nonsense", "ended unexpectedly")
    assert [str(o.error) for o in ran.outcomes if o.error and any(text in str(o.error) for text in own)] == []


def test_memory_stays_bounded(ran: Ran) -> None:
    largest = max(ended.peak_bytes for ended in ran.ends)
    print(f"this process grew by {ran.grown_bytes // MIBYTES} MiB, the largest decoder had {largest // MIBYTES} MiB")
    assert ran.grown_bytes < 300 * MIBYTES
    assert largest < LIMITS.max_decoder_bytes + 100 * MIBYTES, "beside what it starts with"


def test_nothing_is_left(ran: Ran) -> None:
    assert decoders() == []
    assert ran.descriptors[1] - ran.descriptors[0] == Counter()
    assert ran.shared[1] <= ran.shared[0]


def test_a_probe_refuses_what_reading_refuses_at_once(ran: Ran) -> None:
    """A sample: the API asks it before it accepts an upload."""
    for outcome in ran.outcomes[::10]:
        if outcome.error is None:
            assert probe_video(outcome.case.path, LIMITS).width
        elif outcome.case.kind in ("disguised", "playlists"):
            with pytest.raises(VideoError):
                probe_video(outcome.case.path, LIMITS)


def test_the_set_is_the_same_every_time(ran: Ran, tmp_path: Path) -> None:
    again = write_malformed_videos(tmp_path)
    assert [case.name for case in again] == [o.case.name for o in ran.outcomes]
    # Playlists name the folder that they are in.
    kept = [case for case in again if case.kind != "playlists"]
    assert [case.name for case in kept if case.path.read_bytes() != (ran.folder / case.name).read_bytes()] == []
