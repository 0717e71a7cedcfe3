"""Values as messages, and messages as values: what HTTP has as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from trackspeak.models.errors import OptionError
from trackspeak.plugins.registry import PluginInfo

from ..jobs.job import Job, JobError, JobEvent, Progress, iso_time
from .generated import trackspeak_pb2 as pb


def result_message(values: Mapping[str, Any]) -> pb.Result:
    """Give what `result.json` holds as a message."""
    return pb.Result(
        **{
            **values,
            "plugins": {kind: _plugin_use(use) for kind, use in values["plugins"].items()},
            "queries": [_answer(query) for query in values["queries"]],
        }
    )


def _plugin_use(use: Mapping[str, Any] | None) -> pb.PluginUse:
    return pb.PluginUse() if use is None else pb.PluginUse(name=use["name"], options=_struct(use["options"]))


def _answer(query: Mapping[str, Any]) -> pb.QueryAnswer:
    answer = pb.QueryAnswer(query=query["query"], tracks=[pb.ReferredTrack(**_named(one)) for one in query["tracks"]])
    if "near_misses" in query:
        answer.near_misses.SetInParent()  # so that none is told from not asked for
        answer.near_misses.items.extend(pb.NearMiss(**_named(one)) for one in query["near_misses"])
    return answer


def _named(track: Mapping[str, Any]) -> dict[str, Any]:
    """Name a track's class as messages do: `class` is a keyword in many languages."""
    return {"class_name" if name == "class" else name: value for name, value in track.items()}


def result_to_dict(result: pb.Result) -> dict[str, Any]:
    """Give the values of `result.json` from a message."""
    values: dict[str, Any] = _plain(result)
    values["plugins"] = {
        kind: {"name": use.name, "options": struct_to_dict(use.options)} if use.name else None
        for kind, use in result.plugins.items()
    }
    for query, answer in zip(values["queries"], result.queries, strict=True):
        missed = query.pop("near_misses", {"items": []})["items"]
        query["tracks"] = [_unnamed(one) for one in query["tracks"]]
        if answer.HasField("near_misses"):
            query["near_misses"] = [_unnamed(one) for one in missed]
    return values


def _unnamed(track: dict[str, Any]) -> dict[str, Any]:
    values = {"class" if name == "class_name" else name: value for name, value in track.items()}
    if not values["parts"]:
        del values["parts"]
    return values


def _plain(message: Any) -> Any:
    """Give a message as plain values, whole numbers as such: JSON as protobuf has it makes texts of long ones."""
    values = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type is None:
            values[field.name] = list(value) if field.is_repeated else value
        elif field.message_type.GetOptions().map_entry:
            values[field.name] = dict(value.items())
        elif field.is_repeated:
            values[field.name] = [_plain(one) for one in value]
        elif message.HasField(field.name):
            values[field.name] = _plain(value)
    return values


def job_message(job: Job, ahead: int | None = None) -> pb.Job:
    """Give a job as a message."""
    return pb.Job(
        id=job.id,
        kind=job.request.kind,
        state=job.state,
        video=job.request.video_id,
        video_name=job.request.video_name,
        queries=[*job.request.queries, *job.request.more],
        options=_struct(job.request.options),
        created_at=_timestamp(job.created_s),
        started_at=_timestamp(job.started_s),
        ended_at=_timestamp(job.ended_s),
        expires_at=_timestamp(job.expires_s),
        expired=job.expired,
        attempts=job.attempts,
        progress=None if job.progress is None else _progress(job.progress),
        error=None if job.error is None else _error(job.error),
        ahead=ahead,
    )


def _timestamp(seconds: float | None) -> Timestamp | None:
    text = iso_time(seconds)
    if text is None:
        return None
    message = Timestamp()
    message.FromJsonString(text)
    return message


def _progress(progress: Progress) -> pb.Progress:
    return pb.Progress(**progress.to_dict())


def _error(error: JobError) -> pb.JobError:
    return pb.JobError(code=error.code, detail=error.detail)


def event_message(event: JobEvent) -> pb.TrackUpdate:
    """Give what happened to a job as a message."""
    if event.kind == "state":
        return pb.TrackUpdate(number=event.number, state=pb.StateChange(**event.data))
    if event.kind == "progress":
        return pb.TrackUpdate(number=event.number, progress=pb.Progress(**event.data))
    queries = [_answer(query) for query in event.data["queries"]]
    return pb.TrackUpdate(
        number=event.number, partial=pb.Partial(frames_done=event.data["frames_done"], queries=queries)
    )


def plugin_message(plugin: PluginInfo) -> pb.Plugin:
    """Give what is told of a plugin as a message."""
    needs = plugin.requirements
    return pb.Plugin(
        kind=plugin.kind,
        name=plugin.name,
        summary=plugin.summary,
        options=[
            pb.PluginOption(
                name=option.name,
                type=option.type,
                required=option.required,
                default=ParseDict(option.default, Value()),
                doc=option.doc,
            )
            for option in plugin.options
        ],
        requirements=None
        if needs is None
        else pb.Requirements(**{name: getattr(needs, name) for name in needs.__slots__}),
        distribution=plugin.distribution,
        error=plugin.error,
    )


def _struct(values: Mapping[str, Any]) -> Struct:
    return ParseDict(dict(values), Struct())


def struct_to_dict(values: Struct) -> dict[str, Any]:
    """Give a JSON object from a message, in which all numbers are floating point: whole ones become whole.

    Raises:
        OptionError: if a number is none that JSON has.
    """
    try:
        plain: dict[str, Any] = _whole(MessageToDict(values))
    except ValueError as error:  # NaN and infinity
        raise OptionError(f"options must be a JSON object: {error}") from None
    return plain


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
