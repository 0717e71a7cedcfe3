"""What mends tracks after the video: filled gaps, smoothed boxes, joined tracks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trackspeak.models.aflink import ROWS, PostLinker, normalise_pieces
from trackspeak.models.errors import ContractError, OptionError, WeightsError
from trackspeak.plugins.contract import Postprocessed, Trajectory
from trackspeak.plugins.postprocessors.filling import fill_gaps
from trackspeak.plugins.registry import create

TIMES_S = np.cumsum(np.linspace(0.03, 0.05, 400))  # no steady rate


def track(track_id: int, frames: list[int], lefts: list[float] | None = None, name: str = "car") -> Trajectory:
    indices = np.array(frames, np.int64)
    left = np.array(lefts if lefts is not None else frames, float)
    boxes = np.stack([left, 0 * left + 50, left + 20, 0 * left + 70], axis=1).astype(np.float32)
    scores = np.linspace(0.5, 1, len(frames)).astype(np.float32)
    return Trajectory(track_id, name, indices, TIMES_S[indices], boxes, scores)


def gsi(**options: object):
    return create("postprocessor", "gsi", options)[0]


def test_short_gaps_are_filled_by_lines_with_the_frames_own_times() -> None:
    filled = fill_gaps(track(1, [0, 1, 5, 30], [0, 1, 9, 10]), 20, TIMES_S)
    assert filled.frame_indices.tolist() == [0, 1, 2, 3, 4, 5, 30]
    assert filled.boxes_xyxy[:, 0].tolist() == [0, 1, 3, 5, 7, 9, 10]
    np.testing.assert_array_equal(filled.times_s, TIMES_S[filled.frame_indices])
    assert (np.diff(filled.scores) > 0).all()


@pytest.mark.parametrize(("interval", "count"), [(3, 3), (4, 3), (5, 6)])
def test_a_gap_is_filled_if_its_ends_are_fewer_than_the_interval_apart(interval: int, count: int) -> None:
    assert len(fill_gaps(track(1, [0, 1, 5]), interval, TIMES_S).frame_indices) == count


def test_nothing_to_fill_leaves_a_track_as_it_is() -> None:
    one = track(1, [3, 4, 5])
    assert fill_gaps(one, 20, TIMES_S) is one


def test_boxes_are_the_mean_of_a_gaussian_process() -> None:
    generator = np.random.default_rng(0)
    one = track(1, list(range(60)), (np.arange(60) + generator.normal(0, 2, 60)).tolist())
    (smooth,) = gsi()([one], TIMES_S).trajectories
    frames = np.arange(60.0)
    length = 10 * np.log(1000 / 60)
    kernel = np.exp(-((frames[:, None] - frames) ** 2) / (2 * length**2))
    wanted = kernel @ np.linalg.solve(kernel + 1e-10 * np.eye(60), one.boxes_xyxy.astype(float))
    np.testing.assert_allclose(smooth.boxes_xyxy, wanted, atol=1e-2)
    noise = [np.abs(np.diff(boxes[:, 0], 2)).mean() for boxes in (one.boxes_xyxy, smooth.boxes_xyxy)]
    assert noise[1] < noise[0] / 10
    np.testing.assert_array_equal(smooth.scores, one.scores)


def test_gsi_fills_before_it_smooths_and_keeps_ids() -> None:
    done = gsi()([track(3, [0, 1, 9]), track(8, [5])], TIMES_S)
    assert [one.track_id for one in done.trajectories] == [3, 8]
    assert [len(one.frame_indices) for one in done.trajectories] == [10, 1]
    assert done.merged == {}
    np.testing.assert_allclose(done.trajectories[0].boxes_xyxy[:, 0], np.arange(10), atol=0.1)


def test_without_smoothing_boxes_that_were_seen_stay() -> None:
    one = track(1, [0, 1, 9], [0, 7, 3])
    (filled,) = gsi(tau=0)([one], TIMES_S).trajectories
    np.testing.assert_array_equal(filled.boxes_xyxy[[0, 1, 9]], one.boxes_xyxy)


def test_very_long_tracks_are_not_smoothed_as_the_paper_s_length_has_it() -> None:
    times_s = np.arange(2000) / 25
    one = Trajectory(
        1,
        "car",
        np.arange(2000),
        times_s,
        np.random.default_rng(0).random((2000, 4)).cumsum(axis=1).astype(np.float32),
        np.ones(2000, np.float32),
    )
    assert gsi()([one], times_s).trajectories[0] is one


Made = Callable[..., object]


@pytest.fixture
def aflink(tmp_path: Path) -> Made:
    """Make the postprocessor over random weights in the authors' format that all lead to one answer."""

    def make(answer: float = 10.0, **options: object) -> object:
        torch.manual_seed(0)
        network = PostLinker()
        with torch.no_grad():
            network.classifier.fc2.weight.zero_()
            network.classifier.fc2.bias.copy_(torch.tensor([0.0, answer]))
        torch.save(network.state_dict(), tmp_path / "aflink.pth")
        return create("postprocessor", "aflink", {"path": tmp_path / "aflink.pth", **options})[0]

    return make


def test_the_weights_are_named_and_shaped_as_the_authors_are() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in PostLinker().state_dict().items()}
    for module in ("TemporalModule_1", "TemporalModule_2"):
        for row, (one, other) in enumerate([(1, 32), (32, 64), (64, 128), (128, 256)]):
            assert shapes.pop(f"{module}.{row}.conv.weight") == (other, one, 7, 1)
            for norm in ("bnf", "bnx", "bny"):
                for name in ("weight", "bias", "running_mean", "running_var"):
                    assert shapes.pop(f"{module}.{row}.{norm}.{name}") == (other,)
                assert shapes.pop(f"{module}.{row}.{norm}.num_batches_tracked") == ()
    for block in ("FusionBlock_1", "FusionBlock_2"):
        assert shapes.pop(f"{block}.conv.weight") == (256, 256, 1, 3)
        for name in ("weight", "bias", "running_mean", "running_var"):
            assert shapes.pop(f"{block}.bn.{name}") == (256,)
        assert shapes.pop(f"{block}.bn.num_batches_tracked") == ()
    assert shapes == {
        "classifier.fc1.weight": (128, 512),
        "classifier.fc1.bias": (128,),
        "classifier.fc2.weight": (2, 128),
        "classifier.fc2.bias": (2,),
    }


def test_each_column_has_a_norm_of_its_own() -> None:
    """By hand: a convolution over time in each column, that column's norm, then one over the three columns."""
    torch.manual_seed(1)
    network = PostLinker().eval()
    for name, tensor in network.state_dict().items():
        if "running" in name or ("bn" in name and name.endswith(("weight", "bias"))):
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
    first, second = torch.rand(2, 4, ROWS, 3)

    def norm(values: torch.Tensor, layer: torch.nn.Module) -> torch.Tensor:
        scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
        return (values - layer.running_mean[:, None]) * scale[:, None] + layer.bias[:, None]

    def tower(rows: torch.Tensor, blocks: torch.nn.Sequential, fusion: torch.nn.Module) -> torch.Tensor:
        columns = [rows[..., column][:, None] for column in range(3)]  # (B, 1, T) each
        for block in blocks:
            kernel = block.conv.weight[..., 0]
            norms = (block.bnf, block.bnx, block.bny)
            columns = [
                torch.relu(norm(torch.nn.functional.conv1d(column, kernel), layer))
                for column, layer in zip(columns, norms, strict=True)
            ]
        joined = sum(
            torch.einsum("bct,oc->bot", column, fusion.conv.weight[:, :, 0, row]) for row, column in enumerate(columns)
        )
        return torch.relu(norm(joined, fusion.bn)).mean(dim=2)

    with torch.no_grad():
        one = tower(first, network.TemporalModule_1, network.FusionBlock_1)
        other = tower(second, network.TemporalModule_2, network.FusionBlock_2)
        wanted = torch.softmax(network.classifier(one, other), dim=1)[:, 1]
        torch.testing.assert_close(network(first, second), wanted, atol=1e-5, rtol=1e-4)


def test_pieces_are_cut_filled_and_scaled_together() -> None:
    first = torch.arange(40.0)[:, None].repeat(1, 3) + 1
    before, after = normalise_pieces(first, torch.tensor([[50.0, 50, 50], [60, 60, 60]]))
    assert before.shape == after.shape == (ROWS, 3)
    both = torch.cat([before, after])
    assert both.min() == pytest.approx(-1, abs=1e-5)  # the zeros behind the short piece
    assert both.max() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(before[-1].numpy(), (40 - 30) / 30, atol=1e-5)
    assert (after[2:] == after[-1]).all()
    assert after[-1, 0] == both.min()


def test_tracks_that_go_on_in_each_other_are_joined_under_the_first_id(aflink: Made) -> None:
    parts = [track(2, list(range(10, 20))), track(5, [0, 1, 2], name="bus"), track(7, list(range(25, 29)))]
    done = aflink()(parts, TIMES_S)
    assert [(one.track_id, one.class_name) for one in done.trajectories] == [(5, "car")]
    assert done.merged == {2: 5, 7: 5}
    joined = done.trajectories[0]
    assert joined.frame_indices.tolist() == [0, 1, 2, *range(10, 20), *range(25, 29)]
    np.testing.assert_array_equal(joined.boxes_xyxy[:, 0], joined.frame_indices)


@pytest.mark.parametrize(
    ("second", "options"),
    [
        (track(2, [12, 13]), {"answer": -10.0}),  # the network says no
        (track(2, [39, 40]), {}),  # 30 frames later
        (track(2, [9, 10]), {}),  # while the first is still there
        (track(2, [12, 13], [200, 201]), {}),  # far away
        (track(2, [16, 17]), {"max_frames": 7}),
        (track(2, [12, 13], [30, 31]), {"max_distance_px": 20.0}),
    ],
)
def test_others_are_left_apart(aflink: Made, second: Trajectory, options: dict[str, object]) -> None:
    done = aflink(**options)([track(1, list(range(10))), second], TIMES_S)
    assert [one.track_id for one in done.trajectories] == [1, 2]
    assert done.merged == {}


def test_one_goes_on_in_one_alone(aflink: Made) -> None:
    done = aflink()([track(1, [0, 1, 2]), track(2, [5, 6]), track(3, [5, 6, 7])], TIMES_S)
    assert len(done.trajectories) == 2


def test_no_tracks_are_an_answer(aflink: Made) -> None:
    assert aflink()([], TIMES_S).trajectories == ()
    assert gsi()([], TIMES_S).trajectories == ()


def test_weights_must_be_there_and_whole(aflink: Made, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"postprocessor.path must be an existing .pth file"):
        create("postprocessor", "aflink", {"path": tmp_path / "absent.pth"})
    state = PostLinker().state_dict()
    del state["classifier.fc2.bias"]
    torch.save(state, tmp_path / "less.pth")
    with pytest.raises(WeightsError, match=r"missing: classifier.fc2.bias"):
        create("postprocessor", "aflink", {"path": tmp_path / "less.pth"})
    assert list(aflink().weights) == ["aflink.pth"]


@pytest.mark.parametrize("merged", [{1: 2}, {3: 4}])
def test_what_is_merged_must_be_gone_and_somewhere_else(merged: dict[int, int]) -> None:
    with pytest.raises(ContractError, match="merged must map ids that are gone to ids that are there"):
        Postprocessed((track(1, [0]), track(2, [0])), merged)


def test_ids_must_rise() -> None:
    with pytest.raises(ContractError, match="rising, unique ids"):
        Postprocessed((track(2, [0]), track(1, [0])))
