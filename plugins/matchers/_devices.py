"""Where a matcher computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackspeak.models.errors import OptionError

if TYPE_CHECKING:
    import torch


def device_of(name: str) -> torch.device:
    """Give a device that is there; "auto" is a GPU if there is one.

    Raises:
        OptionError: if the name is no device of this machine.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise OptionError(f"matcher.device must be auto or a device of this machine, got {name!r}: {reason}") from None
    return torch.device(name)
