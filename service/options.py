"""What a caller may choose for one run; the same keys on the command line, in HTTP and in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen

from trackspeak.models.errors import OptionError
from trackspeak.plugins.options import checked_values, parse_options

from .pipeline.select import MOST_NEAR_MISSES, Selection
from .profiles import AUTO, PluginChoice, Profile, Protocol

NONE = "none"
FROM_FILE = "from_file"

Name = Annotated[str, MinLen(1)]

CHOICES = ("profile", "detector", "embedder", "tracker", "postprocessor", "matcher", "calibrator")
"""The options of a run that choose plugins; `set` says how they work."""

ASK_OPTIONS = (
    "calibrator",
    "set",
    "threshold",
    "min_probability",
    "top",
    "near_misses",
    "protocol",
    "first_frame",
)
"""The options of a run that are about asking."""

LARGEST_STRIDE = 1_000
MOST_POSTPROCESSORS = 8

LONGEST_GAP = 16
"""A segment bridges at most so many missed frames between two of its own: they wait in memory."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Choices of one run.

    Attributes:
        profile: a profile's name, the path of a TOML file, or "auto": "embedded" so far.
        detector: a detector's name, in place of the profile's.
        embedder: what makes the embeddings of trackers that want them, in place of the profile's; "none": the matcher.
        tracker: a tracker's name, in place of the profile's.
        postprocessor: names of what mends the tracks afterwards, in this order, in place of the profile's; "none"
            alone: nothing does.
        matcher: a matcher's name, in place of the profile's; the profile's calibrators then no longer apply.
        calibrator: a calibrator's name, in place of the profile's; "none" for raw scores.
        set: plugin options by `kind.key`, such as `detector.min_score`.
        threshold: frames that score above it are referred to; unset: what the score kind says.
        min_probability: tracks whose score is below it are left out; the scores must be probabilities. Unset: none are.
        top: at most so many tracks of each query are given, the best; unset: all.
        near_misses: at most so many tracks of each query that are not referred to, or not probably enough, are given
            too, the best, with why; 0: none.
        protocol: "trackspeak" closes short gaps and drops short spans, "ikun" is the raw rule per frame; unset: the
            profile's.
        max_gap: missed frames that a segment may bridge, at most 16: frames in between wait in memory;
            unset: 4, or 0 for "ikun".
        first_frame: the number of the first frame in MOTChallenge files that are written; unset: the profile's.
        frame_stride: one of so many frames is looked at, and tracks are filled in between.
        looks_per_track: at most so many looks of each track are kept, evenly spread; unset: all.
        frame_rate: frames per second of an image folder, which does not say; unset: 10. A video file has its own.
    """

    profile: str = AUTO
    detector: Name | None = None
    embedder: Name | None = None
    tracker: Name | None = None
    postprocessor: Annotated[tuple[Name, ...], MaxLen(MOST_POSTPROCESSORS)] | None = None
    matcher: Name | None = None
    calibrator: Name | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    min_probability: Annotated[float, Ge(0), Le(1)] | None = None
    top: Annotated[int, Ge(1)] | None = None
    near_misses: Annotated[int, Ge(0), Le(MOST_NEAR_MISSES)] = 0
    protocol: Protocol | None = None
    max_gap: Annotated[int, Ge(0), Le(LONGEST_GAP)] | None = None
    first_frame: Annotated[int, Ge(0), Le(10**9)] | None = None
    frame_stride: Annotated[int, Ge(1), Le(LARGEST_STRIDE)] = 1
    looks_per_track: Annotated[int, Ge(1)] | None = None
    frame_rate: Annotated[float, Ge(0.001), Le(1_000)] | None = None

    def __post_init__(self) -> None:
        """Check what Python callers give as what others give is checked, against the annotations.

        Raises:
            OptionError: for each option of the wrong type or out of range; what was wanted and what came.
        """
        for name, value in checked_values(self).items():
            object.__setattr__(self, name, value)  # frozen for everyone else

    def selection(self, protocol: Protocol) -> Selection:
        """The part about how scores become tracks; `protocol` is the profile's."""
        return Selection(
            self.threshold,
            protocol if self.protocol is None else self.protocol,
            self.max_gap,
            self.min_probability,
            self.top,
            self.near_misses,
        )


def parse_run_options(values: Mapping[str, object]) -> RunOptions:
    """Make the options from what a caller gave, in text or JSON.

    Raises:
        OptionError: for each key that is unknown, of the wrong type or out of range; lists the keys there are.
    """
    return parse_options(RunOptions, values, "options")


def parse_ask_options(values: object, known: Sequence[str] = ASK_OPTIONS) -> RunOptions:
    """Make the options of a question to an index.

    Args:
        values: a JSON object.
        known: the options that count.

    Raises:
        OptionError: as `parse_run_options`, and for a key that is not about asking.
    """
    if not isinstance(values, dict):
        raise OptionError(f"options must be a JSON object, got {values!r:.60}")
    for key in values:
        if key not in known:
            raise OptionError(f"options: {key!r} is none of a question to an index; there are: {', '.join(known)}")
    return parse_run_options(values)


def choose(profile: Profile, options: RunOptions) -> dict[str, PluginChoice | None]:
    """Lay the caller's choices over a profile's.

    A plugin that replaces another begins with its own defaults.

    Returns:
        "detector", "tracker", "matcher", "postprocessor", "postprocessor.1", "calibrator", ... -> the choice.

    Raises:
        OptionError: if a key of `set` is not `kind.key`, or its plugin is not in use.
    """
    chosen: dict[str, PluginChoice | None] = {
        "detector": _replace(profile.detector, options.detector),
        "tracker": _tracker(profile, options.tracker),
        "matcher": _replace(profile.matcher, options.matcher),
    }
    if options.embedder != NONE and (embedder := _replace(profile.embedder, options.embedder)):
        chosen["embedder"] = embedder
    for kind, choices in (
        ("postprocessor", _postprocessors(profile, options)),
        ("calibrator", _calibrators(profile, options)),
    ):
        for row, choice in enumerate(choices):
            chosen[f"{kind}.{row}" if row else kind] = choice
    missing = [key for key in profile.needs if key not in options.set]
    if missing and options.matcher is None:
        raise OptionError(f"set: the profile {profile.name} needs {', '.join(missing)} (--weights)")
    for key, value in options.set.items():
        kind, dot, option = key.rpartition(".")
        changed = chosen.get(kind)
        if not dot or changed is None:
            in_use = ", ".join(name for name, plugin in chosen.items() if plugin is not None)
            raise OptionError(f"set: {key!r} must be KIND.KEY with KIND one of {in_use}")
        chosen[kind] = PluginChoice(name=changed.name, options={**changed.options, option: value})
    return chosen


def _tracker(profile: Profile, name: str | None) -> PluginChoice:
    """The profile's tracker or another; tracks of a file are read as the profile reads such files."""
    if name is None or name == profile.tracker.name:
        return profile.tracker
    return PluginChoice(name=name, options=profile.tracks if name == FROM_FILE else {})


def _replace(choice: PluginChoice | None, name: str | None) -> PluginChoice | None:
    if name is None or (choice is not None and name == choice.name):
        return choice
    return PluginChoice(name=name)


def _postprocessors(profile: Profile, options: RunOptions) -> tuple[PluginChoice, ...]:
    """The profile's, or those named; one that the profile has too keeps the profile's options."""
    if options.postprocessor is None:
        return profile.postprocessors
    if options.postprocessor == (NONE,):
        return ()
    own = {choice.name: choice for choice in profile.postprocessors}
    return tuple(own.get(name, PluginChoice(name=name)) for name in options.postprocessor)


def _calibrators(profile: Profile, options: RunOptions) -> tuple[PluginChoice, ...]:
    if options.calibrator == NONE:
        return ()
    if options.calibrator is not None:
        return (PluginChoice(name=options.calibrator),)
    other_matcher = options.matcher is not None and options.matcher != profile.matcher.name
    return () if other_matcher else profile.calibrators
