import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrackRequest(_message.Message):
    __slots__ = ("order", "chunk")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    order: TrackOrder
    chunk: bytes
    def __init__(self, order: _Optional[_Union[TrackOrder, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class TrackOrder(_message.Message):
    __slots__ = ("queries", "video_name", "video_bytes", "options", "as_job")
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    VIDEO_NAME_FIELD_NUMBER: _ClassVar[int]
    VIDEO_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    AS_JOB_FIELD_NUMBER: _ClassVar[int]
    queries: _containers.RepeatedScalarFieldContainer[str]
    video_name: str
    video_bytes: int
    options: _struct_pb2.Struct
    as_job: bool
    def __init__(self, queries: _Optional[_Iterable[str]] = ..., video_name: _Optional[str] = ..., video_bytes: _Optional[int] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., as_job: _Optional[bool] = ...) -> None: ...

class TrackUpdate(_message.Message):
    __slots__ = ("number", "job", "state", "progress", "partial", "result")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    number: int
    job: Job
    state: StateChange
    progress: Progress
    partial: Partial
    result: Result
    def __init__(self, number: _Optional[int] = ..., job: _Optional[_Union[Job, _Mapping]] = ..., state: _Optional[_Union[StateChange, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., partial: _Optional[_Union[Partial, _Mapping]] = ..., result: _Optional[_Union[Result, _Mapping]] = ...) -> None: ...

class StateChange(_message.Message):
    __slots__ = ("state", "attempts", "error")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    state: str
    attempts: int
    error: JobError
    def __init__(self, state: _Optional[str] = ..., attempts: _Optional[int] = ..., error: _Optional[_Union[JobError, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("stage", "frames_done", "frames_total", "eta_s")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_DONE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ETA_S_FIELD_NUMBER: _ClassVar[int]
    stage: str
    frames_done: int
    frames_total: int
    eta_s: float
    def __init__(self, stage: _Optional[str] = ..., frames_done: _Optional[int] = ..., frames_total: _Optional[int] = ..., eta_s: _Optional[float] = ...) -> None: ...

class Partial(_message.Message):
    __slots__ = ("frames_done", "queries")
    FRAMES_DONE_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    frames_done: int
    queries: _containers.RepeatedCompositeFieldContainer[QueryAnswer]
    def __init__(self, frames_done: _Optional[int] = ..., queries: _Optional[_Iterable[_Union[QueryAnswer, _Mapping]]] = ...) -> None: ...

class AskRequest(_message.Message):
    __slots__ = ("video", "queries", "options", "index")
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    video: str
    queries: _containers.RepeatedScalarFieldContainer[str]
    options: _struct_pb2.Struct
    index: str
    def __init__(self, video: _Optional[str] = ..., queries: _Optional[_Iterable[str]] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., index: _Optional[str] = ...) -> None: ...

class ListPluginsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPluginsResponse(_message.Message):
    __slots__ = ("plugins",)
    PLUGINS_FIELD_NUMBER: _ClassVar[int]
    plugins: _containers.RepeatedCompositeFieldContainer[Plugin]
    def __init__(self, plugins: _Optional[_Iterable[_Union[Plugin, _Mapping]]] = ...) -> None: ...

class Plugin(_message.Message):
    __slots__ = ("kind", "name", "summary", "options", "requirements", "distribution", "error")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    REQUIREMENTS_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    summary: str
    options: _containers.RepeatedCompositeFieldContainer[PluginOption]
    requirements: Requirements
    distribution: str
    error: str
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., summary: _Optional[str] = ..., options: _Optional[_Iterable[_Union[PluginOption, _Mapping]]] = ..., requirements: _Optional[_Union[Requirements, _Mapping]] = ..., distribution: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

class PluginOption(_message.Message):
    __slots__ = ("name", "type", "required", "default", "doc")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    required: bool
    default: _struct_pb2.Value
    doc: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., required: _Optional[bool] = ..., default: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., doc: _Optional[str] = ...) -> None: ...

class Requirements(_message.Message):
    __slots__ = ("pixels", "detections", "embeddings", "texts", "static_camera", "packages")
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    DETECTIONS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    STATIC_CAMERA_FIELD_NUMBER: _ClassVar[int]
    PACKAGES_FIELD_NUMBER: _ClassVar[int]
    pixels: bool
    detections: bool
    embeddings: bool
    texts: bool
    static_camera: bool
    packages: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pixels: _Optional[bool] = ..., detections: _Optional[bool] = ..., embeddings: _Optional[bool] = ..., texts: _Optional[bool] = ..., static_camera: _Optional[bool] = ..., packages: _Optional[_Iterable[str]] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class WatchJobRequest(_message.Message):
    __slots__ = ("job_id", "after")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    after: int
    def __init__(self, job_id: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("id", "kind", "state", "video", "video_name", "queries", "options", "created_at", "started_at", "ended_at", "expires_at", "expired", "attempts", "progress", "error", "ahead")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    VIDEO_NAME_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: str
    state: str
    video: str
    video_name: str
    queries: _containers.RepeatedScalarFieldContainer[str]
    options: _struct_pb2.Struct
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    expired: bool
    attempts: int
    progress: Progress
    error: JobError
    ahead: int
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[str] = ..., state: _Optional[str] = ..., video: _Optional[str] = ..., video_name: _Optional[str] = ..., queries: _Optional[_Iterable[str]] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expired: _Optional[bool] = ..., attempts: _Optional[int] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., error: _Optional[_Union[JobError, _Mapping]] = ..., ahead: _Optional[int] = ...) -> None: ...

class JobError(_message.Message):
    __slots__ = ("code", "detail")
    CODE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    code: str
    detail: str
    def __init__(self, code: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("video", "profile", "plugins", "weights", "score_kind", "first_frame", "timings_s", "warnings", "queries")
    class PluginsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: PluginUse
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[PluginUse, _Mapping]] = ...) -> None: ...
    class WeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TimingsSEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    PLUGINS_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    SCORE_KIND_FIELD_NUMBER: _ClassVar[int]
    FIRST_FRAME_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_S_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    video: Video
    profile: str
    plugins: _containers.MessageMap[str, PluginUse]
    weights: _containers.ScalarMap[str, str]
    score_kind: str
    first_frame: int
    timings_s: _containers.ScalarMap[str, float]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    queries: _containers.RepeatedCompositeFieldContainer[QueryAnswer]
    def __init__(self, video: _Optional[_Union[Video, _Mapping]] = ..., profile: _Optional[str] = ..., plugins: _Optional[_Mapping[str, PluginUse]] = ..., weights: _Optional[_Mapping[str, str]] = ..., score_kind: _Optional[str] = ..., first_frame: _Optional[int] = ..., timings_s: _Optional[_Mapping[str, float]] = ..., warnings: _Optional[_Iterable[str]] = ..., queries: _Optional[_Iterable[_Union[QueryAnswer, _Mapping]]] = ...) -> None: ...

class Video(_message.Message):
    __slots__ = ("frames", "fps", "width", "height", "duration_s", "sha256")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    frames: int
    fps: float
    width: int
    height: int
    duration_s: float
    sha256: str
    def __init__(self, frames: _Optional[int] = ..., fps: _Optional[float] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., duration_s: _Optional[float] = ..., sha256: _Optional[str] = ...) -> None: ...

class PluginUse(_message.Message):
    __slots__ = ("name", "options")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    options: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class QueryAnswer(_message.Message):
    __slots__ = ("query", "tracks", "near_misses")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    NEAR_MISSES_FIELD_NUMBER: _ClassVar[int]
    query: str
    tracks: _containers.RepeatedCompositeFieldContainer[ReferredTrack]
    near_misses: NearMisses
    def __init__(self, query: _Optional[str] = ..., tracks: _Optional[_Iterable[_Union[ReferredTrack, _Mapping]]] = ..., near_misses: _Optional[_Union[NearMisses, _Mapping]] = ...) -> None: ...

class ReferredTrack(_message.Message):
    __slots__ = ("track_id", "class_name", "score", "parts", "spans", "boxes")
    class PartsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    CLASS_NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    track_id: int
    class_name: str
    score: float
    parts: _containers.ScalarMap[str, float]
    spans: _containers.RepeatedCompositeFieldContainer[Span]
    boxes: _containers.RepeatedCompositeFieldContainer[Box]
    def __init__(self, track_id: _Optional[int] = ..., class_name: _Optional[str] = ..., score: _Optional[float] = ..., parts: _Optional[_Mapping[str, float]] = ..., spans: _Optional[_Iterable[_Union[Span, _Mapping]]] = ..., boxes: _Optional[_Iterable[_Union[Box, _Mapping]]] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("first_frame", "last_frame", "first_time_s", "last_time_s", "score")
    FIRST_FRAME_FIELD_NUMBER: _ClassVar[int]
    LAST_FRAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIME_S_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_S_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    first_frame: int
    last_frame: int
    first_time_s: float
    last_time_s: float
    score: float
    def __init__(self, first_frame: _Optional[int] = ..., last_frame: _Optional[int] = ..., first_time_s: _Optional[float] = ..., last_time_s: _Optional[float] = ..., score: _Optional[float] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("frame", "time_s", "xyxy", "score")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    TIME_S_FIELD_NUMBER: _ClassVar[int]
    XYXY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    frame: int
    time_s: float
    xyxy: _containers.RepeatedScalarFieldContainer[float]
    score: float
    def __init__(self, frame: _Optional[int] = ..., time_s: _Optional[float] = ..., xyxy: _Optional[_Iterable[float]] = ..., score: _Optional[float] = ...) -> None: ...

class NearMisses(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[NearMiss]
    def __init__(self, items: _Optional[_Iterable[_Union[NearMiss, _Mapping]]] = ...) -> None: ...

class NearMiss(_message.Message):
    __slots__ = ("track_id", "class_name", "score", "parts", "best", "why")
    class PartsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    CLASS_NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    BEST_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    track_id: int
    class_name: str
    score: float
    parts: _containers.ScalarMap[str, float]
    best: Span
    why: str
    def __init__(self, track_id: _Optional[int] = ..., class_name: _Optional[str] = ..., score: _Optional[float] = ..., parts: _Optional[_Mapping[str, float]] = ..., best: _Optional[_Union[Span, _Mapping]] = ..., why: _Optional[str] = ...) -> None: ...
