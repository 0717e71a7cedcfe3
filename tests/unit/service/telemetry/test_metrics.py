"""The metrics: what is counted, under which names, and that the operators' page has them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from trackspeak.models.errors import OutputError
from trackspeak.service.telemetry.measured import Measured, Stage
from trackspeak.service.telemetry.metrics import UNMATCHED, Metrics

PAGE = Path(__file__).resolve().parents[4] / "docs/operations.md"
NOT_SHOWN = {"le"}
"""The label of a histogram's buckets."""


def no_jobs() -> Mapping[str, int]:
    return {}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def filled() -> Metrics:
    """Give metrics of which each has been used."""
    metrics = Metrics(lambda: {"queued": 3, "running": 1})
    metrics.request_began()
    metrics.request("/v1/videos/{video}", "GET", 200, 0.2)
    metrics.take(Measured((Stage("detect", "motion", 1.5, 40, 0, 2_000_000_000),), {"cuda:0": 123}))
    return metrics


def test_requests() -> None:
    metrics = Metrics(no_jobs)
    for _ in range(3):
        metrics.request_began()
    metrics.request("/v1/track", "POST", 200, 2.0)
    metrics.request("/v1/track", "POST", 422, 0.1)
    labels = {"route": "/v1/track", "method": "POST"}
    assert value(metrics, "trackspeak_http_requests_total", **labels, status="200") == 1
    assert value(metrics, "trackspeak_http_requests_total", **labels, status="422") == 1
    assert value(metrics, "trackspeak_http_request_duration_seconds_count", **labels) == 2
    assert value(metrics, "trackspeak_http_request_duration_seconds_sum", **labels) == 2.1
    assert value(metrics, "trackspeak_http_request_duration_seconds_bucket", **labels, le="0.1") == 1
    assert value(metrics, "trackspeak_http_requests_in_progress") == 1


def test_callers_cannot_make_labels() -> None:
    metrics = Metrics(no_jobs)
    for number in range(50):
        metrics.request(UNMATCHED, f"WORD{number}", 404, 0.0)
    assert value(metrics, "trackspeak_http_requests_total", route=UNMATCHED, method="other", status="404") == 50


def test_work() -> None:
    metrics = filled()
    metrics.stage_done("detect", "motion", 2.5)
    metrics.frames_done("detect", 2)
    metrics.gpu_memory("cuda:0", 100)
    assert value(metrics, "trackspeak_stage_duration_seconds_sum", stage="detect", plugin="motion") == 4.0
    assert value(metrics, "trackspeak_stage_duration_seconds_count", stage="detect", plugin="motion") == 2
    assert value(metrics, "trackspeak_frames_total", stage="detect") == 42
    assert value(metrics, "trackspeak_gpu_memory_bytes", device="cuda:0") == 100


def test_jobs_are_counted_when_they_are_asked_for() -> None:
    counts = {"queued": 2, "running": 1, "done": 0}
    metrics = Metrics(lambda: counts)
    assert value(metrics, "trackspeak_jobs", state="queued") == 2
    assert value(metrics, "trackspeak_queue_depth") == 2
    counts["queued"] = 5
    assert value(metrics, "trackspeak_queue_depth") == 5
    assert value(metrics, "trackspeak_jobs", state="done") == 0


def test_a_lost_database_leaves_the_other_metrics() -> None:
    def lost() -> Mapping[str, int]:
        raise OutputError("the database is lost")

    metrics = Metrics(lost)
    assert value(metrics, "trackspeak_queue_depth") is None
    assert value(metrics, "trackspeak_build_info", version=version("trackspeak")) == 1


def test_two_applications_count_for_themselves() -> None:
    one, two = Metrics(no_jobs), Metrics(no_jobs)
    one.frames_done("decode", 3)
    assert value(two, "trackspeak_frames_total", stage="decode") is None


def test_both_formats_can_be_read() -> None:
    metrics = filled()
    text, kind = metrics.exposition("")
    assert kind.startswith("text/plain")
    names = {family.name for family in parse_text(text.decode())}
    assert {"trackspeak_http_requests", "trackspeak_jobs", "process_resident_memory_bytes"} <= names
    text, kind = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert "trackspeak_stage_duration_seconds" in {family.name for family in parse_openmetrics(text.decode())}


def exported(registry: CollectorRegistry) -> dict[str, tuple[str, set[str]]]:
    """Give name -> type and labels of all metrics of ours, as they are asked for in a query."""
    found = {}
    for family in registry.collect():
        if family.name.startswith("trackspeak_"):
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = {label for sample in family.samples for label in sample.labels} - NOT_SHOWN
            found[family.name + suffix] = (family.type, labels)
    return found


def test_the_operators_page_has_every_metric() -> None:
    rows = re.findall(r"^\| `(trackspeak_\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == exported(filled().registry)


def test_the_pages_queries_ask_for_metrics_that_there_are() -> None:
    queries = "".join(re.findall(r"^```promql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    known = set(exported(filled().registry))
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"trackspeak_\w+", queries)}
    assert asked
    assert asked <= known
