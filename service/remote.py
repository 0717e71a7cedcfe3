"""Whether a command does its work here or has a service do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trackspeak.models.errors import OptionError

from .options import RunOptions


def run_or_have_run(
    server: str | None,
    video: Path,
    queries: Sequence[str],
    options: RunOptions,
    *,
    out: Path | None,
    exports: Sequence[str],
    scores: Path | None,
    video_out: bool,
    as_json: bool,
) -> None:
    """Find the tracks that sentences refer to.

    Raises:
        TrackspeakError: what `run_and_show` or `run_there` raise.
        OptionError: if something is asked of a service that it does not do.
    """
    from .show_remote import open_client, run_there

    client = open_client(server)
    if client is None:
        from .console import run_and_show

        run_and_show(
            video, queries, options, out=out, exports=exports, scores=scores, video_out=video_out, as_json=as_json
        )
        return
    _refuse("scores", scores)
    run_there(client, video, queries, options, out=out, exports=exports, video_out=video_out, as_json=as_json)


def index_or_have_indexed(server: str | None, videos: Sequence[Path], options: RunOptions) -> None:
    """Watch videos once.

    Raises:
        TrackspeakError: what `index_and_show` or `index_there` raise.
    """
    from .show_remote import index_there, open_client

    client = open_client(server)
    if client is None:
        from .show_indexing import index_and_show

        index_and_show(videos, options)
    else:
        index_there(client, videos, options)


def ask_or_have_asked(
    server: str | None,
    index: str,
    queries: Sequence[str],
    options: RunOptions,
    *,
    out: Path | None,
    exports: Sequence[str],
    scores: Path | None,
    sheet: Path | None,
    as_json: bool,
) -> None:
    """Ask an indexed video.

    Raises:
        TrackspeakError: what `ask_and_show` or `ask_there` raise.
        OptionError: if something is asked of a service that it does not do.
    """
    from .show_remote import ask_there, open_client

    client = open_client(server)
    if client is None:
        from .show_index import ask_and_show

        ask_and_show(index, queries, options, out=out, exports=exports, scores=scores, sheet=sheet, as_json=as_json)
        return
    for name, value in (("out", out), ("scores", scores), ("sheet", sheet)):
        _refuse(name, value)
    ask_there(client, index, queries, options, as_json=as_json)


def _refuse(name: str, value: object) -> None:
    if value is not None:
        raise OptionError(f"{name}: with --server this is not written; --json gives the whole result")
