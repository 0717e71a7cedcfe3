"""The motion detector's refusals, and what it finds on a real clip."""

from pathlib import Path

import pytest

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Frame, StreamInfo
from trackspeak.plugins.detectors.motion import MotionDetector, MotionOptions


def test_use_before_reset_is_refused() -> None:
    with pytest.raises(ContractError, match="reset"):
        MotionDetector().detect([])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lookahead_s": 0.0}, "lookahead_s must be above 0"),
        ({"sensitivity": float("nan")}, "sensitivity must be above 0"),
        ({"parked_s": float("inf")}, "parked_s must be above 0"),
        ({"work_width": 8}, "work_width must be at least 64"),
        ({"min_area": 0.5, "max_area": 0.4}, "min_area < max_area"),
    ],
)
def test_options_out_of_range_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        MotionOptions(**values)  # type: ignore[arg-type]


def test_the_real_car_park_gives_its_four_cars(shared_dir: Path) -> None:
    import av

    with av.open(str(shared_dir / "data" / "car-detection.mp4")) as container:
        pictures = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    frames = [Frame(index, index / 12.5, rgb) for index, rgb in enumerate(pictures[:240])]
    detector = MotionDetector()
    detector.reset(StreamInfo(768, 432, 12.5))
    detector.prepare(frames[:75])
    found = detector.detect(frames)
    assert sum(len(found[index]) for index in [*range(50), *range(118, 175)]) == 0
    assert [len(found[index]) for index in range(195, 225)] == [2] * 30
    assert any(box[0] < 393 < box[2] and box[1] < 244 < box[3] for box in found[210].boxes_xyxy.tolist())
