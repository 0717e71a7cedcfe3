"""The service's metrics, in a registry of their own, as Prometheus reads them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from trackspeak.models.errors import TrackspeakError

from .measured import Measured

QUEUED: Final = "queued"
"""The state of jobs that wait for their turn."""

UNMATCHED: Final = "unmatched"
"""The route of requests for paths that there are not: one value, whatever callers think up."""

OTHER: Final = "other"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
_STAGE_SECONDS: Final = (0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 10800)

CountJobs = Callable[[], Mapping[str, int]]
"""Gives state -> the number of jobs in it, every state with a number; may raise TrackspeakError."""

_log = logging.getLogger(__name__)


def method_label(method: str) -> str:
    """Give a method as metrics and spans name it: callers can send any word as one."""
    return method if method in _METHODS else OTHER


class Metrics:
    """Counts what happens; each application has its own.

    Every method may be called from any thread.

    Args:
        count_jobs: asked whenever the metrics are read.
    """

    def __init__(self, count_jobs: CountJobs) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "trackspeak_http_requests",
            "HTTP requests that were answered",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "trackspeak_http_request_duration_seconds",
            "From a request's first byte to the last one of its answer",
            ["route", "method"],
            registry=self.registry,
            buckets=_REQUEST_SECONDS,
        )
        self._in_progress = Gauge(
            "trackspeak_http_requests_in_progress",
            "HTTP requests that are being answered, uploads that come in too",
            registry=self.registry,
        )
        self._frames = Counter("trackspeak_frames", "Frames that a stage has done", ["stage"], registry=self.registry)
        self._stage_seconds = Histogram(
            "trackspeak_stage_duration_seconds",
            "Seconds of work of a stage in one task; stages overlap",
            ["stage", "plugin"],
            registry=self.registry,
            buckets=_STAGE_SECONDS,
        )
        self._gpu_memory = Gauge(
            "trackspeak_gpu_memory_bytes",
            "Memory in use on a GPU, by all processes, after the last task",
            ["device"],
            registry=self.registry,
        )
        build = Info("trackspeak_build", "The version that runs", registry=self.registry)
        build.info({"version": version("trackspeak")})
        self.registry.register(_Jobs(count_jobs))
        ProcessCollector(registry=self.registry)

    def request_began(self) -> None:
        """Count a request as in progress, until `request` is called for it."""
        self._in_progress.inc()

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that has been answered.

        Args:
            route: its template, such as /v1/videos/{video}, or `UNMATCHED`.
            method: any text; those that HTTP does not have are one label.
            status: of the answer.
            seconds: it took.
        """
        self._in_progress.dec()
        label = method_label(method)
        self._requests.labels(route, label, str(status)).inc()
        self._request_seconds.labels(route, label).observe(seconds)

    def stage_done(self, stage: str, plugin: str, seconds: float) -> None:
        """Take the seconds that a stage has worked in one task; `plugin` is "" where none works in it."""
        self._stage_seconds.labels(stage, plugin).observe(seconds)

    def frames_done(self, stage: str, frames: int) -> None:
        """Add frames that a stage has done."""
        self._frames.labels(stage).inc(frames)

    def gpu_memory(self, device: str, used_bytes: int) -> None:
        """Set the memory in use on a GPU."""
        self._gpu_memory.labels(device).set(used_bytes)

    def take(self, work: Measured) -> None:
        """Take all that a worker process has measured of one task."""
        for stage in work.stages:
            self.stage_done(stage.name, stage.plugin, stage.seconds)
            if stage.frames:
                self.frames_done(stage.name, stage.frames)
        for device, used_bytes in work.gpu_bytes.items():
            self.gpu_memory(device, used_bytes)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Give all metrics as text; counts the jobs, which can take as long as the database does.

        Args:
            accept: the header: OpenMetrics where it asks for that, else Prometheus' own format.

        Returns:
            The text and its media type.
        """
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


class _Jobs(Collector):
    """The jobs by their states, counted when the metrics are read."""

    def __init__(self, count_jobs: CountJobs) -> None:
        self._count_jobs = count_jobs

    def describe(self) -> list[Metric]:
        """Give the metrics without counting: asked when this is registered."""
        return [*self._families({})]

    def collect(self) -> Iterator[Metric]:
        """Give the metrics; none where the jobs cannot be counted, so that the others can be read."""
        try:
            counts = self._count_jobs()
        except TrackspeakError as error:
            _log.warning("the jobs could not be counted: %s", error)
            return
        yield from self._families(counts)

    @staticmethod
    def _families(counts: Mapping[str, int]) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("trackspeak_jobs", "Jobs that are kept, by their states", labels=["state"])
        for state, number in counts.items():
            jobs.add_metric([state], number)
        yield jobs
        yield GaugeMetricFamily("trackspeak_queue_depth", "Jobs that wait for their turn", value=counts.get(QUEUED, 0))
