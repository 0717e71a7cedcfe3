"""Counts wrong keys by where they come from, in bounded memory."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from trackspeak.models.errors import TooManyAttemptsError

MAX_WRONG: Final = 10
"""Wrong keys from one address in a window; then it waits for the next."""

WINDOW_S: Final = 60.0
_MAX_ADDRESSES: Final = 10_000
_IPV6_NETWORK_BITS: Final = 64


@dataclass(slots=True)
class _Window:
    began_s: float
    wrong: int = 0


class Attempts:
    """Wrong keys of late; may be used from several threads.

    Args:
        clock: gives the time in seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def check(self, client: str) -> None:
        """Refuse an address that gave too many wrong keys.

        Raises:
            TooManyAttemptsError: saying when to come back.
        """
        with self._lock:
            window = self._window(_network(client))
        if window is not None and window.wrong >= MAX_WRONG:
            wait_s = max(1, math.ceil(window.began_s + WINDOW_S - self._clock()))
            raise TooManyAttemptsError(f"too many wrong API keys came from this address; wait {wait_s} s", wait_s)

    def count(self, client: str) -> None:
        """Count a wrong key."""
        network = _network(client)
        with self._lock:
            window = self._window(network)
            if window is None:
                window = self._windows[network] = _Window(self._clock())
            window.wrong += 1
            while len(self._windows) > _MAX_ADDRESSES:
                self._windows.popitem(last=False)

    def _window(self, network: str) -> _Window | None:
        """Give the window of an address that is not over yet."""
        window = self._windows.get(network)
        if window is not None and self._clock() - window.began_s >= WINDOW_S:
            del self._windows[network]
            return None
        return window


def _network(client: str) -> str:
    """Give what counts as one address: of IPv6 the network of one customer, who has all addresses in it."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), _IPV6_NETWORK_BITS), strict=False))
