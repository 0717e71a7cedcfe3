"""The whole path in one call: a video and sentences in, the referred tracks of each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Calibrator, Detector, Matcher, Tracker
from trackspeak.plugins.options import options_to_dict
from trackspeak.plugins.registry import create

from .limits import Limits, check_queries
from .options import RunOptions, choose
from .pipeline.answer import answer
from .pipeline.decode import open_video
from .pipeline.index import Progress, Stopwatch, blaming, index_video
from .profiles import Profile, Protocol, load_profile
from .pull import is_pulled, resolve
from .result import PluginUse, RawScores, Result
from .settings import load_settings


@dataclass(frozen=True, slots=True)
class Assembly:
    """The plugins of one configuration, ready to work.

    Attributes:
        profile: the profile's name.
        detector: None where the tracker needs none.
        tracker: the tracker.
        matcher: the matcher.
        calibrators: in order.
        uses: kind -> name and options of each, as the result reports them.
        weights: kind/file -> SHA-256 of every weight file in use.
        warnings: what the user should know of how they go together.
        protocol: the profile's.
        first_frame: the profile's.
    """

    profile: str
    detector: Detector | None
    tracker: Tracker
    matcher: Matcher
    calibrators: tuple[Calibrator, ...]
    uses: dict[str, PluginUse | None]
    weights: dict[str, str]
    warnings: tuple[str, ...]
    protocol: Protocol
    first_frame: int


def assemble(options: RunOptions) -> Assembly:
    """Make the plugins that options ask for; no detector where the tracker needs none.

    Raises:
        UnknownNameError: if there is no such profile or plugin.
        OptionError: if an option is wrong, or is of a detector that is not used.
        PluginError: if a plugin cannot be loaded.
        WeightsError: if a model's weights are missing or do not fit.
    """
    profile = load_profile(options.profile)
    choices = choose(profile, options)
    plugins: dict[str, Detector | Tracker | Matcher | Calibrator] = {}
    uses: dict[str, PluginUse | None] = dict.fromkeys(choices)
    warnings: tuple[str, ...] = ()
    for key in sorted(choices, key=_making_order):
        choice = choices[key]
        if choice is None or (key == "detector" and not cast(Tracker, plugins["tracker"]).requirements.detections):
            continue
        own = options.calibrator is None and choice in profile.calibrators
        if own and not _fitted(profile, cast(Matcher, plugins["matcher"])):
            warnings = (f"scores are raw: the calibrators of the profile {profile.name} are of other weights",)
            del uses[key]
            continue
        made, chosen = create(key.partition(".")[0], choice.name, _found(choice.options))
        plugins[key] = cast("Detector | Tracker | Matcher | Calibrator", made)
        uses[key] = PluginUse(choice.name, options_to_dict(chosen))
    tracker = cast(Tracker, plugins["tracker"])
    _check_tracker(options, cast(PluginUse, uses["tracker"]).name, tracker, uses["detector"])
    return Assembly(
        profile.name,
        cast("Detector | None", plugins.get("detector")),
        tracker,
        cast(Matcher, plugins["matcher"]),
        tuple(cast(Calibrator, plugin) for key, plugin in plugins.items() if key.startswith("calibrator")),
        uses,
        {f"{key}/{name}": digest for key, plugin in plugins.items() for name, digest in plugin.weights.items()},
        warnings,
        profile.protocol,
        profile.first_frame,
    )


def _found(options: Mapping[str, object]) -> Mapping[str, object]:
    """Put in the paths of weights that were pulled."""
    if not any(map(is_pulled, options.values())):
        return options
    return resolve(options, load_settings().weights_folder)


def _making_order(key: str) -> int:
    """Sort key: the tracker says whether a detector is needed, the matcher whether calibrators fit."""
    return ("tracker", "detector", "matcher").index(key) if not key.startswith("calibrator") else 3


def _fitted(profile: Profile, matcher: Matcher) -> bool:
    """Whether the profile's calibrators were fitted for the weights that the matcher has."""
    return profile.calibrated_weights_sha256 in (None, *matcher.weights.values())


def _check_tracker(options: RunOptions, name: str, tracker: Tracker, detector: PluginUse | None) -> None:
    """Refuse a tracker without what it needs, and choices about a detector that nothing reads."""
    needed = tracker.requirements.detections
    if tracker.requirements.embeddings:
        raise OptionError(f"tracker: {name!r} needs appearance embeddings, which nothing here gives")
    if needed and detector is None:
        raise OptionError(f"detector: the tracker {name!r} needs one, and the profile names none")
    asked = ["detector"] if options.detector is not None else []
    asked += [f"set: {key}" for key in options.set if key.startswith("detector.")]
    if not needed and asked:
        raise OptionError(f"{asked[0]}: the tracker {name!r} uses no detector")


def track(
    video: str | Path,
    queries: Sequence[str],
    options: RunOptions | None = None,
    *,
    limits: Limits | None = None,
    assembly: Assembly | None = None,
    progress: Progress | None = None,
) -> Result:
    """Find the tracks that each sentence refers to.

    Args:
        video: a video file, an animated image, or a folder of images.
        queries: one or more sentences.
        options: choices of this run; by default the profile `auto`.
        limits: what is accepted; by default generous.
        assembly: plugins made before with `assemble` for the same options, to use them again.
        progress: called with the frames done and expected.

    Returns:
        Per query the referred tracks, or none; and how they came about.

    Raises:
        InputError: if the video, a query or an option is wrong.
        WeightsError: if a model's weights are missing or do not fit.
        PluginError: if a plugin fails.
    """
    options = options or RunOptions()
    limits = limits or Limits()
    texts = check_queries(queries, limits)
    opened = open_video(Path(video), limits, folder_frame_rate=options.frame_rate)
    watch = Stopwatch()
    with watch.stage("total"):
        with watch.stage("load"):
            parts = assembly or assemble(options)
        selection = options.selection(parts.protocol)
        # First, so that a sentence that is too long is refused before the video is watched.
        with watch.stage("describe"), blaming("matcher"):
            phrases = parts.matcher.describe(texts)
        index = index_video(opened, parts.detector, parts.tracker, parts.matcher, selection.bridged_gap, progress)
        referred, scores, raw = answer(index, phrases, parts.matcher, parts.calibrators, selection, watch)
    return Result(
        video=opened.facts(),
        profile=parts.profile,
        plugins=parts.uses,
        weights=parts.weights,
        score_kind=scores.kind,
        timings_s={**index.timings_s, **watch.seconds},
        warnings=(*parts.warnings, *index.warnings, *phrases.warnings),
        first_frame=parts.first_frame if options.first_frame is None else options.first_frame,
        queries=referred,
        trajectories=index.trajectories,
        raw=RawScores(index.segments, raw),
    )
