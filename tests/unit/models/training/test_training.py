"""The recipe from rendered scenes to a model folder, in miniature."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from trackspeak.models.errors import InputError
from trackspeak.models.referring import Referring
from trackspeak.models.training.batches import _degrade
from trackspeak.models.training.boxes import BoxTrack
from trackspeak.models.training.checkpoints import CHECKPOINT
from trackspeak.models.training.concepts import CONCEPTS
from trackspeak.models.training.evaluate import Judged, best_threshold, figures, fit_platt, judge
from trackspeak.models.training.export import average_runs, calibrate, export, load_run
from trackspeak.models.training.loop import TrainOptions, focal_loss, segment_weights, train
from trackspeak.models.training.produce import produce
from trackspeak.models.training.render import RenderOptions, render_clip
from trackspeak.models.training.scenes import Scene, build_scene
from trackspeak.models.training.truth import ClipTruth
from trackspeak.models.training.zoom import zoomed
from trackspeak.models.trajectory import FEATURES, trajectory_window

CPU = torch.device("cpu")
OPTIONS = TrainOptions(steps=4, moments_per_step=2, texts_per_step=8, checkpoint_every=2)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums over several threads come out in another order each time, and training enlarges what that changes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def straight(scenes: list[Scene], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight")
    train(scenes, folder, OPTIONS, CPU, resume=False)
    return folder


def test_a_scene_survives_its_file(scenes: list[Scene], tmp_path: Path) -> None:
    scenes[0].save(tmp_path / "scene.npz")
    loaded = Scene.load(tmp_path / "scene.npz")
    assert loaded.seed == scenes[0].seed
    for name in ("crops", "frames", "frame_rows", "look_rows", "windows", "moments", "tracks", "sources", "concepts"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(scenes[0], name))


def test_a_resumed_run_equals_one_that_was_not_stopped(
    scenes: list[Scene], straight: Path, tmp_path: Path, kill_in_batch: Callable[[int], None]
) -> None:
    kill_in_batch(4)
    with pytest.raises(KeyboardInterrupt):
        train(scenes, tmp_path, OPTIONS, CPU, resume=False)
    assert load_run(tmp_path)[1] == 2
    train(scenes, tmp_path, OPTIONS, CPU, resume=True)
    theirs = load_run(straight)[0].state_dict()
    for name, value in load_run(tmp_path)[0].state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=0)


def test_a_run_is_not_overwritten_nor_resumed_as_another(scenes: list[Scene], straight: Path) -> None:
    before = (straight / CHECKPOINT).read_bytes()
    with pytest.raises(InputError, match="resumed"):
        train(scenes, straight, OPTIONS, CPU, resume=False)
    with pytest.raises(InputError, match="its own options"):
        train(scenes, straight, TrainOptions(steps=5), CPU, resume=True)
    assert (straight / CHECKPOINT).read_bytes() == before


def test_an_exported_run_judges_as_the_run_does(scenes: list[Scene], straight: Path, tmp_path: Path) -> None:
    model, _ = load_run(straight)
    export(model, tmp_path, {"slope": 1.0, "intercept": 0.0})
    found, expected = judge(Referring.from_folder(tmp_path), scenes, CPU), judge(model, scenes, CPU)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_allclose(found.scores, expected.scores, atol=0.05)  # half precision


def test_arguable_pairs_do_not_count_in_the_loss() -> None:
    labels = torch.tensor([1, 0, -1], dtype=torch.int8)
    quiet = focal_loss(torch.tensor([2.0, -2.0, 0.0]), labels, OPTIONS)
    loud = focal_loss(torch.tensor([2.0, -2.0, 50.0]), labels, OPTIONS)
    assert quiet == loud
    assert focal_loss(torch.tensor([-2.0, -2.0, 0.0]), labels, OPTIONS) > quiet


def test_a_box_that_shows_no_object_is_no_vehicle_but_may_be_anywhere() -> None:
    def nowhere_near(clip: ClipTruth) -> list[BoxTrack]:
        frames = np.arange(20)
        return [BoxTrack(frames, np.tile(np.float32([0, 0, 6, 6]), (20, 1)))]

    clip = render_clip(3, RenderOptions(frames=20, width=240, height=144, frame_rate=10.0, kinds=("person",)))
    scene = build_scene(clip, [nowhere_near], 64, 128, moments=None)
    assert scene is not None
    held = dict(zip(CONCEPTS, scene.concepts[0].tolist(), strict=True))
    assert (held["vehicle"], held["car"], held["red"]) == (0, 0, 0)
    assert (held["object"], held["at_top"], held["moves_left"]) == (-1, -1, -1)
    weights = segment_weights(torch.from_numpy(scene.concepts), OPTIONS)
    assert (weights == OPTIONS.noise_weight).all()


def test_moments_are_also_those_of_tracks_shorter_than_a_segment() -> None:
    def brief(clip: ClipTruth) -> list[BoxTrack]:
        return [BoxTrack(np.arange(5, 9), np.tile(np.float32([0, 0, 6, 6]), (4, 1)))]

    clip = render_clip(3, RenderOptions(frames=20, width=240, height=144, frame_rate=10.0, kinds=("person",)))
    scene = build_scene(clip, [brief], 64, 128, moments=2)
    assert scene is not None
    assert scene.moments.tolist() == [8]


def test_segments_count_by_their_weights() -> None:
    logits, labels = torch.tensor([[2.0], [-1.0]]), torch.tensor([[1], [1]], dtype=torch.int8)
    each = [focal_loss(logits[row : row + 1], labels[row : row + 1], OPTIONS) for row in (0, 1)]
    both = focal_loss(logits, labels, OPTIONS, torch.tensor([[1.0], [3.0]]))
    torch.testing.assert_close(both, (each[0] + 3 * each[1]) / 4)


def test_the_calibration_finds_the_two_numbers_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, 200_000).astype(np.float32)
    labels = rng.random(len(scores)) < 1 / (1 + np.exp(-(1.5 * scores - 1)))
    judged = Judged(scores, labels, np.zeros(len(scores), np.int64))
    slope, intercept = fit_platt(judged, prior=float(labels.mean()))
    assert slope == pytest.approx(1.5, abs=0.05)
    assert intercept == pytest.approx(-1, abs=0.05)


def test_the_best_threshold_lies_between_two_scores() -> None:
    scores = np.array([3, 2, 1, 0, -1, -1], np.float32)
    judged = Judged(scores, np.array([True, True, False, True, False, False]), np.zeros(6, np.int64))
    assert best_threshold(judged) == -0.5
    found = [figures(judged, threshold).f1 for threshold in (2.5, 1.5, 0.5, -0.5, -2)]
    assert max(found) == found[3]
    everything = Judged(scores, np.ones(6, np.bool_), np.zeros(6, np.int64))
    assert figures(everything, best_threshold(everything)).f1 == 1


def test_calibration_moves_the_best_threshold_to_zero(scenes: list[Scene], straight: Path) -> None:
    model, _ = load_run(straight)
    before = judge(model, scenes, CPU)
    calibrate(model, scenes)
    after = judge(model, scenes, CPU)
    assert figures(after).f1 == pytest.approx(figures(before, best_threshold(before)).f1)
    assert best_threshold(after) == pytest.approx(0, abs=1e-5)


def test_figures_count_pairs() -> None:
    judged = Judged(np.array([1, 1, -1, -1], np.float32), np.array([True, False, True, False]), np.zeros(4, np.int64))
    found = figures(judged)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert (found.positives, found.negatives) == (2, 2)


def test_scenes_of_two_recipes_are_not_mixed(tmp_path: Path) -> None:
    produce(tmp_path, [], 5, ["truth"], 1)
    produce(tmp_path, [], 5, ["truth"], 1)
    with pytest.raises(InputError, match="must be new or hold scenes made by"):
        produce(tmp_path, [], None, ["truth"], 1)


def test_scenes_without_a_recipe_are_not_added_to(tmp_path: Path) -> None:
    (tmp_path / "00000001.npz").write_bytes(b"")
    with pytest.raises(InputError, match="nothing that is known"):
        produce(tmp_path, [], 5, ["truth"], 1)


def test_a_run_may_begin_with_the_weights_of_another(scenes: list[Scene], straight: Path, tmp_path: Path) -> None:
    options = TrainOptions(
        steps=1, moments_per_step=2, texts_per_step=8, checkpoint_every=1, learning_rate=0.0, weight_decay=0.0
    )
    train(scenes, tmp_path / "next", options, CPU, resume=False, begin=straight)
    theirs = load_run(straight)[0].state_dict()
    for name, value in load_run(tmp_path / "next")[0].state_dict().items():
        if "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(value, theirs[name], rtol=0, atol=1e-6)


def test_a_run_begins_with_none_of_another_design(scenes: list[Scene], straight: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="begin must be a run with mode none, got cross_correlation"):
        train(scenes, tmp_path / "a", TrainOptions(mode="none", steps=1), CPU, resume=False, begin=straight)
    with pytest.raises(InputError, match="begin must be the folder of a run"):
        train(scenes, tmp_path / "b", TrainOptions(steps=1), CPU, resume=False, begin=tmp_path / "absent")


def test_a_nearer_camera_changes_sizes_and_ways_in_the_frame_alone() -> None:
    def window(scale: float) -> np.ndarray:
        times_s = np.arange(30) / 10
        centres = np.array([160.0, 120.0]) + scale * np.stack([12 * (times_s - 2.9), -5 * (times_s - 2.9)], axis=1)
        half = scale * np.array([8.0, 5.0])
        boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
        return trajectory_window(times_s, boxes, (320, 240))[None]

    changed, nearer = zoomed(window(1.0), 2.0), window(2.0)
    places = [FEATURES.index("center_x"), FEATURES.index("center_y")]  # the camera is taken to follow
    others = [column for column in range(len(FEATURES)) if column not in places]
    np.testing.assert_allclose(changed[..., others], nearer[..., others], atol=1e-4)
    np.testing.assert_array_equal(changed[..., places], window(1.0)[..., places])


def test_the_average_of_runs(scenes: list[Scene], straight: Path, tmp_path: Path) -> None:
    options = TrainOptions(steps=2, moments_per_step=2, texts_per_step=8, checkpoint_every=2)
    train(scenes, tmp_path / "next", options, CPU, resume=False, begin=straight)
    one, other = (load_run(run)[0].state_dict() for run in (straight, tmp_path / "next"))
    for name, value in average_runs([straight, tmp_path / "next"]).state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (one[name] + other[name]) / 2)


def test_crops_are_degraded_by_chance_alone_and_keep_their_colour_on_the_whole() -> None:
    crops = torch.full((200, 3, 64, 64), 120, dtype=torch.uint8)
    crops[:, 0] = 220
    rough = _degrade(np.random.default_rng(0), crops)
    assert torch.equal(rough, _degrade(np.random.default_rng(0), crops))
    assert (rough.shape, rough.dtype) == (crops.shape, torch.uint8)
    means = rough.float().mean(dim=(2, 3))
    kept = (means - crops.float().mean(dim=(2, 3))).abs().max(dim=1).values < 3
    assert 0.75 < kept.float().mean() < 0.95, "a part of about one in seven is hidden"
    assert (crops == torch.tensor([220, 120, 120])[:, None, None]).all(), "what is given stays"


def test_a_small_part_of_a_vehicle_does_not_tell_its_kind() -> None:
    def parts(clip: ClipTruth) -> list[BoxTrack]:
        found = []
        for truth in clip.objects:
            left_part = truth.boxes_xyxy.copy()
            left_part[:, 2] = left_part[:, 0] + 0.3 * (left_part[:, 2] - left_part[:, 0])
            found.append(BoxTrack(truth.frame_indices, left_part))
        return found

    options = RenderOptions(frames=20, width=480, height=288, frame_rate=10.0, kinds=("truck",))
    scene = build_scene(render_clip(5, options), [parts], 64, 128, moments=None)
    assert scene is not None
    columns = {name: scene.concepts[:, CONCEPTS.index(name)] for name in ("vehicle", "truck", "car", "person")}
    shown = columns["vehicle"] == 1
    assert shown.any()
    assert (columns["truck"][shown] == -1).all()
    assert (columns["car"][shown] == -1).all()
    assert (columns["person"][shown] == 0).all()
