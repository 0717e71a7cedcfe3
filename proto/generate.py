"""Writes the Python modules of `trackspeak.proto` that the package ships: `python proto/generate.py [FOLDER]`.

They are committed, so that installing needs no compiler; a test says that they are those of the `.proto`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
TARGET = PROTO.parent / "service/grpc/generated"
MODULES = ("trackspeak_pb2.py", "trackspeak_pb2.pyi", "trackspeak_pb2_grpc.py")


def generate(target: Path) -> None:
    """Write the modules into a folder.

    Raises:
        SystemExit: if the compiler does not take the `.proto`.
    """
    with tempfile.TemporaryDirectory() as folder:
        outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
        includes = [f"-I{PROTO}", f"-I{files('grpc_tools') / '_proto'}"]
        if protoc.main(["protoc", *includes, *outputs, "trackspeak/v1/trackspeak.proto"]) != 0:
            raise SystemExit("the compiler did not take trackspeak.proto")
        made = Path(folder, "trackspeak/v1")
        stubs = made / "trackspeak_pb2_grpc.py"
        # the compiler names modules after the folders of the .proto; ours lie elsewhere
        stubs.write_text(stubs.read_text().replace("from trackspeak.v1 import", "from . import"))
        for name in MODULES:
            shutil.copyfile(made / name, target / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=TARGET)
    generate(parser.parse_args().folder)
