"""The commands about API keys."""

from __future__ import annotations

from typing import Annotated

import typer


def add_key_commands(app: typer.Typer) -> None:
    """Add the commands of this module."""
    keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
    keys.command("create")(create_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    app.add_typer(keys, name="keys")


def create_key(
    name: Annotated[str, typer.Argument(help="What to call the key, such as who has it.")],
    scope: Annotated[list[str], typer.Option(help="What it may do: ask, index, admin; may be given again.")],
    expires_days: Annotated[int | None, typer.Option(help="Days until it counts no more; by default never.")] = None,
    max_jobs: Annotated[int | None, typer.Option(help="Jobs that may wait and run; by default the setting.")] = None,
    max_upload_bytes: Annotated[
        int | None, typer.Option(help="Bytes of uploads that are kept; by default the setting.")
    ] = None,
) -> None:
    """Make an API key, and print it this once."""
    from .show_keys import create_and_show

    create_and_show(name, scope, expires_days, max_jobs, max_upload_bytes)


def list_keys() -> None:
    """List the API keys, also those that count no more; the keys themselves are not kept."""
    from .show_keys import show_keys

    show_keys()


def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, the 12 digits after tsk_.")],
) -> None:
    """Let an API key count no more; running services learn it within seconds."""
    from .show_keys import revoke_and_show

    revoke_and_show(key_id)
