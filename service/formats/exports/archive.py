"""ZIP archives whose bytes depend on what is in them alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can hold
_UNIX: Final = 3
_RIGHTS: Final = 0o100644 << 16  # an ordinary file


def write_zip(path: Path, texts: Mapping[str, Iterable[str]]) -> None:
    """Write files of UTF-8 text, by name, all of one date.

    Args:
        path: the archive.
        texts: name inside the archive -> the parts of its text.
    """
    with ZipFile(path, "w") as archive:
        for name in sorted(texts):
            entry = ZipInfo(name, _DATE)
            entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, _UNIX, _RIGHTS
            with archive.open(entry, "w", force_zip64=True) as file:  # how long a text gets is not known yet
                for text in texts[name]:
                    file.write(text.encode())
