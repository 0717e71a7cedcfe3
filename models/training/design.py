"""The embedded model's sizes: a tiny OpenCLIP ResNet and text tower under KUM."""

from __future__ import annotations

from trackspeak.models.backbone import MAP_STRIDE
from trackspeak.models.kum import KumConfig, KumMode
from trackspeak.models.referring import ReferringConfig
from trackspeak.models.tokenizer import CONTEXT_LENGTH, WordTokenizer

from .vocabulary import vocabulary

CROP_SIZE, FRAME_SIZE = 64, 128
WIDTH, EMBED_DIM = 16, 128


def embedded_config(mode: KumMode = "cross_correlation", trajectory: bool = True) -> ReferringConfig:
    """Give the configuration of the embedded model, or of a variant to compare it with.

    Args:
        mode: KUM's design.
        trajectory: whether the trajectory window is read.
    """
    words = vocabulary()
    return ReferringConfig(
        clip={
            "embed_dim": EMBED_DIM,
            "vision_cfg": {"layers": [1, 2, 2, 1], "width": WIDTH, "image_size": CROP_SIZE, "patch_size": None},
            "text_cfg": {
                "context_length": CONTEXT_LENGTH,
                "vocab_size": WordTokenizer(words).vocab_size,
                "width": EMBED_DIM,
                "heads": 4,
                "layers": 2,
            },
        },
        kum=KumConfig(
            mode=mode,
            visual_width=32 * WIDTH,
            text_width=EMBED_DIM,
            output_width=EMBED_DIM,
            local_size=CROP_SIZE // MAP_STRIDE,
            global_size=FRAME_SIZE // MAP_STRIDE,
            dropout=0.0,
            trajectory_width=128 if trajectory else 0,
        ),
        crop_size=CROP_SIZE,
        frame_size=FRAME_SIZE,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        vocabulary=words,
    )
