"""The commands that serve, and do what a service accepted."""

from __future__ import annotations

from typing import Annotated

import typer


def add_serve_commands(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    app.command()(work)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; by default the setting.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Ask nobody for an API key.")] = False,
) -> None:
    """Serve the HTTP interface."""
    from .http.server import serve_http
    from .settings import load_settings

    settings = load_settings()
    if no_auth:
        settings = settings.model_copy(update={"auth": "off"})
    serve_http(settings, settings.host if host is None else host, settings.port if port is None else port)


def work() -> None:
    """Do the jobs of a service, in a process or on a machine of their own."""
    from .jobs.working import work_until_stopped
    from .settings import load_settings

    work_until_stopped(load_settings())
