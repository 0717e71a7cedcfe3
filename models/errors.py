"""The one error tree of trackspeak; every layer maps it once (CLI exit code, HTTP problem, ...).

TrackspeakError                 anything trackspeak raises on purpose
├── InputError                  what the caller gave is wrong; the caller can mend it
│   ├── OptionError             an option or setting: unknown key, wrong type, out of range
│   ├── UnknownNameError        no plugin, profile, ... of that name; lists those there are
│   │   └── NotFoundError       no video, index, saved search, ... of that name is kept here
│   ├── QueryError              a sentence is empty, too long, or there are too many of them
│   ├── UrlError                a URL may not be fetched, or what it names could not be
│   ├── VideoError              the video cannot be read
│   │   └── VideoLimitError     the video is larger or longer than the limits allow
│   ├── FileFormatError         a detections, tracks, profile, ... file is not what it should be
│   ├── ConflictError           it is not in a state in which this can be done
│   ├── GoneError               it was here, and was removed when its time was over
│   ├── SlowUploadError         too little of a body came in too long a time
│   ├── UnauthenticatedError    the caller gave no API key, or none that is accepted
│   ├── ForbiddenError          the caller may not do this
│   └── BusyError               too much is waiting already; says when to try again
│       ├── QuotaError          the caller has as much as one caller may
│       └── TooManyAttemptsError  too many wrong API keys came from the caller's address
├── BrokenIndexError            a kept index is not whole, or of an older format
├── WeightsError                weights are corrupt, incomplete, or do not fit the model
├── PluginError                 a plugin failed to load or to work
│   └── ContractError           a plugin was given, or gave, data that breaks its contract
├── WorkerError                 the process that does the work died
├── StoppedError                the work was cancelled
├── OutputError                 a result could not be written, or the database not be used
├── DownloadError               weights could not be fetched, or are not those of the manifest
└── ServerError                 a service that was asked did not answer, or not as one of trackspeak does
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class TrackspeakError(Exception):
    """Base of all errors raised on purpose; `code` is stable and documented in docs/errors.md."""

    code: ClassVar[str] = "internal_error"


class InputError(TrackspeakError):
    """What the caller gave is wrong; the message names the field, what was wanted and what came."""

    code = "bad_input"


class OptionError(InputError):
    """An option or a setting has an unknown key, a wrong type, or a value out of range."""

    code = "bad_option"


class UnknownNameError(InputError):
    """No plugin, profile, ... has this name."""

    code = "unknown_name"

    def __init__(self, what: str, name: str, known: Iterable[str] | None) -> None:
        """Make the message from the kind of thing, the name asked for and the names there are; None: not to be told."""
        listed = "" if known is None else f"; there are: {', '.join(sorted(known)) or 'none'}"
        super().__init__(f"unknown {what} {name!r}{listed}")


class NotFoundError(UnknownNameError):
    """No video, index, saved search or picture of this name is kept here."""

    code = "not_found"


class QueryError(InputError):
    """A sentence is empty or too long, or there are too many of them."""

    code = "bad_query"


class UrlError(InputError):
    """The URL is not one that may be fetched, or what it names could not be fetched."""

    code = "bad_url"


class VideoError(InputError):
    """The video cannot be read."""

    code = "unreadable_video"


class VideoLimitError(VideoError):
    """The video is larger or longer than the limits allow."""

    code = "video_over_limit"


class FileFormatError(InputError):
    """A detections, tracks or profile file is not what it should be."""

    code = "bad_file"


class ConflictError(InputError):
    """It is not in a state in which this can be done."""

    code = "conflict"


class GoneError(InputError):
    """It was here, and was removed when its time was over."""

    code = "gone"


class SlowUploadError(InputError):
    """Too little of the body came in too long a time."""

    code = "upload_stalled"


class UnauthenticatedError(InputError):
    """The caller gave no API key, or none that is accepted."""

    code = "unauthenticated"


class ForbiddenError(InputError):
    """The caller may not do this."""

    code = "forbidden"


class BusyError(InputError):
    """Too much is waiting already.

    Attributes:
        retry_after_s: seconds after which it may be tried again.
    """

    code = "busy"
    retry_after_s: float = 5.0  # also of one that is made again from what was written down of it

    def __init__(self, message: str, retry_after_s: float = 5.0) -> None:
        """Say what there is too much of."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QuotaError(BusyError):
    """The caller has as much as one caller may."""

    code = "over_quota"


class TooManyAttemptsError(BusyError):
    """Too many wrong API keys came from the caller's address."""

    code = "too_many_attempts"


class BrokenIndexError(TrackspeakError):
    """An index that is kept here is not whole, or of an older format."""

    code = "broken_index"


class WeightsError(TrackspeakError):
    """Weights are corrupt, incomplete, or do not fit the model."""

    code = "bad_weights"


class PluginError(TrackspeakError):
    """A plugin failed to load or to work."""

    code = "plugin_failed"


class ContractError(PluginError):
    """A plugin was given, or gave, data that breaks its contract."""

    code = "contract_broken"


class WorkerError(TrackspeakError):
    """The process that does the work ended in the middle of it."""

    code = "worker_died"


class StoppedError(TrackspeakError):
    """The work was cancelled."""

    code = "cancelled"


class OutputError(TrackspeakError):
    """A result could not be written, or the database could not be used."""

    code = "output_failed"


class DownloadError(TrackspeakError):
    """Published weights could not be fetched, or are not those of the manifest."""

    code = "download_failed"


class ServerError(TrackspeakError):
    """A service that was asked did not answer, or not as one of trackspeak does.

    Attributes:
        unsent: whether the service cannot have heard of it: there was no connection.
    """

    code = "server_failed"
    unsent = False
