"""OpenCV's people detector behind the contract; needs an OpenCV that has it."""

import math
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from trackspeak.models.errors import PluginError, UnknownNameError
from trackspeak.plugins.contract import Frame
from trackspeak.plugins.detectors.hog import HogDetector, HogOptions
from trackspeak.plugins.registry import create, list_plugins

HAS_HOG = hasattr(cv2, "HOGDescriptor")
needs_hog = pytest.mark.skipif(not HAS_HOG, reason=f"OpenCV {cv2.__version__} has no HOG detector")


@pytest.fixture
def street() -> np.ndarray:
    """A photograph with people, (H, W, 3) RGB."""
    spec = find_spec("ultralytics")
    path = Path(spec.origin or "").parent / "assets/bus.jpg" if spec else None
    if path is None or not path.is_file():
        pytest.skip("ultralytics, whose picture this is, is not installed")
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def look(image: np.ndarray, **options: object):
    return create("detector", "hog", options)[0].detect([Frame(0, 0.0, image)])[0]


@pytest.mark.skipif(HAS_HOG, reason=f"OpenCV {cv2.__version__} has the detector")
def test_an_opencv_without_it_is_said_to_be_too_new() -> None:
    with pytest.raises(PluginError, match=r"hog needs OpenCV 4, .* pip install 'trackspeak\[hog\]'"):
        HogDetector(HogOptions())
    (listed,) = [plugin for plugin in list_plugins() if (plugin.kind, plugin.name) == ("detector", "hog")]
    assert listed.error == "needs opencv-python<5, which is not installed"


@needs_hog
def test_boxes_and_margins_are_opencv_s_own(street: np.ndarray) -> None:
    found = look(street, iou=1.0, max_detections=0, min_score=0.6)
    descriptor = cv2.HOGDescriptor()
    descriptor.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    boxes, margins = descriptor.detectMultiScale(
        street[:, :, ::-1].copy(), hitThreshold=math.log(0.6 / 0.4), winStride=(8, 8), scale=1.05, groupThreshold=0
    )
    order = np.argsort(-margins.reshape(-1), kind="stable")
    wanted = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)[order]
    assert sorted(found.boxes_xyxy.tolist()) == sorted(wanted.astype(np.float32).tolist())
    np.testing.assert_allclose(np.sort(found.scores), np.sort(1 / (1 + np.exp(-margins.reshape(-1)))), rtol=1e-5)
    assert len(found) > 0
    assert set(found.class_names) == {"person"}


@needs_hog
def test_overlapping_and_weak_boxes_are_left_out(street: np.ndarray) -> None:
    everything, apart, sure = look(street, iou=1.0), look(street), look(street, min_score=0.55)
    assert 0 < len(sure) < len(apart) < len(everything)
    assert (apart.scores >= 0.5).all()
    assert (np.diff(apart.scores) <= 0).all()


@needs_hog
@pytest.mark.parametrize("size", [(127, 200), (300, 63), (1, 1)])
def test_images_smaller_than_a_person_hold_none(size: tuple[int, int]) -> None:
    assert len(look(np.zeros((*size, 3), np.uint8))) == 0


@needs_hog
def test_there_is_one_class(street: np.ndarray) -> None:
    assert len(look(street, classes="person")) == len(look(street))
    with pytest.raises(UnknownNameError, match="car"):
        look(street, classes="car")
