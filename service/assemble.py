"""From the options of a run to the plugins that they ask for, ready to work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Calibrator, Embedder, Matcher
from trackspeak.plugins.options import options_to_dict
from trackspeak.plugins.registry import create

from .options import RunOptions, choose
from .pipeline.index import Steps
from .profiles import Profile, Protocol, load_profile
from .pull import is_pulled, resolve
from .result import PluginUse
from .settings import load_settings


@dataclass(frozen=True, slots=True)
class Assembly:
    """The plugins of one configuration, ready to work.

    Attributes:
        profile: the profile's name.
        steps: the plugins of the pass over a video.
        calibrators: in order.
        uses: kind -> name and options of each, as the result reports them.
        weights: kind/file -> SHA-256 of every weight file in use.
        warnings: what the user should know of how they go together.
        protocol: the profile's.
        first_frame: the profile's.
    """

    profile: str
    steps: Steps
    calibrators: tuple[Calibrator, ...]
    uses: dict[str, PluginUse | None]
    weights: dict[str, str]
    warnings: tuple[str, ...]
    protocol: Protocol
    first_frame: int


Make = Callable[[str, str, Mapping[str, object]], tuple[Any, Any]]


def assemble(options: RunOptions, *, make: Make = create) -> Assembly:
    """Make the plugins that options ask for; no detector or embedder where the tracker needs none.

    Args:
        options: the caller's choices.
        make: makes a plugin of kind, name and options, as the registry's `create` does.

    Raises:
        UnknownNameError: if there is no such profile or plugin.
        OptionError: if an option is wrong, or is of a plugin that is not used.
        PluginError: if a plugin cannot be loaded.
        WeightsError: if a model's weights are missing or do not fit.
    """
    profile = load_profile(options.profile)
    choices = choose(profile, options)
    plugins: dict[str, Any] = {}
    uses: dict[str, PluginUse | None] = dict.fromkeys(choices)
    warnings: tuple[str, ...] = ()
    for key in sorted(choices, key=_making_order):
        choice = choices[key]
        if choice is None or not _needed(key, plugins):
            continue
        own = key.startswith("calibrator") and options.calibrator is None and choice in profile.calibrators
        if own and not _fitted(profile, plugins["matcher"]):
            warnings = (f"scores are raw: the calibrators of the profile {profile.name} are of other weights",)
            del uses[key]
            continue
        plugins[key], chosen = make(key.partition(".")[0], choice.name, _found(choice.options))
        uses[key] = PluginUse(choice.name, options_to_dict(chosen))
    steps = Steps(
        plugins.get("detector"),
        plugins["tracker"],
        plugins["matcher"],
        _embedder(plugins),
        tuple(plugin for key, plugin in plugins.items() if key.startswith("postprocessor")),
    )
    _check_tracker(options, cast(PluginUse, uses["tracker"]).name, steps)
    calibrators = tuple(plugin for key, plugin in plugins.items() if key.startswith("calibrator"))
    return Assembly(
        profile.name,
        steps,
        calibrators,
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
    """Sort key: the tracker says whether detector and embedder are needed, the matcher whether calibrators fit."""
    return ("tracker", "detector", "embedder", "matcher", "postprocessor", "calibrator").index(key.partition(".")[0])


def _needed(key: str, plugins: Mapping[str, Any]) -> bool:
    """Whether the tracker reads what a detector or an embedder gives; whatever else is asked for is needed."""
    if key == "detector":
        return bool(plugins["tracker"].requirements.detections)
    if key == "embedder":
        return bool(plugins["tracker"].requirements.embeddings)
    return True


def _embedder(plugins: Mapping[str, Any]) -> Embedder | None:
    """Give what makes the tracker's embeddings: what was chosen, else the matcher, if it can."""
    matcher: Any = plugins["matcher"]
    if not plugins["tracker"].requirements.embeddings or "embedder" in plugins:
        return cast("Embedder | None", plugins.get("embedder"))
    return cast(Embedder, matcher) if callable(getattr(matcher, "embed", None)) else None


def _fitted(profile: Profile, matcher: Matcher) -> bool:
    """Whether the profile's calibrators were fitted for the weights that the matcher has."""
    return profile.calibrated_weights_sha256 in (None, *matcher.weights.values())


def _check_tracker(options: RunOptions, name: str, steps: Steps) -> None:
    """Refuse a tracker without what it needs, and choices that nothing reads."""
    wants = steps.tracker.requirements
    if wants.detections and steps.detector is None:
        raise OptionError(f"detector: the tracker {name!r} needs one, and the profile names none")
    if wants.embeddings and steps.embedder is None:
        raise OptionError(f"embedder: the tracker {name!r} needs one, since the matcher makes no embeddings")
    for kind, needed in (("detector", wants.detections), ("embedder", wants.embeddings)):
        asked = [kind] if getattr(options, kind) is not None else []
        asked += [f"set: {key}" for key in options.set if key.startswith(f"{kind}.")]
        if not needed and asked:
            raise OptionError(f"{asked[0]}: the tracker {name!r} uses no {kind}")
