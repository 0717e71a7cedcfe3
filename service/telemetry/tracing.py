"""Where spans go: nowhere by default, or to an OpenTelemetry collector, of which nothing is imported before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol
from urllib.parse import urlsplit

from trackspeak.models.errors import OptionError

from ..settings import Settings, variable
from .measured import Measured

Attributes = Mapping[str, str | int | float]

TRACES_PATH: Final = "/v1/traces"
"""Where a collector takes spans, below its own address."""


class OpenSpan(Protocol):
    """A span that has begun."""

    def rename(self, name: str) -> None:
        """Give it another name, where that is known only now."""

    def add(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, reason: str) -> None:
        """Say that what it covers went wrong."""

    def stages(self, work: Measured) -> None:
        """Add a child for each stage of the work that it covers.

        A child reaches from when its stage first began to when it last ended. Stages take turns, so its attribute
        `trackspeak.busy_s` has the seconds in which it really worked.
        """


class Tracing(Protocol):
    """Where spans go."""

    def request(self, name: str, traceparent: str | None) -> AbstractContextManager[OpenSpan]:
        """Cover the answer to a request by a span; logs in the block have its trace id.

        Args:
            name: for people.
            traceparent: the caller's header, if there is one; what is no such header is passed over.
        """

    def task(self, name: str) -> AbstractContextManager[OpenSpan]:
        """Cover a piece of work by a span below the one that is open, maybe in another process."""

    def close(self) -> None:
        """Send what is left."""


class NoTracing:
    """Makes no spans."""

    def request(self, name: str, traceparent: str | None) -> AbstractContextManager[OpenSpan]:
        """Cover nothing."""
        del name, traceparent
        return nullcontext(_NoSpan())

    def task(self, name: str) -> AbstractContextManager[OpenSpan]:
        """Cover nothing."""
        del name
        return nullcontext(_NoSpan())

    def close(self) -> None:
        """Do nothing."""


class _NoSpan:
    """Takes everything and keeps nothing."""

    def rename(self, name: str) -> None: ...

    def add(self, attributes: Attributes) -> None: ...

    def fail(self, reason: str) -> None: ...

    def stages(self, work: Measured) -> None: ...


def open_tracing(settings: Settings, role: str) -> Tracing:
    """Give where the spans of this process go.

    Args:
        settings: the endpoint counts.
        role: of this process: "api" or "worker".

    Returns:
        What sends spans in the background until it is closed; `NoTracing` where no endpoint is set.

    Raises:
        OptionError: if the endpoint is no URL, or the extra `otel` is not installed.
    """
    if settings.otlp_endpoint is None:
        return NoTracing()
    url = traces_url(settings.otlp_endpoint)
    try:
        from .otel import OtelTracing, otlp_exporter

        exporter = otlp_exporter(url)
    except ImportError as error:
        needed = f"{variable('otlp_endpoint')} needs {error.name}: pip install 'trackspeak[otel]'"
        raise OptionError(needed) from None
    return OtelTracing(exporter, role)


def traces_url(endpoint: str) -> str:
    """Give the URL that spans are sent to.

    Raises:
        OptionError: if the endpoint is not the address of a collector; what was given is not told, it may be secret.
    """
    wanted = f"{variable('otlp_endpoint')} must be http://HOST:PORT or https://HOST:PORT, a path may follow"
    try:
        url = urlsplit(endpoint)
        user, host, _ = url.username, url.hostname, url.port
    except ValueError:
        raise OptionError(f"{wanted}, got something that is no URL") from None
    if url.scheme not in ("http", "https") or not host or url.query or url.fragment:
        raise OptionError(f"{wanted}, got something else")
    if user is not None:
        raise OptionError(f"{wanted}, got one with a user; give secrets by OTEL_EXPORTER_OTLP_HEADERS")
    return endpoint.rstrip("/") + TRACES_PATH
