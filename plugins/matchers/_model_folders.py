"""Where the matcher `kum` finds its model."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError
from trackspeak.models.kum_mode import KumMode


def model_folder(path: Path, mode: KumMode | Literal["auto"], cache: Path | None) -> Path:
    """Give the model folder of a path: itself, or what a released checkpoint is converted to, once.

    Args:
        path: a model folder, or a checkpoint as iKUN's authors released it.
        mode: KUM's design in a checkpoint; "auto" reads it from the weights.
        cache: folder for what is converted; None: the user's cache folder.

    Raises:
        OptionError: if there is nothing at the path, or an option is about a checkpoint and it is none.
        WeightsError: if it is no released checkpoint.
        OutputError: if the cache cannot be written.
    """
    if path.is_dir():
        if mode != "auto":
            raise OptionError(f"matcher.mode is of a released checkpoint; {path} is a model folder and has its own")
        return path
    if not path.is_file():
        raise OptionError(f"matcher.model must be embedded, an existing folder or a released checkpoint, got {path}")
    from trackspeak.models.referring import CONFIG_FILE
    from trackspeak.models.released import FORMAT, convert_released

    folder = (cache or _cache_folder()) / f"{sha256_of(path)[:32]}-{mode}-{FORMAT}"
    if not (folder / CONFIG_FILE).is_file():
        convert_released(path, folder, None if mode == "auto" else mode)
    return folder


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("trackspeak", appauthor=False) / "models"


def embedded_folder() -> Path:
    """The folder of the weights that come with the package."""
    return Path(str(resources.files("trackspeak.models.embedded")))
