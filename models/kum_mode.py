"""The names of KUM's designs; loads no torch."""

from __future__ import annotations

from typing import Literal

KumMode = Literal["none", "cascade_attention", "cross_correlation", "text_first_modulation"]
"""No guidance by the text, and the three designs of iKUN's supplementary."""
