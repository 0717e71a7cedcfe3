"""Which addresses of the network are public."""

from __future__ import annotations

import ipaddress
from typing import Final

_GLOBAL_IPV6: Final = ipaddress.IPv6Network("2000::/3")
"""All that is assigned to be reached from everywhere; what wraps an IPv4 address for NAT64 is elsewhere."""

_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # Teredo and others that lead elsewhere
        "2001:db8::/32",
        "2002::/16",  # 6to4: wraps an IPv4 address
        "3fff::/20",
    )
)
"""What older versions of Python take for global."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet: not of this machine, a private network, a group, or reserved.

    Args:
        address: IPv4 or IPv6, without a zone; anything else is not public.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed not in _GLOBAL_IPV6:
        return False
    if not parsed.is_global or parsed.is_multicast or parsed.is_reserved:
        return False
    return not any(parsed in network for network in _NOT_PUBLIC)
