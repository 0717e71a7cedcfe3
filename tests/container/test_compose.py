"""The files for Compose are understood, name what is there, and lock the services down."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from trackspeak.service.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[2]
BESIDE_PYTHON = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
PODMAN_COMPOSE = shutil.which("podman-compose", path=BESIDE_PYTHON)


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    parsed = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(parsed, dict)
    return parsed


SERVICES = compose()["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert any(mount.partition(":")[0] == "/tmp" for mount in service["tmpfs"])  # noqa: S108 of a container


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_and_images_are_named(name: str) -> None:
    service = SERVICES[name]
    assert {mount.partition(":")[0] for mount in service["volumes"]} <= set(compose()["volumes"])
    assert re.fullmatch(r"[\w/]+:[\w.-]+", service["image"])
    assert not service["image"].endswith(":latest")


def test_the_settings_are_real() -> None:
    given = SERVICES["trackspeak"]["environment"]
    assert set(given) <= {variable(name) for name in Settings.model_fields}


def test_the_url_leads_to_the_database_of_the_other_service() -> None:
    database = SERVICES["database"]["environment"]
    given = SERVICES["trackspeak"]["environment"]["TRACKSPEAK_DATABASE_URL"]
    password = "${POSTGRES_PASSWORD:?must be set in the file .env}"  # noqa: S105 a place for one
    assert database["POSTGRES_PASSWORD"] == password
    url = make_url(Settings(database_url=SecretStr(given.replace(password, "secret"))).database_url.get_secret_value())  # type: ignore[union-attr]
    assert (url.username, url.password, url.host) == (database["POSTGRES_USER"], "secret", "database")
    assert url.database == database["POSTGRES_DB"]


def test_no_password_is_in_the_repository() -> None:
    secrets = re.findall(r"PASSWORD: (.+)", (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert secrets
    assert all(secret.startswith("${POSTGRES_PASSWORD:?") for secret in secrets)
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_service_waits_for_a_healthy_database() -> None:
    assert SERVICES["trackspeak"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert SERVICES["database"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


def test_it_is_published_on_this_machine_alone() -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["trackspeak"]["ports"])
    assert "ports" not in SERVICES["database"]


def test_build_arguments_are_of_the_dockerfile() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for argument in SERVICES["trackspeak"]["build"]["args"]:
        assert re.search(rf"^ARG {argument}=", dockerfile, re.MULTILINE)


def test_the_gpu_file_adds_to_services_that_are_there() -> None:
    override = compose("compose.gpu.yaml")["services"]
    assert set(override) <= set(SERVICES)
    (device,) = override["trackspeak"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


@pytest.mark.skipif(PODMAN_COMPOSE is None, reason="needs podman-compose")
def test_podman_compose_understands_both() -> None:
    assert PODMAN_COMPOSE is not None
    command = [PODMAN_COMPOSE, "-f", "compose.yaml", "-f", "compose.gpu.yaml", "config"]
    environment = {**os.environ, "POSTGRES_PASSWORD": "secret"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert set(yaml.safe_load(done.stdout)["services"]) == set(SERVICES)
