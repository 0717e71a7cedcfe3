"""Which ids of requests are accepted from callers; the current one is in `telemetry/context.py`."""

from __future__ import annotations

import re
import secrets
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""What may go into a log line or a header as it is."""


def accepted_request_id(given: str | None) -> str:
    """Give the id that a caller gave a request, or a new one where it gave none, or none that is safe to repeat."""
    return given if given is not None and _SAFE.fullmatch(given) else secrets.token_hex(16)
