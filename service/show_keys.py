"""What the commands about API keys do and show."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .access.keys import ApiKey, expiry, open_keys
from .access.principal import Quotas, check_scopes
from .database import database_is_there
from .settings import load_settings


def create_and_show(
    name: str, scopes: Sequence[str], expires_days: int | None, max_jobs: int | None, max_upload_bytes: int | None
) -> None:
    """Make a key and print it, alone on standard output.

    Raises:
        TrackspeakError: what `open_keys` and `ApiKeys.create` raise.
    """
    wanted, quotas = check_scopes(scopes), Quotas(max_jobs, max_upload_bytes)
    expires_at_s = None if expires_days is None else expiry(expires_days)
    with open_keys(load_settings()) as keys:
        key, made = keys.create(name, wanted, quotas=quotas, expires_at_s=expires_at_s)
    typer.echo(key)
    typer.echo(f"{made.id} may {', '.join(sorted(made.scopes))}; the key is shown this once and not kept", err=True)


def show_keys() -> None:
    """Print all keys.

    Raises:
        TrackspeakError: what `open_keys` raises.
    """
    settings = load_settings()
    if not database_is_there(settings):
        Console().print(_table(()))
        return
    with open_keys(settings) as keys:
        Console().print(_table(keys.all()))


def revoke_and_show(key_id: str) -> None:
    """Let a key count no more.

    Raises:
        TrackspeakError: what `open_keys` and `ApiKeys.revoke` raise.
    """
    with open_keys(load_settings()) as keys:
        revoked = keys.revoke(key_id)
    typer.echo(f"{revoked.id} ({revoked.name}) counts no more", err=True)


def _table(keys: Sequence[ApiKey]) -> Table:
    table = Table("id", "name", "may", "made", "last used", "state")
    for key in keys:
        scopes = ", ".join(sorted(key.scopes))
        table.add_row(key.id, Text(key.name), scopes, _day(key.created_at_s), _day(key.last_used_at_s), _state(key))
    return table


def _state(key: ApiKey) -> str:
    if key.revoked_at_s is not None:
        return f"revoked {_day(key.revoked_at_s)}"
    if key.expires_at_s is None:
        return "counts"
    return f"{'counts until' if key.counts(time.time()) else 'expired'} {_day(key.expires_at_s)}"


def _day(time_s: int | None) -> str:
    return "never" if time_s is None else datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d")
