#!/usr/bin/env python3
"""Builds the image with Docker or Podman, and checks that it serves; with `--bare` also where neither is set up.

The container is started as it should be run: root file system read-only, no capability, no new privileges. It must
give the answer over HTTP that its own command line gave without any network, pass its health check, and end by itself
at SIGTERM. Standard library only. Exit status: 0 if all of it holds, else 1 with a line that says what does not.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engines import Engine, EngineError, bare_engine, installed_engine, secrets_of_pip

ROOT = Path(__file__).resolve().parents[1]
LOCKED_DOWN = (
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--tmpfs=/tmp:rw,noexec,nosuid,nodev",
)
START_S = 120
ANSWER_S = 600
STOP_S = 30
DEMO = "/data/demo"
INSIDE = {
    "it runs as user 10001": 'test "$(id -u):$(id -g)" = 10001:10001',
    "its root is mounted read-only": "grep -q '^[^ ]* / [^ ]* ro,' /proc/mounts",
    "it has no capability": "grep -q '^CapBnd:.0*$' /proc/self/status",
    "it can gain no privilege": "grep -q '^NoNewPrivs:.1$' /proc/self/status",
    "it has no compiler": "! command -v cc gcc g++ make",
    "it has no package cache": 'test -z "$(ls -A /var/lib/apt/lists)" && test ! -e /root/.cache/pip',
}
"""What must hold in the container: what it is -> a shell's test of it."""


class CheckError(Exception):
    """Something about the image does not hold."""


def main() -> None:
    """Build, run, and look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bare", action="store_true", help="use Podman with storage of its own, and ask no registry")
    parser.add_argument(
        "--storage", type=Path, metavar="FOLDER", help="with --bare: keep images there, to build faster"
    )
    parser.add_argument("--image", default="trackspeak:check", help="the image's name")
    parser.add_argument("--no-build", action="store_true", help="check an image that is there")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="as of `docker build`")
    given = parser.parse_args()
    try:
        with _engine(given.bare, given.storage) as engine:
            if not given.no_build:
                build(engine, given.image, given.build_arg)
            check(engine, given.image)
    except (EngineError, CheckError) as error:
        sys.exit(f"error: {error}")
    _say("all holds")


def build(engine: Engine, image: str, build_args: Sequence[str]) -> None:
    """Build the image, and say how large it is.

    Raises:
        EngineError: if it cannot be built.
    """
    arguments = [f"--build-arg={one}" for one in build_args]
    with secrets_of_pip(engine) as secrets:
        engine.call("build", *engine.build_flags, *secrets, *arguments, "--tag", image, ROOT)
    size = int(engine.output("image", "inspect", "--format={{.Size}}", image))
    _say(f"{image} is built: {size / 1e9:.2f} GB")


def check(engine: Engine, image: str) -> None:
    """Run the image, and check all that the module's text says.

    Raises:
        CheckError: if something does not hold.
        EngineError: if the engine fails.
    """
    name = f"trackspeak-check-{uuid.uuid4().hex[:8]}"
    volume = f"--volume={name}:/data"
    try:
        _say("asking the demonstration's clip on the command line, without any network")
        engine.call("run", "--rm", "--network=none", *LOCKED_DOWN, volume, image, "demo", "--out", DEMO)
        key = make_key(engine, image, volume)
        port = free_port()
        network = ["--network=host"] if engine.host_network else [f"--publish=127.0.0.1:{port}:{port}"]
        served = ["run", "--detach", f"--name={name}", *network, f"--env=TRACKSPEAK_PORT={port}", *LOCKED_DOWN, volume]
        engine.call(*served, image)
        _check_service(engine, name, f"http://127.0.0.1:{port}", key)
    except BaseException:
        if engine.succeeds("container", "inspect", name):
            engine.call("logs", name)
        raise
    finally:
        engine.succeeds("rm", "--force", name)
        engine.succeeds("volume", "rm", "--force", name)


def make_key(engine: Engine, image: str, volume: str) -> str:
    """Make an API key in the volume, as an administrator does.

    Raises:
        EngineError: if it cannot be made.
    """
    scopes = ["--scope", "ask", "--scope", "index"]
    return (
        engine.output("run", "--rm", *LOCKED_DOWN, volume, image, "keys", "create", "check", *scopes).decode().strip()
    )


def _check_service(engine: Engine, container: str, url: str, key: str) -> None:
    wait_for_service(url)
    for what, test in INSIDE.items():
        if not engine.succeeds("exec", container, "sh", "-c", test):
            raise CheckError(f"that {what} does not hold")
        _say(what)
    expected = json.loads(engine.output("exec", container, "cat", f"{DEMO}/result.json"))
    clip = engine.output("exec", container, "cat", f"{DEMO}/street.mp4")
    answer = ask(url, key, clip, [one["query"] for one in expected["queries"]])
    check_answer(answer, expected)
    _say("over HTTP it gives the same answer")
    run_health_check(engine, container)
    stop(engine, container)


def wait_for_service(url: str) -> None:
    """Wait until the service answers.

    Raises:
        CheckError: if it does not.
    """
    began = time.monotonic()
    while True:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as response:
                json.load(response)
            break
        except OSError as error:
            if time.monotonic() - began > START_S:
                raise CheckError(f"the service did not answer within {START_S} s: {error}") from None
            time.sleep(0.2)
    _say(f"the service answers after {time.monotonic() - began:.1f} s")


def ask(url: str, key: str, clip: bytes, queries: Sequence[str]) -> dict[str, Any]:
    """Ask `POST /v1/track`.

    Raises:
        CheckError: if it does not answer 200.
    """
    body, content_type = multipart({"video": clip}, [("query", query) for query in queries])
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{url}/v1/track", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        raise CheckError(f"/v1/track answered {error.code}: {error.read().decode(errors='replace')}") from None
    return answer


def multipart(files: dict[str, bytes], fields: Sequence[tuple[str, str]]) -> tuple[bytes, str]:
    """Encode a form; gives its bytes and its content type."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{{}}"'
    parts = [f"{head.format(name)}\r\n\r\n{value}\r\n".encode() for name, value in fields]
    for name, content in files.items():
        parts.append(f'{head.format(name)}; filename="street.mp4"\r\n\r\n'.encode() + content + b"\r\n")
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def check_answer(answer: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare two results of one clip, which may differ in timings alone.

    Raises:
        CheckError: if they differ, or find nothing at all.
    """
    differing = [key for key in sorted({*answer, *expected} - {"timings_s"}) if answer.get(key) != expected.get(key)]
    if differing:
        raise CheckError(f"HTTP and the command line differ in {', '.join(differing)}")
    if not any(query["tracks"] for query in answer["queries"]):
        raise CheckError("no sentence found a track, but the clip has red cars")
    for query in answer["queries"]:
        _say(f"  {query['query']}: {len(query['tracks'])} tracks")


def run_health_check(engine: Engine, container: str) -> None:
    """Run the image's health check by hand, as the engine would.

    Raises:
        CheckError: if there is none in exec form, or it fails.
    """
    configuration = json.loads(engine.output("container", "inspect", container))[0]["Config"]
    kind, *command = configuration["Healthcheck"]["Test"]
    if kind != "CMD":
        raise CheckError(f"the health check must be of the kind CMD, got {kind}")
    if not engine.succeeds("exec", container, *command):
        raise CheckError(f"the health check fails: {' '.join(command)}")
    _say("its health check passes")
    if engine.succeeds("exec", "--env=TRACKSPEAK_PORT=1", container, *command):
        raise CheckError("the health check passes also where nothing listens")


def stop(engine: Engine, container: str) -> None:
    """Send SIGTERM, and see that the service ends by it.

    Raises:
        CheckError: if it had to be killed, or failed.
    """
    began = time.monotonic()
    engine.call("stop", "-t", str(STOP_S), container)
    took_s = time.monotonic() - began
    state = json.loads(engine.output("container", "inspect", container))[0]["State"]
    if state["ExitCode"] != 0:
        raise CheckError(f"SIGTERM ended it with exit code {state['ExitCode']} after {took_s:.1f} s, not with 0")
    _say(f"SIGTERM ended it in {took_s:.1f} s with exit code 0")


def free_port() -> int:
    """Give a port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def _engine(bare: bool, storage: Path | None) -> Iterator[Engine]:
    if bare:
        with bare_engine(_base_image(), storage) as engine:
            yield engine
    else:
        yield installed_engine()


def _base_image() -> str:
    match = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise CheckError("the Dockerfile has no argument PYTHON_IMAGE")
    return match[1]


def _say(text: str) -> None:
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
