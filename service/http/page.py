"""The page at `/`: plain files, served as they are; all that it shows comes from the routes below `/v1`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

_PACKAGE: Final = "trackspeak.service"
_ASKED_EACH_TIME: Final = "no-cache"
"""Browsers keep the files, but ask each time whether they are still the same: an update is seen at once."""


def add_page(app: FastAPI) -> None:
    """Add the page and its files."""
    folder = Path(str(files(_PACKAGE))) / "page"

    @app.get("/", include_in_schema=False)
    def get_page() -> Response:
        return FileResponse(folder / "index.html", headers={"Cache-Control": _ASKED_EACH_TIME})

    app.mount("/page", _Files(directory=folder))


class _Files(StaticFiles):
    """Files that browsers may keep."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer with a file, or that it has not changed."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = _ASKED_EACH_TIME
        return response
