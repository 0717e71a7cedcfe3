import numpy as np
import pytest

from trackspeak.models.sampling import look_positions, segment_bounds


@pytest.mark.parametrize("count", range(1, 60))
def test_segments_cover_every_position_and_end_with_the_last(count: int) -> None:
    bounds = segment_bounds(count, 8, 4)
    covered = {position for start, stop in bounds for position in range(start, stop)}
    assert covered == set(range(count))
    assert bounds[-1][1] == count
    assert {stop - start for start, stop in bounds} == {min(count, 8)}


def test_twenty_frames_give_the_papers_four_segments() -> None:
    assert segment_bounds(20, 8, 4) == [(0, 8), (4, 12), (8, 16), (12, 20)]


def test_an_empty_run_has_no_segment() -> None:
    assert segment_bounds(0, 8, 4) == []


@pytest.mark.parametrize("count", range(1, 12))
@pytest.mark.parametrize("looks", [1, 2, 3, 4])
def test_looks_are_the_papers_linspace(count: int, looks: int) -> None:
    expected = np.linspace(0, count, looks, endpoint=False).astype(int).tolist()
    assert look_positions(0, count, looks) == expected
    assert look_positions(5, 5 + count, looks) == [5 + position for position in expected]
