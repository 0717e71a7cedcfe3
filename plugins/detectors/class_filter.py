"""Which of a detector's classes a user wants."""

from __future__ import annotations

from collections.abc import Sequence

from trackspeak.models.errors import UnknownNameError


def wanted_class_ids(wanted: Sequence[str | int], class_names: Sequence[str]) -> list[int]:
    """Give the positions of the wanted classes in `class_names`; all of them where nothing is asked for.

    Args:
        wanted: names, in any case, or positions.
        class_names: the detector's classes.

    Raises:
        UnknownNameError: if there is no such class; lists those there are.
    """
    by_name = {name.lower(): position for position, name in enumerate(class_names)}
    by_position = {str(position): position for position in range(len(class_names))}
    found = [by_name.get(str(item).lower(), by_position.get(str(item))) for item in wanted]
    for item, position in zip(wanted, found, strict=True):
        if position is None:
            raise UnknownNameError("class", str(item), class_names)
    return sorted({position for position in found if position is not None}) or list(range(len(class_names)))
