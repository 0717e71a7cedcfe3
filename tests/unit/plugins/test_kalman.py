"""Kalman filters over many boxes at once, against a plain one over one box."""

import numpy as np
import pytest

from trackspeak.plugins.trackers._kalman import BoxMotion, to_xyah

BOXES = np.array([[10, 20, 30, 80], [100, 50, 140, 90], [5, 5, 5, 5]], np.float32)
LATER = BOXES + np.array([2, 1, 3, 1], np.float32)


def plain(boxes: list[np.ndarray], scores: list[float]) -> np.ndarray:
    """One box, filtered as the textbook has it: R is scaled by 1 - score."""
    first = to_xyah(boxes[0][None])[0]
    mean, height = np.concatenate([first, np.zeros(4)]), first[3]
    spread = np.array([height / 10, height / 10, 1e-2, height / 10, height / 16, height / 16, 1e-5, height / 16])
    covariance = np.diag(spread**2)
    step = np.block([[np.eye(4), np.eye(4)], [np.zeros((4, 4)), np.eye(4)]])
    seen = np.eye(4, 8)
    for box, score in zip(boxes[1:], scores, strict=True):
        height = mean[3]
        moved = np.array([height / 20, height / 20, 1e-2, height / 20, height / 160, height / 160, 1e-5, height / 160])
        mean, covariance = step @ mean, step @ covariance @ step.T + np.diag(moved**2)
        height = mean[3]
        noise = (1 - score) * np.diag(np.array([height / 20, height / 20, 1e-1, height / 20]) ** 2)
        gain = covariance @ seen.T @ np.linalg.inv(seen @ covariance @ seen.T + noise)
        mean = mean + gain @ (to_xyah(box[None])[0] - seen @ mean)
        covariance = (np.eye(8) - gain @ seen) @ covariance
    return mean


def test_many_boxes_are_filtered_as_each_alone() -> None:
    motion = BoxMotion.begin(BOXES)
    scores = np.array([0.2, 0.9, 0.5], np.float32)
    for boxes in (LATER, LATER + 1):
        motion = motion.predict().update(boxes, scores)
    for row in range(2):  # the third has no size, and no inverse in the textbook's form
        wanted = plain([BOXES[row], LATER[row], LATER[row] + 1], [float(scores[row])] * 2)
        np.testing.assert_allclose(motion.means[row], wanted, rtol=1e-6, atol=1e-6)
    assert np.isfinite(motion.means).all()


def test_a_sure_detector_is_believed_more() -> None:
    motion = BoxMotion.begin(BOXES).predict()
    unsure, sure = (motion.update(LATER, np.full(3, score, np.float32)).boxes_xyxy for score in (0.1, 1.0))
    assert np.abs(sure[:2] - LATER[:2]).max() < np.abs(unsure[:2] - LATER[:2]).max()
    np.testing.assert_allclose(sure[:2], LATER[:2], atol=1e-3)


def test_boxes_come_back_as_they_were() -> None:
    np.testing.assert_allclose(BoxMotion.begin(BOXES).boxes_xyxy, BOXES, atol=1e-3)


def test_distances_are_of_each_track_to_each_box() -> None:
    motion = BoxMotion.begin(BOXES[:2]).predict()
    distances = motion.squared_distances(LATER)
    assert distances.shape == (2, 3)
    assert distances[0, 0] < 9.4877 < distances[0, 1]
    assert distances[1, 1] < 9.4877 < distances[1, 0]


def test_boxes_turn_and_grow_with_the_camera() -> None:
    motion = BoxMotion.begin(BOXES[:1]).predict().update(LATER[:1], np.ones(1, np.float32))
    x, y, aspect, height, speed_x, speed_y, *_ = motion.means[0]
    turned = motion.warp(np.array([[0.0, -2.0, 7.0], [2.0, 0.0, 9.0]]))  # a quarter turn, twice as large
    np.testing.assert_allclose(
        turned.means[0, :6], [-2 * y + 7, 2 * x + 9, aspect, 2 * height, -2 * speed_y, 2 * speed_x], rtol=1e-9
    )
    assert np.linalg.det(turned.covariances[0]) == pytest.approx(np.linalg.det(motion.covariances[0]) * 2.0**12)


def test_a_camera_that_stands_still_changes_nothing() -> None:
    motion = BoxMotion.begin(BOXES)
    same = motion.warp(np.eye(2, 3))
    np.testing.assert_array_equal(same.means, motion.means)
    np.testing.assert_array_equal(same.covariances, motion.covariances)
