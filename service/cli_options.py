"""From the command line's arguments to the options of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from trackspeak.models.errors import OptionError

if TYPE_CHECKING:
    from .options import RunOptions

FROM_FILE = "from_file"  # as in options.py, which is heavier to import


def given_options(
    assignments: Iterable[str], tracks: Path | None, weights: Path | None = None, **given: object
) -> RunOptions:
    """Make the options of a run.

    Args:
        assignments: `kind.key=value` each; the plugin's options turn the text into what they want.
        tracks: a MOT result to take the tracks from.
        weights: the matcher's weights.
        given: the other options of a run; None where the user said nothing.

    Raises:
        OptionError: if one is wrong, `tracks` comes with another tracker, or `weights` with others.
    """
    from .options import parse_run_options

    chosen: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise OptionError(f"--set must be KIND.KEY=VALUE, got {assignment!r}")
        if key in chosen:
            raise OptionError(f"--set {key} must be given once, got {chosen[key]!r} and {value!r}")
        chosen[key] = value
    if tracks is not None:
        if given.get("tracker") not in (None, FROM_FILE) or "tracker.path" in chosen:
            raise OptionError("--tracks is the tracker from_file with its path; give no other tracker or path")
        given |= {"tracker": FROM_FILE}
        chosen["tracker.path"] = str(tracks)
    if weights is not None:
        if "matcher.model" in chosen:
            raise OptionError("--weights is --set matcher.model=FILE; give one of the two")
        chosen["matcher.model"] = str(weights)
    return parse_run_options({**{key: value for key, value in given.items() if value is not None}, "set": chosen})
