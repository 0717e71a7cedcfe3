"""How this machine's pip is configured, for an image's build: where packages come from is the host's affair."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""Where the build's Debian looks for certificates."""

LOCAL_PATH = re.compile(r"(?:file://)?(/.+)")


@dataclass(frozen=True)
class PipConfiguration:
    """What pip was told, by files and variables.

    Attributes:
        values: key -> value as pip writes them in a file.
    """

    values: dict[str, str]

    def text(self) -> str:
        """Give it as a file for the build, where the host's certificates are in Debian's place."""
        values = {**self.values, "cert": CERTIFICATES} if "cert" in self.values else self.values
        lines = [f"{key} = {value}".replace("\n", "\n    ") for key, value in values.items()]
        return "\n".join(["[global]", *lines, ""])

    def certificates(self) -> Path | None:
        """Give the host's file of certificates, if pip was told of one."""
        return Path(self.values["cert"]) if "cert" in self.values else None

    def local_folders(self) -> list[Path]:
        """Give the folders and files of this machine that packages come from, which are there."""
        found = []
        for key, value in self.values.items():
            if key != "cert":
                paths = [Path(match[1]) for word in value.split() if (match := LOCAL_PATH.fullmatch(word))]
                # the pages of an index link to files beside its folder
                found += [path.parent if key.endswith("index-url") else path for path in paths]
        return sorted({path for path in found if path.exists()})


def read_pip_configuration() -> PipConfiguration:
    """Ask this machine's pip how it is configured."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    return parse_pip_configuration(listed.stdout)


def parse_pip_configuration(listed: str) -> PipConfiguration:
    """Read what `pip config list` printed: `global.timeout='60'`; variables win over files, as they do for pip."""
    values: dict[str, str] = {}
    from_variables: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, quoted = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in {"global", "install", ":env:"} and key != "config-file":
            (from_variables if section == ":env:" else values)[key] = ast.literal_eval(quoted)
    return PipConfiguration({**values, **from_variables})
