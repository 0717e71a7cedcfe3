"""YOLO by ultralytics, with random weights made on the spot."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import OptionError, PluginError, UnknownNameError, WeightsError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo
from trackspeak.plugins.detectors.yolo import YoloDetector, YoloOptions, import_ultralytics

pytestmark = pytest.mark.skipif(find_spec("ultralytics") is None, reason="needs ultralytics, which is not installed")


@pytest.fixture(scope="module")
def yolo() -> Any:
    """ultralytics' YOLO class, imported as the detector does it."""
    return import_ultralytics().YOLO


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, yolo: Any) -> Path:
    """A folder with random.pt and random.onnx, the same network."""
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    model = yolo("yolo11n.yaml")
    # Random weights find nothing: wide biases make some classes likely.
    head = model.model.model[-1]
    with torch.no_grad():
        for branch in head.cv3:
            branch[-1].bias.copy_(torch.linspace(-8, -1, len(branch[-1].bias)))
            branch[-1].weight.mul_(30)
    model.save(folder / "random.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about the kind of export that ultralytics asks for
        yolo(folder / "random.pt").export(format="onnx", imgsz=64, simplify=False)
    return folder


def frames(count: int = 3) -> list[Frame]:
    generator = np.random.default_rng(1)
    images = [generator.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(count)]
    for image in images:
        image[:, :, 0] //= 4  # red and blue differ
    return [Frame(index, index / 10, image) for index, image in enumerate(images)]


def detector(path: Path, **options: Any) -> YoloDetector:
    return YoloDetector(YoloOptions(path, **{"image_size": 64, "device": "cpu", "min_score": 0.01, **options}))


def same(one: Detections, other: Detections) -> bool:
    return all(np.array_equal(getattr(one, key), getattr(other, key)) for key in ("boxes_xyxy", "scores", "class_ids"))


def test_boxes_keep_the_contract_and_come_again(weights: Path) -> None:
    made = detector(weights / "random.pt")
    made.reset(StreamInfo(64, 48, 10.0))
    found = made.detect(frames())
    assert [len(one.class_names) for one in found] == [80] * 3
    assert all(len(one) > 3 for one in found)
    assert all(same(one, again) for one, again in zip(found, made.detect(frames()), strict=True))
    assert made.detect([]) == []
    assert (made.lookahead_s, made.warnings()) == (0, ())


def test_frames_are_given_as_ultralytics_wants_them(weights: Path, yolo: Any) -> None:
    frame = frames(1)[0]
    settings: dict[str, Any] = {"imgsz": 64, "conf": 0.01, "iou": 0.7, "device": "cpu", "verbose": False}
    found = detector(weights / "random.pt").detect([frame])[0]
    bgr, rgb = (
        yolo(weights / "random.pt").predict(np.ascontiguousarray(image), **settings)[0].boxes.conf.numpy()
        for image in (frame.rgb[:, :, ::-1], frame.rgb)
    )
    np.testing.assert_array_equal(found.scores, bgr)
    assert not np.array_equal(found.scores, rgb)


def test_an_onnx_network_gives_the_same(weights: Path) -> None:
    settings = {"min_score": 0.2, "image_size": 64}
    square = [Frame(frame.index, frame.time_s, np.resize(frame.rgb, (64, 64, 3))) for frame in frames()]
    by_torch = detector(weights / "random.pt", **settings).detect(square)
    by_onnx = detector(weights / "random.onnx", **settings).detect(square)
    assert sum(map(len, by_torch)) > 0
    for one, other in zip(by_torch, by_onnx, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-3)
        np.testing.assert_allclose(one.boxes_xyxy, other.boxes_xyxy, atol=0.1)


def test_options_bound_what_is_found(weights: Path) -> None:
    everything = detector(weights / "random.pt").detect(frames(1))[0]
    middle = float(np.median(everything.scores))
    strong = detector(weights / "random.pt", min_score=middle).detect(frames(1))[0]
    assert 0 < len(strong) < len(everything)
    assert strong.scores.min() >= middle
    name = everything.class_names[everything.class_ids[0]]
    wanted = detector(weights / "random.pt", classes=(name,)).detect(frames(1))[0]
    assert set(wanted.class_ids.tolist()) == {everything.class_ids[0]}


@pytest.mark.parametrize("name", ["absent.pt", "yolo11n.pt", "yolo11n.yaml"])
def test_only_a_file_that_is_there_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=r"detector.path must be an existing \.pt or \.onnx file, got " + name):
        detector(Path(name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["text.pt", "text.onnx"])
def test_a_file_that_holds_no_network_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello")
    with pytest.raises(WeightsError, match=rf"{name} cannot be loaded: ") as caught:
        detector(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_network_without_boxes_is_refused(tmp_path: Path, yolo: Any) -> None:
    yolo("yolo11n-cls.yaml").save(tmp_path / "classes.pt")
    with pytest.raises(WeightsError, match="must be for one of detect, segment, pose, got classify"):
        detector(tmp_path / "classes.pt")


def test_unknown_devices_and_classes_are_refused(weights: Path) -> None:
    with pytest.raises(OptionError, match=r"device must be .*, got 'abacus'"):
        detector(weights / "random.pt", device="abacus")
    with pytest.raises(UnknownNameError, match="unknown class 'lorry'"):
        detector(weights / "random.pt", classes=("lorry",))


def test_without_ultralytics_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    (tmp_path / "some.pt").write_bytes(b"")
    with pytest.raises(PluginError, match=r"pip install ultralytics \(its licence is AGPL-3\.0"):
        detector(tmp_path / "some.pt")


def test_nothing_is_printed_and_the_home_folder_is_left_alone(weights: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from trackspeak.plugins.detectors.yolo import YoloDetector, YoloOptions\n"
        "import numpy as np\nfrom trackspeak.plugins.contract import Frame\n"
        "for path in sys.argv[1:]:\n"
        "    made = YoloDetector(YoloOptions(Path(path), image_size=64, device='cpu'))\n"
        "    made.detect([Frame(0, 0.0, np.zeros((48, 64, 3), np.uint8))])\n"
    )
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("YOLO_", "XDG_"))}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", code, str(weights / "random.pt"), str(weights / "random.onnx")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.stdout == ""
    assert [path.name for path in home.rglob("*ltralytics*")] == []
    assert [path.name for path in temporary.glob("trackspeak-*")] == []


def test_the_threads_of_the_process_stay_as_they_are(weights: Path) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(before + 2)
    try:
        detector(weights / "random.pt").detect(frames(1))
        assert torch.get_num_threads() == before + 2
    finally:
        torch.set_num_threads(before)


def test_the_strongest_are_kept(weights: Path) -> None:
    everything = detector(weights / "random.pt").detect(frames(1))[0]
    best = detector(weights / "random.pt", max_detections=2).detect(frames(1))[0]
    np.testing.assert_array_equal(best.scores, everything.scores[:2])
    assert same(everything, detector(weights / "random.pt", max_detections=0).detect(frames(1))[0])


def test_tiles_are_looked_at(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = detector(weights / "random.pt", tile=64, tile_overlap=0.0)
    looked: list[list[tuple[int, ...]]] = []
    predict = made._model.predict

    def record(images: list[Any], **settings: Any) -> Any:
        looked.append([image.shape for image in images])
        return predict(images, **settings)

    monkeypatch.setattr(made._model, "predict", record)
    large = Frame(0, 0.0, np.tile(frames(1)[0].rgb, (2, 2, 1)))
    assert len(made.detect([large])[0]) > 3
    assert looked == [[(96, 128, 3)], [(64, 64, 3)] * 4]
