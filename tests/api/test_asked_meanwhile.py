"""Questions that come while an index is being made are answered before it is done."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
from served import wait_for

from trackspeak.service.schema_jobs import job_schema


def found_so_far(service: Any, job_id: str) -> Any:
    """Follow a job to its end; gives what was told last before it."""
    with service.client.stream("GET", f"/v1/jobs/{job_id}/events") as response:
        text = "".join(response.iter_text())
    told = [block.splitlines() for block in text.split("\n\n") if block.startswith("event: partial")]
    return json.loads(next(line for line in told[-1] if line.startswith("data: ")).removeprefix("data: "))


def test_more_is_asked_while_an_index_is_made(make_brief_service: Callable[..., Any], shared_dir: Path) -> None:
    service, video = make_brief_service(), shared_dir / "data" / "traffic.mp4"
    with video.open("rb") as file:
        sent = service.client.post("/v1/videos", files={"video": (video.name, file)})
    job = service.client.post(f"{sent.headers['location']}/index").json()
    path = f"/v1/jobs/{job['id']}/queries"
    wait_for(lambda: (service.client.get(f"/v1/jobs/{job['id']}").json()["progress"] or {}).get("frames_done"))
    for queries in (["the red car"], ["the blue car", "the red car"], ["car " * 90]):
        answer = service.client.post(path, json={"queries": queries})
        assert answer.status_code == 200, answer.text
        jsonschema.validate(answer.json(), job_schema())
    assert answer.json()["queries"] == ["the red car", "the blue car", "car " * 90]
    for body, code in (({"queries": ['"a car" and (']}, "bad_query"), ({"queries": []}, "bad_query")):
        wrong = service.client.post(path, json=body)
        assert (wrong.status_code, wrong.json()["code"]) == (422, code)
    found = found_so_far(service, job["id"])
    assert [query["query"] for query in found["queries"]] == ["the red car", "the blue car"]
    assert any(track["spans"] for track in found["queries"][0]["tracks"])
    assert [(one["query"], one["code"]) for one in found["refused"]] == [("car " * 90, "bad_query")]
    assert service.client.get(f"/v1/jobs/{job['id']}").json()["state"] == "succeeded"
    late = service.client.post(path, json={"queries": ["a bus"]})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_a_job_that_makes_no_index_is_asked_at_the_beginning(
    make_brief_service: Callable[..., Any], tiny_clip: Path
) -> None:
    service = make_brief_service(run_jobs=False)
    with tiny_clip.open("rb") as file:
        files, headers = {"video": (tiny_clip.name, file)}, {"Prefer": "respond-async"}
        job = service.client.post("/v1/track", files=files, data={"query": ["a car"]}, headers=headers).json()
    answer = service.client.post(f"/v1/jobs/{job['id']}/queries", json={"queries": ["a bus"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "makes no index" in answer.json()["detail"]
