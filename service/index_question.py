"""A question to an index, checked before it waits for its turn."""

from __future__ import annotations

from collections.abc import Sequence

from .front import Front
from .limits import check_queries
from .options import parse_ask_options
from .plugin_files import check_named_files
from .tasks import AskTask


def index_question(front: Front, video: str, index: object, queries: Sequence[str], options: object) -> AskTask:
    """Give what a worker process is asked about an indexed video.

    Args:
        front: of the service.
        video: its id, its beginning, its name, or the id of an index.
        index: that the caller names; None: the only one.
        queries: the sentences.
        options: a JSON object of options about asking.

    Raises:
        QueryError: if a sentence is wrong.
        OptionError: if an option is wrong, names a file that it must not, or the index is none of the video's.
        NotFoundError: if there is no such video.
        ConflictError: if it is not indexed yet.
    """
    checked = check_queries(queries, front.limits)
    chosen = parse_ask_options(options)
    check_named_files(chosen, front.settings.plugin_files)
    return AskTask(front.shop.library.index_to_ask(video, index), checked, chosen)
