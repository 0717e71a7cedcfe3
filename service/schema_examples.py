"""An example of each thing that HTTP takes or gives, for its description; a test holds them to their schemas.

Nothing in them is null: the framework leaves that out.
"""

from __future__ import annotations

from typing import Any, Final

_VIDEO_ID: Final = "de7f9ec5a18f519036e3b155f3eea0800dc20badb41595452b80aa6dc6d4f11a"
_JOB_ID: Final = "0ec8f8f325b74adcbf51de0371347d64"
_INDEX_ID: Final = "06da5b1ede904bbbb5e76a0ba3264407"


def span() -> dict[str, Any]:
    """A span of a track."""
    return {"first_frame": 281, "last_frame": 369, "first_time_s": 11.72, "last_time_s": 15.39, "score": 0.986}


def result() -> dict[str, Any]:
    """The answers about a video."""
    box = {"frame": 281, "time_s": 11.72, "xyxy": [12.5, 140.25, 96.0, 190.75], "score": 0.97}
    track = {"track_id": 23, "class": "object", "score": 0.986, "spans": [span()], "boxes": [box]}
    return {
        "video": {
            "frames": 480,
            "fps": 23.976,
            "width": 640,
            "height": 360,
            "duration_s": 20.02,
            "sha256": _VIDEO_ID,
        },
        "profile": "embedded",
        "plugins": {"detector": {"name": "motion", "options": {}}, "tracker": {"name": "bytetrack", "options": {}}},
        "weights": {},
        "score_kind": "probability",
        "first_frame": 1,
        "timings_s": {"pass": 3.1, "score": 0.01, "total": 3.2},
        "warnings": [],
        "queries": [{"query": "red cars", "tracks": [track]}, {"query": "a green truck", "tracks": []}],
    }


def video() -> dict[str, Any]:
    """A video that is kept and indexed."""
    return {
        "id": _VIDEO_ID,
        "name": "street.mp4",
        "labels": ["night"],
        "frames": 480,
        "fps": 23.976,
        "width": 640,
        "height": 360,
        "duration_s": 20.02,
        "bytes": 648892,
        "indexes": [
            {
                "id": _INDEX_ID,
                "profile": "embedded",
                "tracks": 34,
                "plugins": {"detector": "motion", "tracker": "bytetrack", "matcher": "kum"},
            }
        ],
    }


def job() -> dict[str, Any]:
    """A job that failed."""
    return {
        "id": _JOB_ID,
        "kind": "track",
        "state": "failed",
        "video": _VIDEO_ID,
        "video_name": "street.mp4",
        "queries": ["red cars"],
        "options": {"threshold": 0.6},
        "created_at": "2026-11-27T11:49:56.657Z",
        "started_at": "2026-11-27T11:49:56.673Z",
        "ended_at": "2026-11-27T11:50:10.299Z",
        "expires_at": "2026-12-04T11:50:10.299Z",
        "expired": False,
        "attempts": 3,
        "progress": {"stage": "watch", "frames_done": 208, "frames_total": 480, "eta_s": 4.1},
        "error": {"code": "worker_died", "detail": "its worker was lost, 3 times: it is not tried again"},
    }


def upload() -> dict[str, Any]:
    """An upload that has come."""
    return {
        "id": "0f467875120140c5acd3d2f9d6cbc4f4",
        "name": "street.mp4",
        "bytes": 648892,
        "offset": 648892,
        "video": _VIDEO_ID,
        "expires_at": "2026-11-28T11:50:43.761Z",
    }


def found() -> dict[str, Any]:
    """What a search found."""
    track = {
        "video": _VIDEO_ID,
        "index": _INDEX_ID,
        "name": "street.mp4",
        "labels": ["night"],
        "score_kind": "probability",
        "track_id": 23,
        "class": "object",
        "score": 0.986,
        "spans": [span()],
        "thumbnail": f"/v1/indexes/{_INDEX_ID}/tracks/23/thumbnail",
    }
    return {
        "query": "a red car turning left",
        "tracks": [track],
        "next": "eyJhZnRlciI6MjN9",
        "searched": {"indexes": 12, "videos": 12, "segments": 5230, "scored": 41},
        "left_out": [],
        "warnings": [],
        "timings_s": {"total": 0.03},
    }


def queries_body() -> dict[str, Any]:
    """A question."""
    return {"queries": ["the red car", '"red car" and not "parked"'], "options": {"top": 5, "near_misses": 2}}


def index_body() -> dict[str, Any]:
    """The wish for an index."""
    return {"queries": ["the red car"], "options": {"frame_stride": 2}}


def change_body() -> dict[str, Any]:
    """A name and labels."""
    return {"name": "north gate", "labels": ["night"]}


def search_body() -> dict[str, Any]:
    """A search."""
    return {"query": "a red car turning left", "labels": ["night"], "top": 10}


def tracks() -> dict[str, Any]:
    """All tracks of an index."""
    return {
        "index": _INDEX_ID,
        "name": "street.mp4",
        "video": result()["video"],
        "profile": "embedded",
        "plugins": {"detector": "motion", "tracker": "bytetrack", "matcher": "kum"},
        "frame_stride": 1,
        "warnings": [],
        "rule": {"closed_gap": 4, "shortest_span": 8},
        "frames": [281, 282],
        "times_s": [11.72, 11.76],
        "tracks": [
            {
                "track_id": 23,
                "class": "object",
                "frames": [281, 282],
                "boxes_xyxy": [12.5, 140.25, 96.0, 190.75, 14.0, 140.25, 97.5, 190.75],
            }
        ],
        "segments": {"track_ids": [23], "first_frames": [281], "last_frames": [282]},
    }


def scores() -> dict[str, Any]:
    """The scores of all segments of an index."""
    return {
        "index": _INDEX_ID,
        "score_kind": "probability",
        "threshold": 0.5,
        "queries": [{"query": "the red car", "scores": [0.97]}],
        "warnings": [],
        "timings_s": {"describe": 0.004, "score": 0.006, "total": 0.01},
    }


def session() -> dict[str, Any]:
    """Who is asking."""
    return {"auth": "on", "name": "me", "scopes": ["ask", "index"]}
