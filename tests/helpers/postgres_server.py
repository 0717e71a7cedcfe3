"""A PostgreSQL server of the tests' own, where its programs are installed: on a socket, in a folder of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
USER = "trackspeak"
STARTS_WITHIN_S = 60


def programs() -> Path | None:
    """Give the folder that `initdb` and `postgres` are in; None where they are not installed."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in folders if (one / "initdb").is_file() and (one / "postgres").is_file()), None)


def missing() -> str | None:
    """Say what a server needs that is not here."""
    if programs() is None:
        return "needs PostgreSQL's programs initdb and postgres (Debian: postgresql)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "needs setpriv, since PostgreSQL does not run as root"
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        return "needs psycopg, which is in the extra `postgres`"
    return None


@contextmanager
def running_server() -> Iterator[str]:
    """Run a server; gives the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has few characters
    server: subprocess.Popen[bytes] | None = None
    try:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        bin_folder, data = programs(), folder / "data"
        assert bin_folder is not None
        make = [bin_folder / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run([*_unprivileged(), *make], check=True, capture_output=True, cwd=folder)
        serve = [bin_folder / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*_unprivileged(), *serve], stdout=log, stderr=log, cwd=folder)
        _wait(folder, server)
        yield str(folder)
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def make_database(socket_folder: str, name: str) -> str:
    """Make an empty database; gives its URL."""
    import psycopg

    with psycopg.connect(host=socket_folder, user=USER, dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"postgresql://{USER}@/{name}?host={socket_folder}"


def _unprivileged() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def _wait(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    import psycopg

    until = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres").close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}") from error
            time.sleep(0.05)
        else:
            return
