"""What the service tells about itself."""

import json
from typing import Any

import jsonschema
import pytest

from trackspeak.plugins.registry import PluginInfo
from trackspeak.service.options import RunOptions
from trackspeak.service.schema import result_schema


def test_it_says_that_it_is_well(service: Any) -> None:
    assert service.client.get("/healthz").json() == {"status": "ok"}


def test_plugins_are_listed_with_their_options(service: Any) -> None:
    plugins = {(plugin["kind"], plugin["name"]): plugin for plugin in service.client.get("/v1/plugins").json()}
    tracker = plugins["tracker", "from_file"]
    assert tracker["requirements"]["detections"] is False
    assert [option["name"] for option in tracker["options"] if option["required"]] == ["path"]
    assert plugins["detector", "motion"]["requirements"]["static_camera"] is True


def test_why_a_plugin_is_broken_stays_in_the_log(
    service: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = PluginInfo("tracker", "wrong", "", (), None, "somebody 1.0", "no module in /srv/secret")
    monkeypatch.setattr("trackspeak.service.plugin_listing.list_plugins", lambda: [broken])
    (listed,) = service.client.get("/v1/plugins").json()
    assert listed["error"]
    assert "/srv/secret" not in json.dumps(listed)
    assert "/srv/secret" in caplog.text


def test_profiles_are_listed(service: Any) -> None:
    profiles = {profile["name"]: profile for profile in service.client.get("/v1/profiles").json()}
    assert profiles["embedded"]["matcher"]["name"] == "kum"


def test_the_call_is_described(service: Any) -> None:
    call = service.client.get("/openapi.json").json()["paths"]["/v1/track"]["post"]
    form = call["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["video", "query"]
    options = form["properties"]["options"]
    assert set(options["properties"]) == set(RunOptions.__dataclass_fields__)
    jsonschema.validate({"threshold": 0.5, "set": {"detector.min_area": 0.1}}, options)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"nonesuch": 1}, options)
    assert call["responses"]["200"]["content"]["application/json"]["schema"] == json.loads(json.dumps(result_schema()))
    assert {"413", "422", "500", "503"} <= set(call["responses"])
    assert "application/problem+json" in call["responses"]["422"]["content"]
