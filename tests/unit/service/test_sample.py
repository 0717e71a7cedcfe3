"""The online sampler against the whole trajectory cut at once."""

import numpy as np
import pytest

from trackspeak.models.sampling import look_positions, segment_bounds
from trackspeak.models.trajectory import trajectory_window
from trackspeak.plugins.contract import Sampling, TrackedFrame
from trackspeak.service.pipeline.sample import Clip, Sampler

SIZE = (320, 240)
RATE = 10.0


def box_at(track_id: int, frame: int) -> np.ndarray:
    return np.array([frame, 10 * track_id, frame + 30, 10 * track_id + 20], np.float32)


def tracked(frame: int, track_ids: list[int]) -> TrackedFrame:
    boxes = np.array([box_at(track_id, frame) for track_id in track_ids], np.float32).reshape(-1, 4)
    ids = np.array(track_ids, np.int64)
    return TrackedFrame(frame, frame / RATE, boxes, ids, np.ones(len(ids), np.float32), ("car",) * len(ids))


def run(paths: dict[int, list[int]], max_gap: int, sampling: Sampling | None = None) -> list[Clip]:
    sampler = Sampler(sampling or Sampling(), SIZE, max_gap)
    clips: list[Clip] = []
    last = max(frame for frames in paths.values() for frame in frames)
    for frame in range(last + 12):
        clips += sampler.push(tracked(frame, [key for key, frames in paths.items() if frame in frames]))
        assert all(look >= 0 for clip in clips for look in clip.look_frames)
    return clips + sampler.finish()


def expected(frames: list[int], max_gap: int, sampling: Sampling) -> list[tuple[int, int, tuple[int, ...]]]:
    breaks = np.flatnonzero(np.diff(frames) > max_gap + 1) + 1
    return [
        (
            int(part[start]),
            int(part[stop - 1]),
            tuple(int(part[at]) for at in look_positions(start, stop, sampling.looks)),
        )
        for part in np.split(np.array(frames), breaks)
        for start, stop in segment_bounds(len(part), sampling.length, sampling.stride)
    ]


@pytest.mark.parametrize("max_gap", [0, 1, 4])
@pytest.mark.parametrize("seed", range(8))
def test_online_clips_equal_those_of_the_whole_trajectory(seed: int, max_gap: int) -> None:
    rng = np.random.default_rng(seed)
    sampling = Sampling()
    paths = {
        track_id: sorted(rng.choice(70, int(rng.integers(1, 70)), replace=False).tolist()) for track_id in range(4)
    }
    clips = run(paths, max_gap, sampling)
    for track_id, frames in paths.items():
        mine = [(clip.first_frame, clip.last_frame, clip.look_frames) for clip in clips if clip.track_id == track_id]
        assert mine == expected(frames, max_gap, sampling)


def test_a_clip_carries_the_boxes_it_looks_at_and_the_window_of_its_whole_past() -> None:
    frames = list(range(5, 47))
    clips = run({3: frames}, max_gap=0)
    for clip in clips:
        np.testing.assert_array_equal(clip.look_boxes_xyxy, [box_at(3, frame) for frame in clip.look_frames])
        past = [frame for frame in frames if frame <= clip.last_frame]
        window = trajectory_window(np.array(past) / RATE, np.stack([box_at(3, frame) for frame in past]), SIZE)
        np.testing.assert_allclose(clip.window, window, atol=1e-6)


def test_no_clip_looks_at_a_frame_that_was_no_longer_needed() -> None:
    rng = np.random.default_rng(5)
    sampler = Sampler(Sampling(), SIZE, max_gap=4)
    needed = 0
    for frame in range(300):
        clips = sampler.push(tracked(frame, [key for key in range(6) if rng.random() < 0.6]))
        assert all(look >= needed for clip in clips for look in clip.look_frames)
        assert sampler.oldest_needed() >= needed
        needed = sampler.oldest_needed()
    assert all(look >= needed for clip in sampler.finish() for look in clip.look_frames)


def test_the_ring_stays_short_however_long_a_track_lives() -> None:
    sampler = Sampler(Sampling(), SIZE, max_gap=4)
    for frame in range(500):
        sampler.push(tracked(frame, [1]))
        assert frame - sampler.oldest_needed() < 8


def test_frames_of_one_time_do_not_break_the_window() -> None:
    sampler = Sampler(Sampling(), SIZE, max_gap=0)
    clips = []
    for frame in range(12):
        one = tracked(frame, [1])
        clips += sampler.push(
            TrackedFrame(frame, (frame // 2) / RATE, one.boxes_xyxy, one.track_ids, one.scores, ("a",))
        )
    assert all(np.isfinite(clip.window).all() for clip in clips + sampler.finish())
