"""The page at `/docs`: Swagger UI, from files on this machine, since nothing else may be loaded (see `middleware`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response

_OURS: Final = "trackspeak.service.http"
_SWAGGER: Final = "fastapi_offline"  # of which the files alone are used
_FILES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "/docs": (_OURS, "api_docs.html", "text/html"),
        "/docs/page.js": (_OURS, "api_docs.js", "text/javascript"),
        "/docs/swagger-ui-bundle.js": (_SWAGGER, "static/swagger-ui-bundle.js", "text/javascript"),
        "/docs/swagger-ui.css": (_SWAGGER, "static/swagger-ui.css", "text/css"),
    }
)
"""Path -> package, file in it, media type."""


def add_api_docs(app: FastAPI) -> None:
    """Add the page and its files."""
    for path, (package, name, media_type) in _FILES.items():
        app.get(path, include_in_schema=False)(_serves(Path(str(files(package))) / name, media_type))


def _serves(file: Path, media_type: str) -> Callable[[], Response]:
    def get_file() -> Response:
        return FileResponse(file, media_type=media_type, headers={"Cache-Control": "max-age=3600"})

    return get_file
