"""ByteTrack, BoT-SORT and Deep OC-SORT from ultralytics, which is AGPL-3.0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from trackspeak.plugins.contract import Requirements

from ._library import Count, Share
from ._ultralytics import ByteOptions, CameraMotion, UltralyticsTracker


@dataclass(frozen=True, slots=True)
class BotSortOptions(ByteOptions):
    """Options of BoT-SORT, as the library names them.

    Attributes:
        gmc_method: how the camera's own motion is found in the frames' pixels; "none" is for cameras that stand still.
    """

    gmc_method: CameraMotion = "sparseOptFlow"


@dataclass(frozen=True, slots=True)
class DeepOcSortOptions(ByteOptions):
    """Options of Deep OC-SORT, as the library names them.

    Attributes:
        track_low_thresh: boxes with this score or a lower one are never looked at; counts only with `use_byte`.
        delta_t: frames over which the direction of motion is measured.
        inertia: how much the direction of motion counts beside overlap.
        use_byte: whether boxes with low scores are matched in a second round.
        gmc_method: how the camera's own motion is found in the frames' pixels; "none" is for cameras that stand still.
        proximity_thresh: least overlap of a box and a track whose embeddings are compared.
        appearance_thresh: likeness from which embeddings match: (1 + their cosine) / 2. It depends on what makes them.
        alpha_fixed_emb: least share of the old in a track's moving average of embeddings.
    """

    track_high_thresh: Share = 0.3
    new_track_thresh: Share = 0.3
    delta_t: Count = 3
    inertia: Share = 0.2
    use_byte: bool = False
    gmc_method: CameraMotion = "none"
    proximity_thresh: Share = 0.5
    appearance_thresh: Share = 0.9
    alpha_fixed_emb: Share = 0.95


class UltralyticsByteTrack(UltralyticsTracker[ByteOptions]):
    """ByteTrack of ultralytics (AGPL-3.0); needs no pixels."""

    Options: ClassVar[type[ByteOptions]] = ByteOptions
    library_class = "BYTETracker"


class UltralyticsBotSort(UltralyticsTracker[BotSortOptions]):
    """BoT-SORT of ultralytics (AGPL-3.0), with compensation for the camera's own motion; no appearance."""

    Options: ClassVar[type[BotSortOptions]] = BotSortOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True, packages=("ultralytics",))
    library_class = "BOTSORT"
    # What a plugin needs is said of its class, before its options are known: Deep OC-SORT is the one with appearance.
    fixed: ClassVar[dict[str, Any]] = {"with_reid": False, "proximity_thresh": 0.5, "appearance_thresh": 0.8}


class UltralyticsDeepOcSort(UltralyticsTracker[DeepOcSortOptions]):
    """Deep OC-SORT of ultralytics (AGPL-3.0): OC-SORT that compares looks too; needs appearance embeddings."""

    Options: ClassVar[type[DeepOcSortOptions]] = DeepOcSortOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True, embeddings=True, packages=("ultralytics",))
    library_class = "DeepOCSORT"
    fixed: ClassVar[dict[str, Any]] = {"with_reid": True, "model": "auto"}  # "auto": embeddings are given to it
