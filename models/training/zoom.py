"""Trajectory windows as a nearer or farther camera would give them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trackspeak.models.trajectory import FEATURES

_LOG_SIZES = tuple(FEATURES.index(name) for name in ("log_width", "log_height"))
_LENGTHS = tuple(
    FEATURES.index(name) for name in ("shift_x_frame", "shift_y_frame", "velocity_x_frame", "velocity_y_frame")
)


def zoomed(windows: npt.NDArray[np.float32], factor: float) -> npt.NDArray[np.float32]:
    """Give windows of boxes that are larger by a factor, and whose ways in the frame are longer by it.

    Places stay, as does everything that is in sizes of the object. So a model does not learn that whatever fills much
    of the picture is a bus: how large a car appears is the camera's doing.

    Args:
        windows: (S, points, features), see `trackspeak.models.trajectory`.
        factor: above 0.
    """
    changed = windows.astype(np.float64)
    changed[..., _LOG_SIZES] = np.clip(changed[..., _LOG_SIZES] + np.log(factor) / 3, -2, 2)
    unsquashed = np.arctanh(np.clip(changed[..., _LENGTHS], -1 + 1e-7, 1 - 1e-7))
    changed[..., _LENGTHS] = np.tanh(factor * unsquashed)
    return changed.astype(np.float32)
