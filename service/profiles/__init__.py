"""Profiles: a detector, a tracker, a matcher and calibrators with their options, one TOML file each."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trackspeak.models.errors import FileFormatError, UnknownNameError

Protocol = Literal["trackspeak", "ikun"]

AUTO = "auto"
BEST = "embedded"
"""What `auto` is, until a profile with larger weights is measured to be better."""


class PluginChoice(BaseModel):
    """A plugin's name and options."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1)]
    options: Mapping[str, Any] = {}


class Profile(BaseModel):
    """What makes an answer.

    Attributes:
        name: the profile's name.
        summary: what it is good for, in one line.
        detector: None where the tracker needs none.
        tracker: the tracker.
        matcher: the matcher.
        embedder: what makes embeddings for trackers that want them; None: the matcher.
        postprocessors: what mends the tracks afterwards, in this order.
        tracks: options of the tracker `from_file` where it replaces the profile's.
        calibrators: applied in this order; fitted for this matcher with its weights.
        calibrated_weights_sha256: those weights; with others the calibrators are not applied. None: with any.
        needs: plugin options as `kind.key` that the caller must give, since the profile cannot know them.
        protocol: how scores become tracks, unless the caller says.
        first_frame: the number of the first frame in files that are written, unless the caller says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    summary: str
    detector: PluginChoice | None = None
    tracker: PluginChoice
    matcher: PluginChoice
    embedder: PluginChoice | None = None
    postprocessors: tuple[PluginChoice, ...] = ()
    tracks: Mapping[str, Any] = {}
    calibrators: tuple[PluginChoice, ...] = ()
    calibrated_weights_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    needs: tuple[str, ...] = ()
    protocol: Protocol = "trackspeak"
    first_frame: Annotated[int, Field(ge=0)] = 1


def profile_names() -> tuple[str, ...]:
    """Give the names of the profiles that come with the package."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def load_profile(name: str) -> Profile:
    """Load a profile by its name, `auto`, or the path of a TOML file.

    Raises:
        UnknownNameError: if there is neither a profile nor a file of that name.
        FileFormatError: if the file is not a profile; says which key is wrong.
    """
    if name == AUTO:
        name = BEST
    path = Path(name)
    if path.suffix == ".toml" and os.path.isfile(path):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError(f"profile {path} must be a readable UTF-8 file: {error}") from None
        return _parse(path.stem, text, str(path))
    if name not in profile_names():
        raise UnknownNameError("profile", name, [AUTO, *profile_names(), "the path of a .toml file"])
    return _parse(name, (resources.files(__package__) / f"{name}.toml").read_text(encoding="utf-8"), name)


def _parse(name: str, text: str, where: str) -> Profile:
    try:
        return Profile.model_validate({"name": name, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(f"profile {where} must be TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(f"profile {where}: {key}: {first['msg']}") from None
