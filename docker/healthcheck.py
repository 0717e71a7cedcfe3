"""The image's health check: ends with 0 if the service in this container answers, else with 1 and a line that says why.

Standard library only, to take little time and memory. It speaks to the service directly, whatever proxy is set.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_S = 4
PATH = "/healthz"


def main() -> None:
    """Ask the service how it is."""
    port = int(os.environ["TRACKSPEAK_PORT"])
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        connection.request("GET", PATH)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"no answer from port {port}: {error}")
    if status != http.client.OK:
        sys.exit(f"{PATH} answered {status}")


if __name__ == "__main__":
    main()
