import numpy as np
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.models.trajectory import FEATURES, POINTS, WINDOW_S, trajectory_window

FRAME = (800, 400)


def column(window: np.ndarray, name: str) -> np.ndarray:
    return window[:, FEATURES.index(name)]


def moving(
    velocity_x: float, duration_s: float = 4.0, rate: float = 25.0, velocity_y: float = 0.0, size: float = 40.0
) -> tuple[np.ndarray, np.ndarray]:
    """A box that is in the middle of the frame at the end."""
    times_s = np.arange(round(duration_s * rate) + 1) / rate
    center = np.stack([400 + velocity_x * (times_s - times_s[-1]), 200 + velocity_y * (times_s - times_s[-1])], axis=1)
    return times_s, np.concatenate([center - size / 2, center + size / 2], axis=1).astype(np.float32)


def test_shape_and_dtype() -> None:
    window = trajectory_window(*moving(30), FRAME)
    assert window.shape == (POINTS, len(FEATURES))
    assert window.dtype == np.float32


def test_the_last_two_seconds_are_spread_over_the_points() -> None:
    window = trajectory_window(*moving(30, duration_s=9.0), FRAME)
    np.testing.assert_allclose(column(window, "time_offset"), np.linspace(-1, 0, POINTS), atol=1e-6)
    np.testing.assert_allclose(
        column(window, "center_x"), 2 * (400 + 30 * WINDOW_S * np.linspace(-1, 0, POINTS)) / 800 - 1, atol=1e-5
    )


def test_what_came_before_the_window_does_not_count() -> None:
    times_s, boxes_xyxy = moving(30, duration_s=6.0)
    other = boxes_xyxy.copy()
    other[times_s < times_s[-1] - WINDOW_S - 0.1] = [0, 0, 9, 9]
    assert np.array_equal(trajectory_window(times_s, boxes_xyxy, FRAME), trajectory_window(times_s, other, FRAME))


def test_frame_rate_does_not_count() -> None:
    slow, fast = trajectory_window(*moving(60, rate=8), FRAME), trajectory_window(*moving(60, rate=50), FRAME)
    np.testing.assert_allclose(slow, fast, atol=1e-5)


def test_a_start_later_than_zero_does_not_count() -> None:
    times_s, boxes_xyxy = moving(60)
    later = trajectory_window(times_s + 1000, boxes_xyxy, FRAME)
    np.testing.assert_allclose(later, trajectory_window(times_s, boxes_xyxy, FRAME), atol=1e-5)


def test_the_scale_of_the_frame_does_not_count() -> None:
    times_s, boxes_xyxy = moving(60, velocity_y=-20)
    double = trajectory_window(times_s, boxes_xyxy * 2, (FRAME[0] * 2, FRAME[1] * 2))
    np.testing.assert_allclose(double, trajectory_window(times_s, boxes_xyxy, FRAME), atol=1e-5)


@pytest.mark.parametrize(("velocity_x", "velocity_y"), [(-80, 0), (80, 0), (0, -50), (0, 50), (0, 0)])
def test_directions_have_their_signs(velocity_x: float, velocity_y: float) -> None:
    window = trajectory_window(*moving(velocity_x, velocity_y=velocity_y), FRAME)
    for axis, velocity in (("x", velocity_x), ("y", velocity_y)):
        for unit in ("velocity_{}_frame", "velocity_{}_object", "foot_velocity_{}_object"):
            assert (np.sign(np.round(column(window, unit.format(axis)), 4)) == np.sign(velocity)).all()
        for unit in ("shift_{}_frame", "shift_{}_object", "foot_shift_{}_object"):
            shift = np.round(column(window, unit.format(axis)), 4)
            assert (np.sign(shift[:-1]) == -np.sign(velocity)).all()
            assert shift[-1] == 0


def test_velocity_is_per_second_in_both_units() -> None:
    window = trajectory_window(*moving(60), FRAME)
    np.testing.assert_allclose(np.arctanh(column(window, "velocity_x_frame")) / 4, 60 / np.hypot(*FRAME), rtol=1e-3)
    np.testing.assert_allclose(np.arctanh(column(window, "velocity_x_object")) / 0.5, 60 / 40, rtol=1e-3)


def test_a_young_trajectory_gives_what_it_has() -> None:
    window = trajectory_window(*moving(60, duration_s=0.4), FRAME)
    np.testing.assert_allclose(column(window, "time_offset"), np.linspace(-0.2, 0, POINTS), atol=1e-6)


def test_a_single_frame_is_the_same_point_all_along() -> None:
    window = trajectory_window(np.array([3.2]), np.array([[10, 20, 50, 80]], np.float32), FRAME)
    assert (window == window[0]).all()
    for name in FEATURES:
        if "shift" in name or "velocity" in name or name in ("growth", "time_offset"):
            assert not column(window, name).any(), name
    np.testing.assert_allclose(column(window, "center_y"), 2 * 50 / 400 - 1, atol=1e-6)


def test_growth_tells_approaching_from_leaving() -> None:
    times_s, boxes_xyxy = moving(0)
    boxes_xyxy += np.linspace(-1, 0, len(times_s))[:, None].astype(np.float32) * np.array(
        [-15, -15, 15, 15], np.float32
    )
    window = trajectory_window(times_s, boxes_xyxy, FRAME)
    assert (np.diff(column(window, "growth")) > 0).all()
    assert (np.diff(column(window, "log_width")) > 0).all()


def test_a_jittery_parked_box_has_less_speed_than_a_slow_mover() -> None:
    times_s, boxes_xyxy = moving(0)
    jitter = np.random.default_rng(8).normal(0, 2, boxes_xyxy.shape).astype(np.float32)
    parked = column(trajectory_window(times_s, boxes_xyxy + jitter, FRAME), "velocity_x_frame")
    slow = column(trajectory_window(*moving(25), FRAME), "velocity_x_frame")
    assert np.abs(parked).max() < slow.min()


@pytest.mark.parametrize("box", [[5, 5, 5, 5], [-1e6, -1e6, 1e6, 1e6], [1e6, 0, 1e6, 1e6], [0, 0, 0.001, 400]])
def test_every_value_is_finite_and_small(box: list[float]) -> None:
    times_s, boxes_xyxy = moving(1e4)
    boxes_xyxy[-3] = box
    for frame_size in (FRAME, (1, 1), (7680, 4320)):
        window = trajectory_window(times_s, boxes_xyxy, frame_size)
        assert np.isfinite(window).all()
        assert np.abs(window).max() <= 3
    assert np.isfinite(trajectory_window(times_s[:1], np.array([box], np.float32), FRAME)).all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"times_s": np.zeros(0), "boxes_xyxy": np.zeros((0, 4), np.float32)}, "times_s"),
        ({"boxes_xyxy": np.zeros((3, 4), np.float32)}, "boxes_xyxy"),
        ({"times_s": np.zeros(2)}, "increasing"),
        ({"frame_size": (0, 5)}, "frame_size"),
        ({"window_s": 0.0}, "window_s"),
        ({"points": 0}, "points"),
    ],
)
def test_wrong_arguments_are_named(change: dict[str, object], match: str) -> None:
    arguments = {"times_s": np.array([0.0, 1.0]), "boxes_xyxy": np.zeros((2, 4), np.float32), "frame_size": FRAME}
    with pytest.raises(ContractError, match=match):
        trajectory_window(**{**arguments, **change})
