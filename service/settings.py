"""The settings of this installation: environment variables `TRACKSPEAK_*`, read here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from trackspeak.models.errors import OptionError

from .limits import Limits
from .telemetry.logs import LogFormat, LogLevel

PREFIX: Final = "TRACKSPEAK_"
_LIMITS: Final = Limits()
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")
_HOST: Final = re.compile(r"[a-z0-9._\-]+")
_ANY_CASE: Final = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
_USER: Final = re.compile(r"(?<=://)[^/@\s]*(?=@)")
"""Who logs in by a URL, often with a password."""


def _user_data_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("trackspeak", appauthor=False)


def _parted(pattern: re.Pattern[str], wanted: str) -> BeforeValidator:
    """Give what parts a list, which the environment gives as one text, and refuses what is not of the pattern."""

    def part(value: object) -> object:
        found = tuple(value.replace(",", " ").split()) if isinstance(value, str) else value
        for one in found if isinstance(found, tuple) else ():
            if not isinstance(one, str) or not pattern.fullmatch(one):
                raise PydanticCustomError("list", "should be {wanted}, parted by commas", {"wanted": wanted})
        return found

    return BeforeValidator(part)


class Settings(BaseSettings):
    """What an administrator chooses; docs/settings.md explains each. An empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    data: Path = Field(default_factory=_user_data_folder, description="folder of what the service keeps, also uploads")
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL in place of a file in that folder: postgresql://USER:PASSWORD@HOST/NAME"
    )
    host: str = Field(default="127.0.0.1", description="address that `trackspeak serve` listens on")
    port: Annotated[int, Ge(0), Le(65535)] = Field(
        default=8000, description="port that it listens on; 0 takes a free one"
    )
    auth: Literal["keys", "off"] = Field(
        default="keys", description="who may use the service: keys: who has an API key; off: whoever reaches it"
    )
    cors_origins: Annotated[
        tuple[str, ...] | None, NoDecode, _parted(_ORIGIN, "origins such as https://example.org")
    ] = Field(
        default=None, description="origins whose web pages may read answers, parted by commas; unset: none but its own"
    )
    allowed_hosts: Annotated[
        tuple[str, ...] | None, NoDecode, _parted(_HOST, "host names such as video.example.org"), _ANY_CASE
    ] = Field(
        default=None,
        description="names with a dot by which callers may reach it without keys, parted by commas; unset: none, only "
        "addresses and names such as localhost",
    )
    server: str | None = Field(
        default=None,
        description="service that does the work of `run`, `index` and `ask`; unset: none",
    )
    api_key: SecretStr | None = Field(default=None, description="key that is shown to it")
    allow_urls: bool = Field(
        default=False, description="whether callers may name videos by https URLs of public servers"
    )
    max_fetch_s: Annotated[float, Gt(0)] = Field(
        default=600.0, allow_inf_nan=False, description="seconds that fetching a video from a URL may take"
    )
    upload_stall_s: Annotated[float, Gt(0)] = Field(
        default=60.0, allow_inf_nan=False, description="seconds that a body may make no progress while it comes in"
    )
    grpc_port: Annotated[int, Ge(0), Le(65535)] | None = Field(
        default=None, description="port on which it speaks gRPC too; 0 takes a free one; unset: it does not"
    )
    plugin_files: Path | None = Field(
        default=None, description="folder of the only files that HTTP callers may name in options; unset: none"
    )
    log_format: Annotated[LogFormat, _ANY_CASE] = Field(
        default="auto", description="of the log of `trackspeak serve`: auto (text in a terminal, else json), json, text"
    )
    log_level: Annotated[LogLevel, _ANY_CASE] = Field(
        default="info", description="the least events that it has: debug, info, warning or error"
    )
    otlp_endpoint: str | None = Field(
        default=None, description="OpenTelemetry collector that gets traces: http://HOST:4318; unset: no tracing"
    )
    search_memory_bytes: Annotated[int, Ge(0)] = Field(
        default=4 * 1024**3, description="what vectors may take in memory in a search; more are searched on the disk"
    )
    run_jobs: bool = Field(
        default=True, description="whether `trackspeak serve` does jobs itself; otherwise `trackspeak work` must"
    )
    devices: str = Field(
        default="auto",
        pattern=r"^(auto|cuda:\d+(,cuda:\d+)*)$",
        description="a worker process for each: cuda:0,cuda:1; auto: one, on what is there",
    )
    async_bytes: Annotated[int, Ge(0)] = Field(
        default=64 * 1024**2, description="a video over it makes `POST /v1/track` answer at once with a job"
    )
    max_queued_jobs: Annotated[int, Gt(0)] = Field(default=1000, description="jobs of all callers that may wait")
    max_jobs_per_key: Annotated[int, Gt(0)] = Field(
        default=100, description="jobs of one caller that may wait or run at once"
    )
    max_uploads_per_key: Annotated[int, Gt(0)] = Field(
        default=64, description="videos that one caller may be sending at once"
    )
    max_kept_bytes_per_key: Annotated[int, Gt(0)] | None = Field(
        default=None, description="of videos that one caller may have kept; unset: any"
    )
    keep_results_s: Annotated[float, Gt(0)] = Field(
        default=7 * 24 * 3600.0, allow_inf_nan=False, description="how long the result of a job is kept"
    )
    keep_videos_s: Annotated[float, Gt(0)] | None = Field(
        default=None, description="how long a video is kept after it was last sent or watched; unset: until deleted"
    )
    keep_uploads_s: Annotated[float, Gt(0)] = Field(
        default=24 * 3600.0, allow_inf_nan=False, description="how long an upload may rest between two pieces"
    )
    job_lease_s: Annotated[float, Ge(2)] = Field(
        default=15.0, allow_inf_nan=False, description="silence after which a process that does a job counts as dead"
    )
    max_video_bytes: Annotated[int, Gt(0)] = Field(default=_LIMITS.max_video_bytes, description="size of a video file")
    max_pixels_per_frame: Annotated[int, Gt(0)] = Field(
        default=_LIMITS.max_pixels_per_frame, description="width x height"
    )
    max_frames: Annotated[int, Gt(0)] = Field(default=_LIMITS.max_frames, description="frames of a video")
    max_duration_s: Annotated[float, Gt(0)] = Field(
        default=_LIMITS.max_duration_s, allow_inf_nan=False, description="seconds of video"
    )
    max_decode_s: Annotated[float, Gt(0)] = Field(
        default=_LIMITS.max_decode_s, allow_inf_nan=False, description="seconds that the decoder may work in one pass"
    )
    max_decoder_bytes: Annotated[int, Gt(0)] = Field(
        default=_LIMITS.max_decoder_bytes, description="memory that a process that decodes may take"
    )
    max_stall_s: Annotated[float, Gt(0)] = Field(
        default=_LIMITS.max_stall_s, allow_inf_nan=False, description="seconds that it may take for the next frame"
    )
    max_queries: Annotated[int, Gt(0)] = Field(default=_LIMITS.max_queries, description="sentences asked at once")
    max_query_chars: Annotated[int, Gt(0)] = Field(
        default=_LIMITS.max_query_chars, description="characters of one sentence"
    )

    @property
    def weights_folder(self) -> Path:
        """Where `trackspeak pull` keeps published weights."""
        return self.data / "weights"

    @property
    def indexes_folder(self) -> Path:
        """Where indexes of videos are kept."""
        return self.data / "indexes"

    @property
    def search_folder(self) -> Path:
        """Where the tables that searches read are kept; made anew from the indexes where it is not there."""
        return self.data / "search"

    @property
    def database_file(self) -> Path:
        """The database, unless there is a URL of another."""
        return self.data / "trackspeak.db"

    @property
    def videos_folder(self) -> Path:
        """Where videos are kept."""
        return self.data / "videos"

    @property
    def job_videos_folder(self) -> Path:
        """Where videos lie that belong to one job."""
        return self.data / "job-videos"

    @property
    def partial_uploads_folder(self) -> Path:
        """Where videos lie that come in pieces."""
        return self.data / "partial-uploads"

    @property
    def results_folder(self) -> Path:
        """Where the results of jobs are kept."""
        return self.data / "results"

    def limits(self) -> Limits:
        """Give what is accepted."""
        return Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})


def variable(name: str) -> str:
    """Give the environment variable of a setting."""
    return PREFIX + name.upper()


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        OptionError: naming the variable, what was wanted and what came.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        wanted = first["msg"].removeprefix("Input ")
        raise OptionError(f"{variable(str(first['loc'][0]))} {wanted}, got {hidden(repr(first['input']))}") from None


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting as it is in effect.

    Attributes:
        variable: its environment variable.
        value: as text, secrets hidden; "unset" where there is none.
        source: "environment" or "default".
        description: what it is.
    """

    variable: str
    value: str
    source: str
    description: str


def effective(settings: Settings) -> Iterator[Effective]:
    """Give every setting for people to read."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        shown = "unset" if value is None else hidden(str(value))
        source = "environment" if name in settings.model_fields_set else "default"
        yield Effective(variable(name), shown, source, field.description or "")


def hidden(text: str) -> str:
    """Give a text with stars in place of the users and passwords of URLs."""
    return _USER.sub("***", text)
