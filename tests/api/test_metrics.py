"""What requests and the work for them leave in the metrics."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

MakeService = Callable[..., Any]


@pytest.fixture(scope="module")
def counted(make_service: MakeService) -> Any:
    """A service that no other module asks, so that what is counted is known."""
    return make_service()


def value(service: Any, name: str, **labels: str) -> float | None:
    families = parse_text(service.client.get("/metrics").text)
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == name and sample.labels == labels:
            return float(sample.value)
    return None


def requests(service: Any, route: str, method: str, status: int) -> float | None:
    return value(service, "trackspeak_http_requests_total", route=route, method=method, status=str(status))


def test_requests_are_counted_by_the_templates_of_their_routes(counted: Any) -> None:
    for name in ("a", "b", "c"):
        assert counted.client.get(f"/v1/videos/{name}").status_code == 404
    assert counted.client.put("/v1/videos/a").status_code == 405
    assert counted.client.get("/docs").status_code == 200
    assert requests(counted, "/v1/videos/{video}", "GET", 404) == 3
    assert requests(counted, "/v1/videos/{video}", "PUT", 405) == 1
    assert requests(counted, "/docs", "GET", 200) == 1
    assert value(
        counted, "trackspeak_http_request_duration_seconds_count", route="/v1/videos/{video}", method="GET"
    ) == 3  # fmt: skip


def test_all_paths_that_there_are_not_are_one(counted: Any) -> None:
    for number in range(5):
        counted.client.get(f"/nowhere/{number}")
        counted.client.request(f"WORD{number}", f"/nowhere/{number}")
    assert requests(counted, "unmatched", "GET", 404) == 5
    assert requests(counted, "unmatched", "other", 404) == 5
    assert "nowhere" not in counted.client.get("/metrics").text


def test_work_is_counted_where_it_is_done(counted: Any, tiny_clip: Path) -> None:
    response = counted.track(tiny_clip, "the red car")
    assert response.status_code == 200
    result = response.json()
    for stage in ("decode", "detect", "track"):
        assert value(counted, "trackspeak_frames_total", stage=stage) == result["video"]["frames"] == 36
    kinds = {"detect": "detector", "track": "tracker", "observe": "matcher", "describe": "matcher", "score": "matcher"}
    for stage, seconds in result["timings_s"].items():
        plugin = result["plugins"][kinds[stage]]["name"] if stage in kinds else ""
        assert value(
            counted, "trackspeak_stage_duration_seconds_sum", stage=stage, plugin=plugin
        ) == pytest.approx(seconds, abs=1e-6)  # fmt: skip


def test_the_request_for_them_is_in_progress(counted: Any) -> None:
    assert value(counted, "trackspeak_http_requests_in_progress") == 1


def test_openmetrics_is_given_where_it_is_asked_for(counted: Any) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    response = counted.client.get("/metrics", headers={"Accept": accept})
    assert response.headers["content-type"].startswith(accept)
    assert "trackspeak_http_requests" in {family.name for family in parse_openmetrics(response.text)}
    assert counted.client.get("/metrics").headers["content-type"].startswith("text/plain")


def test_jobs_are_counted_by_their_states(counted: Any, tiny_clip: Path) -> None:
    for state in ("queued", "running", "succeeded", "failed", "cancelled"):
        assert value(counted, "trackspeak_jobs", state=state) == 0  # those that callers waited for are gone
    assert value(counted, "trackspeak_queue_depth") == 0
    options = json.dumps({"set": {"matcher.model": str(counted.model)}})
    form = {"files": {"video": tiny_clip.read_bytes()}, "data": {"query": ["a car"], "options": options}}
    accepted = counted.client.post("/v1/track", headers={"Prefer": "respond-async"}, **form)
    assert accepted.status_code == 202
    counted.client.get(f"{accepted.headers['location']}/events")  # until it has ended
    assert value(counted, "trackspeak_jobs", state="succeeded") == 1


def test_only_administrators_read_them(keyed: Any) -> None:
    assert keyed.client.get("/metrics").status_code == 401
    assert keyed.client.get("/metrics", headers=keyed.headers("ask", "index")).status_code == 403
    assert keyed.client.get("/metrics", headers=keyed.headers("admin")).status_code == 200
    assert keyed.client.get("/readyz").status_code in (200, 503)  # of everybody
