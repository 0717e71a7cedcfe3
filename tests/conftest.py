"""Fixtures that every test folder uses."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trackspeak.models.backbone import Backbone
    from trackspeak.models.kum import Kum, KumMode

FillByRule = Callable[..., None]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real clips and golden values beside the repository; skips where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the shared material at {folder.name}/ beside the repository, which is absent here")
    return folder


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.upper().startswith("TRACKSPEAK_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder in the shape of the embedded one, with random weights."""
    import torch

    from trackspeak.models.referring import Referring
    from trackspeak.models.training.design import embedded_config
    from trackspeak.models.training.export import export

    folder = tmp_path_factory.mktemp("models") / "tiny"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        export(Referring(embedded_config()), folder, {"slope": 1.0, "intercept": 0.0})
    return folder


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a street, 240 x 136: a red car drives to the right, a blue one to the left."""
    from trackspeak.models.training.render import ObjectSpec, RenderOptions, render_clip
    from trackspeak.service.demo import write_clip

    cars = (
        ObjectSpec("car", (200, 20, 28), "right", lane=-1.0, place=0.1, speed_mps=6.0),
        ObjectSpec("car", (30, 64, 186), "left", lane=1.0, place=0.9, speed_mps=6.0),
    )
    options = RenderOptions(
        frames=36, width=240, height=136, frame_rate=12.0, objects=cars, camera_shake=False, effects="clean"
    )
    clip = render_clip(3, options)
    path = tmp_path_factory.mktemp("clips") / "street.mp4"
    write_clip(clip.rgb, clip.frame_rate, path)
    return path


@pytest.fixture(scope="session")
def bad_videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are no video: empty, text, sound alone, and a video without a frame."""
    import av
    import numpy as np

    folder = tmp_path_factory.mktemp("bad")
    videos = {
        name: folder / file
        for name, file in (("empty", "a.mp4"), ("text", "b.mp4"), ("sound", "c.mp4"), ("no frames", "d.avi"))
    }
    videos["empty"].touch()
    videos["text"].write_text("this is a text\n" * 100)
    with av.open(str(videos["sound"]), "w") as container:
        stream = container.add_stream("aac", rate=8_000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1_024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8_000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with av.open(str(videos["no frames"]), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        container.start_encoding()
    return videos


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run the command line in this process: `command("run", "a.mp4")`."""
    from trackspeak.service.cli import main

    def call(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        code = caught.value.code
        return Done(code if isinstance(code, int) else 0, out.decode(), err.decode())

    return call


@pytest.fixture
def run(command: Command, tiny_model: Path) -> Command:
    """Run `trackspeak run` with the tiny model, whose scores all are about 0.5."""

    def call(*arguments: object) -> Done:
        return command("run", "--set", f"matcher.model={tiny_model}", *arguments)

    return call


@pytest.fixture(scope="session")
def fill_by_rule() -> FillByRule:
    """Fill a module: `fill_by_rule(module)`; a prefix stands before its names in the reference's state dict."""
    from trackspeak.models.weights import load_strictly

    def fill(module: "nn.Module", prefix: str = "") -> None:
        state = module.state_dict()
        load_strictly(module, {name: _by_rule(prefix + name, old) for name, old in state.items()}, "the rule's weights")

    return fill


def _by_rule(name: str, old: "Tensor") -> "Tensor":
    """The rule by which the golden values' weights are filled (README of the golden values)."""
    import numpy as np
    import torch

    if not old.is_floating_point():
        return old
    shape = tuple(old.shape)
    values = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)
    if name.endswith("running_var"):
        values = 1 + np.float32(0.1) * np.abs(values)
    elif name.endswith("running_mean"):
        values = 0.1 * values
    elif len(shape) <= 1:
        values = 1 + 0.1 * values if name.endswith("weight") else 0.1 * values
    else:
        values = values / np.sqrt(np.float32(np.prod(shape[1:])))
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).reshape(shape)


@pytest.fixture
def released(fill_by_rule: FillByRule) -> Callable[..., tuple["Backbone", "Kum"]]:
    """Write a checkpoint as iKUN's training does, at a small size: `released(path, mode)` gives its two parts.

    Its weights are by the golden values' rule: those that a network begins with give nearly one score to all pictures.
    Further keywords replace weights by their released names; None takes one out.
    """
    import torch

    from trackspeak.models.backbone import Backbone
    from trackspeak.models.kum import KumConfig, build_kum

    clip = {
        "embed_dim": 16,
        "quick_gelu": True,
        "vision_cfg": {"layers": [1, 1, 2, 1], "width": 8, "image_size": 64, "patch_size": None},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2},
    }
    sizes = {"visual_width": 256, "text_width": 16, "output_width": 16, "local_size": 2, "global_size": 3}

    def write(path: Path, mode: "KumMode", **changes: "Tensor | None") -> tuple["Backbone", "Kum"]:
        with torch.random.fork_rng():
            backbone, kum = Backbone(clip).eval(), build_kum(KumConfig(mode=mode, **sizes)).eval()
        fill_by_rule(backbone.clip, "clip.")
        fill_by_rule(kum)
        if mode == "text_first_modulation":  # training never runs this norm; moved, it reads as cross correlation
            kum.get_buffer("fusion_conv2.1.running_mean").zero_()
            kum.get_buffer("fusion_conv2.1.running_var").fill_(1)
        state = {f"module.clip.{name}": value for name, value in backbone.clip.state_dict().items()}
        state |= {f"module.{name}": value for name, value in kum.state_dict().items()}
        state = {name: value for name, value in {**state, **changes}.items() if value is not None}
        torch.save({"model": state, "optimizer": torch.optim.AdamW(kum.parameters()), "epoch": 99}, path)
        return backbone, kum

    return write


@pytest.fixture(scope="session")
def tiny_clip_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a CLIP in OpenCLIP's format, random and small."""
    import open_clip
    import torch

    path = tmp_path_factory.mktemp("clip") / "tiny.pt"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vision = {"layers": 1, "width": 64, "patch_size": 16, "image_size": 32}
        text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}
        torch.save(open_clip.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=text).state_dict(), path)
    return path
