"""What builds and runs the image: Docker or Podman as it is installed, or Podman where no engine is set up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from host_pip import read_pip_configuration

BARE_PROGRAMS = ("podman", "runc", "mmdebstrap")
DEBIAN = "bookworm"
KEEP_HEALTH_CHECK = "--format=docker"  # Podman's own format has none
STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


class EngineError(Exception):
    """There is no engine, or a call of it failed."""


@dataclass(frozen=True)
class Engine:
    """A program that takes Docker's command line.

    Attributes:
        program: `docker` or `podman`.
        environment: variables to add for it.
        build_flags: flags that its builds need here.
        host_network: whether containers share the host's network, since no port can be published.
    """

    program: str
    environment: Mapping[str, str] = field(default_factory=dict)
    build_flags: Sequence[str] = ()
    host_network: bool = False

    def call(self, *arguments: str | Path) -> None:
        """Call it, and let it print.

        Raises:
            EngineError: if it fails.
        """
        self._run(arguments, capture=False)

    def output(self, *arguments: str | Path) -> bytes:
        """Call it for what it prints.

        Raises:
            EngineError: if it fails.
        """
        return self._run(arguments, capture=True).stdout

    def succeeds(self, *arguments: str | Path) -> bool:
        """Call it for whether it succeeds."""
        try:
            self._run(arguments, capture=True)
        except EngineError:
            return False
        return True

    def _run(self, arguments: Sequence[str | Path], *, capture: bool) -> subprocess.CompletedProcess[bytes]:
        command = [self.program, *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=capture, env={**os.environ, **self.environment})
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() if capture else "see above"
            raise EngineError(f"`{' '.join(command[:3])} ...` ended with {done.returncode}: {said}")
        return done


@contextmanager
def secrets_of_pip(engine: Engine) -> Iterator[list[str]]:
    """Give the build flags that bring this machine's pip configuration into a build, without a trace in the image."""
    configuration = read_pip_configuration()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pip.conf"
        file.write_text(configuration.text(), encoding="utf-8")
        flags = [f"--secret=id=pip.conf,src={file}"]
        if certificates := configuration.certificates():
            flags.append(f"--secret=id=ca.crt,src={certificates}")
        if engine.program == "podman":  # Docker's builds cannot see the host's folders
            flags += [f"--volume={path}:{path}:ro" for path in configuration.local_folders()]
        yield flags


def installed_engine() -> Engine:
    """Find Docker or Podman.

    Raises:
        EngineError: if neither is there.
    """
    for program, flags in (("docker", ()), ("podman", (KEEP_HEALTH_CHECK,))):
        if shutil.which(program):
            return Engine(program, build_flags=flags)
    raise EngineError("neither docker nor podman is installed; as root of a Debian, --bare needs neither set up")


@contextmanager
def bare_engine(base_image: str, storage: Path | None) -> Iterator[Engine]:
    """Give an engine where none is set up: Podman, with storage of its own.

    No registry is asked: a Debian of the same release and Python stands in for the official image. Needs root.

    Args:
        base_image: the name to give that.
        storage: a folder to keep images and layers in; None for one that is removed afterwards.

    Raises:
        EngineError: if a program is missing or the base cannot be made.
    """
    if missing := [name for name in BARE_PROGRAMS if not shutil.which(name)]:
        raise EngineError(f"--bare needs {', '.join(missing)}; on Debian: apt-get install {' '.join(BARE_PROGRAMS)}")
    if storage is not None:
        storage.mkdir(parents=True, exist_ok=True)
        yield _engine_with(storage.resolve(), base_image)
        return
    with tempfile.TemporaryDirectory(prefix="trackspeak-image-") as folder:
        try:
            yield _engine_with(Path(folder), base_image)
        finally:  # it unmounts what is mounted in there, too
            _configured(Path(folder)).call("system", "reset", "--force")


def _engine_with(folder: Path, base_image: str) -> Engine:
    engine = _configured(folder)
    if not engine.succeeds("image", "exists", base_image):
        _make_base(engine, base_image, folder / "base.tar")
    return engine


def _configured(folder: Path) -> Engine:
    variables = {}
    for variable, text in (("CONTAINERS_STORAGE_CONF", STORAGE_CONF), ("CONTAINERS_CONF", CONTAINERS_CONF)):
        file = folder / variable.lower()
        file.write_text(text.format(folder=folder), encoding="utf-8")
        variables[variable] = str(file)
    flags = ("--isolation=chroot", "--pull=never", KEEP_HEALTH_CHECK)
    return Engine("podman", variables, flags, host_network=True)


def _make_base(engine: Engine, base_image: str, archive: Path) -> None:
    if DEBIAN not in base_image:
        raise EngineError(f"--bare makes a Debian {DEBIAN}, but the image is built on {base_image}")
    link = 'ln -s /usr/bin/python3 "$1/usr/local/bin/python"'
    packages = "ca-certificates,python3,python3-pip,python3-venv"
    command = [
        "mmdebstrap",
        "--variant=minbase",
        f"--include={packages}",
        f"--customize-hook={link}",
        DEBIAN,
        str(archive),
    ]
    print(f"making a stand-in for {base_image}", file=sys.stderr)
    if subprocess.run(command, check=False).returncode:
        raise EngineError("mmdebstrap could not make the base")
    engine.call("import", archive, base_image)
    archive.unlink()
