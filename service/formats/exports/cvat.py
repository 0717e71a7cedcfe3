"""`cvat`: the XML that CVAT calls "CVAT for video 1.1"."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from trackspeak.service.formats.atomic import write_lines
from trackspeak.service.result import Result

from .rows import SharedBox, SharedTrack, answers, class_names, shared_tracks

TRACK_ID: Final = "track_id"
_DEFAULT_LABEL: Final = "object"
_LONGEST_NAME: Final = 64  # CVAT cuts the names of attributes there
_HASH_DIGITS: Final = 12
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cvat(result: Result, video_name: str, path: Path) -> None:
    """Write a `<track>` per track, with a keyframe in each frame in which any sentence refers to it.

    Where its boxes stop, also for a gap, an `outside` box follows. A label is a class; its attributes are the track's
    id and a checkbox per sentence, ticked in the frames in which that sentence refers to it. Frames count from 0.
    """
    write_lines(path, _lines(result, video_name))


def _lines(result: Result, video_name: str) -> Iterator[str]:
    names = attribute_names(list(answers(result)))
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
    yield from _meta(result, video_name, names.values())
    for number, track in enumerate(shared_tracks(result)):
        yield from _track(number, track, names, result.video.frames)
    yield "</annotations>\n"


def attribute_names(queries: Sequence[str]) -> dict[str, str]:
    """Name the checkbox of each sentence: the sentence, cut and with its hash where it would be too long or taken."""
    names: dict[str, str] = {}
    for query in queries:
        name = _legal(query)
        if len(name) > _LONGEST_NAME or name in {TRACK_ID, *names.values()}:
            digits = hashlib.sha256(query.encode()).hexdigest()[:_HASH_DIGITS]
            name = f"{name[: _LONGEST_NAME - _HASH_DIGITS - 1]}-{digits}"
        names[query] = name
    return names


def _meta(result: Result, video_name: str, checkboxes: Iterable[str]) -> Iterator[str]:
    video, last = result.video, max(result.video.frames - 1, 0)
    attributes = _attribute_spec(TRACK_ID, "text", "", mutable=False)
    attributes += "".join(_attribute_spec(name, "checkbox", "false", mutable=True) for name in checkboxes)
    yield f"<meta>\n<task>\n{_element('name', video_name)}{_element('size', video.frames)}"
    yield f"{_element('mode', 'interpolation')}{_element('overlap', 0)}"
    yield f"{_element('start_frame', 0)}{_element('stop_frame', last)}<labels>\n"
    for name in _label_names(result):
        yield f"<label>\n{_element('name', name)}{_element('type', 'rectangle')}"
        yield f"<attributes>\n{attributes}</attributes>\n</label>\n"
    yield f"</labels>\n<segments>\n<segment>\n{_element('id', 0)}{_element('start', 0)}{_element('stop', last)}"
    yield f"{_element('url', '')}</segment>\n</segments>\n<original_size>\n"
    yield f"{_element('width', video.width)}{_element('height', video.height)}</original_size>\n"
    yield f"{_element('source', video_name)}</task>\n</meta>\n"


def _label_names(result: Result) -> list[str]:
    """Give the classes of all tracks, meant or not; readers want at least one label."""
    found = {*class_names(result), *(track.class_name for track in result.trajectories)}
    return sorted(found) or [_DEFAULT_LABEL]


def _attribute_spec(name: str, input_type: str, default: str, *, mutable: bool) -> str:
    parts = {
        "name": name,
        "mutable": str(mutable),
        "input_type": input_type,
        "default_value": default,
        "values": default,
    }
    return f"<attribute>\n{''.join(_element(part, text) for part, text in parts.items())}</attribute>\n"


def _track(number: int, track: SharedTrack, names: Mapping[str, str], frames: int) -> Iterator[str]:
    yield f'<track id="{number}" label={quoteattr(_legal(track.class_name))} source="auto">\n'
    seen = {box.frame for box in track.boxes}
    for box in track.boxes:
        yield _box(track.track_id, box, box.frame, names, outside=False)
        after = box.frame + 1
        if after not in seen and after < frames:
            yield _box(track.track_id, box, after, names, outside=True)
    yield "</track>\n"


def _box(track_id: int, box: SharedBox, frame: int, names: Mapping[str, str], *, outside: bool) -> str:
    """Write a box in a frame, its own or, to say that it is gone, the one after."""
    x1, y1, x2, y2 = box.xyxy
    ticked = {} if outside else box.scores
    values = {TRACK_ID: str(track_id)} | {names[query]: str(query in ticked).lower() for query in names}
    attributes = "".join(f"<attribute name={quoteattr(name)}>{value}</attribute>\n" for name, value in values.items())
    return (
        f'<box frame="{frame}" outside="{outside:d}" occluded="0" keyframe="1"'
        f' xtl="{x1:.2f}" ytl="{y1:.2f}" xbr="{x2:.2f}" ybr="{y2:.2f}" z_order="0">\n{attributes}</box>\n'
    )


def _element(name: str, content: str | int) -> str:
    text = escape(_legal(str(content)), {"\r": "&#13;"})
    return f"<{name}>{text}</{name}>\n"


def _legal(text: str) -> str:
    """Replace what XML cannot hold, such as control characters."""
    return _NO_XML.sub("\ufffd", text)
