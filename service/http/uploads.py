"""The routes by which videos come in pieces: tus 1.0.0 (https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from email.utils import formatdate
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from trackspeak.models.errors import InputError, VideoError

from ..access.principal import Principal
from ..front import Front
from ..incoming import plain_file_name
from ..jobs.job import iso_time
from ..pipeline.decode import probe_video
from ..videos.kept import NewVideo
from ..videos.uploads import Upload
from . import openapi_uploads as openapi
from .access import Writer
from .context import Context, front_of

_VERSION: Final = "1.0.0"
_PIECES: Final = "application/offset+octet-stream"
_DIGITS: Final = 18


def add_upload_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    settings, limits = context.settings, context.limits

    @app.options("/v1/uploads", summary="What of tus is spoken", **openapi.options_route())
    async def options_uploads(_principal: Writer) -> Response:
        extensions = "creation,expiration,termination"
        return _tus(204, {"Tus-Version": _VERSION, "Tus-Extension": extensions, "Tus-Max-Size": limits.max_video_bytes})

    @app.post("/v1/uploads", summary="Begin to send a video in pieces", **openapi.create_route())
    async def post_upload(request: Request, principal: Writer) -> Response:
        _check_version(request)
        size = _number(request, "Upload-Length")
        limits.check_video("max_video_bytes", size, "Upload-Length")
        if size == 0:
            raise InputError("Upload-Length must be at least 1, got 0")
        name = _name(request.headers.get("upload-metadata", ""))
        uploads, most = front_of(request).shop.uploads, settings.max_uploads_per_key
        upload = await asyncio.to_thread(uploads.create, principal.key_id, name, size, most)
        return _tus(201, {"Location": f"/v1/uploads/{upload.id}", **_expires(upload)})

    @app.head("/v1/uploads/{upload}", summary="How far an upload has come", **openapi.head_route())
    async def head_upload(upload: str, request: Request, principal: Writer) -> Response:
        _check_version(request)
        found = await _completed(upload, request, principal)
        headers = {"Upload-Offset": found.offset, "Upload-Length": found.bytes, "Cache-Control": "no-store"}
        return _tus(200, {**headers, **_expires(found), **_video(found)})

    @app.get("/v1/uploads/{upload}", summary="Show an upload", **openapi.show_route())
    async def get_upload(upload: str, request: Request, principal: Writer) -> Response:
        return JSONResponse(_to_dict(await _completed(upload, request, principal)))

    @app.patch("/v1/uploads/{upload}", summary="Send the next piece", **openapi.patch_route())
    async def patch_upload(upload: str, request: Request, principal: Writer) -> Response:
        _check_version(request)
        if request.headers.get("content-type") != _PIECES:
            raise HTTPException(415, f"Content-Type must be {_PIECES}")
        offset = _number(request, "Upload-Offset")
        with context.places.taken(principal.key_id):
            uploads = front_of(request).shop.uploads
            found = await asyncio.to_thread(uploads.get, upload, principal.key_id)
            await _receive(request, front_of(request), found, offset)
            found = await _completed(upload, request, principal)
        return _tus(204, {"Upload-Offset": found.offset, **_expires(found), **_video(found)})

    @app.delete("/v1/uploads/{upload}", summary="Give up an upload", **openapi.delete_route())
    async def delete_upload(upload: str, request: Request, principal: Writer) -> Response:
        _check_version(request)
        uploads = front_of(request).shop.uploads
        found = await asyncio.to_thread(uploads.get, upload, principal.key_id)
        with uploads.held(found):
            await asyncio.to_thread(uploads.delete, found.id)
        return _tus(204, {})


async def _receive(request: Request, front: Front, upload: Upload, offset: int) -> None:
    """Write what comes; what came before the caller hung up stays."""
    with front.shop.uploads.writing_to(upload, offset) as write:
        try:
            async for piece in request.stream():
                await asyncio.to_thread(write, piece)  # a disk can be slow
        except ClientDisconnect:
            return


async def _completed(upload_id: str, request: Request, principal: Principal) -> Upload:
    """Give an upload; one that is whole becomes a video first, also where a killed process did not get so far."""
    front = front_of(request)
    upload = await asyncio.to_thread(front.shop.uploads.get, upload_id, principal.key_id)
    if upload.video_id is None and upload.offset == upload.bytes:
        await asyncio.to_thread(_become_video, front, upload, principal)
        upload = await asyncio.to_thread(front.shop.uploads.get, upload_id, principal.key_id)
    return upload


def _become_video(front: Front, upload: Upload, principal: Principal) -> None:
    """Keep a whole upload as a video; one that is none is removed.

    Raises:
        VideoError: if it is none.
        QuotaError: if the caller would have too much.
    """
    with front.shop.uploads.held(upload):
        try:
            info = probe_video(upload.path, front.limits)
        except VideoError:
            front.shop.uploads.delete(upload.id)
            raise
        with upload.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        front.keep_video(NewVideo(upload.path, sha256, upload.name, info), principal)
        front.shop.uploads.became(upload, sha256)


def _to_dict(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": upload.name,
        "bytes": upload.bytes,
        "offset": upload.offset,
        "video": upload.video_id,
        "expires_at": iso_time(upload.expires_s),
    }


def _tus(status: int, headers: dict[str, Any]) -> Response:
    texts = {name: str(value) for name, value in headers.items()}
    return Response(status_code=status, headers={"Tus-Resumable": _VERSION, **texts})


def _expires(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": formatdate(upload.expires_s, usegmt=True)}


def _video(upload: Upload) -> dict[str, str]:
    """Say which video an upload became; tus leaves that to the server."""
    return {} if upload.video_id is None else {"Trackspeak-Video": upload.video_id}


def _check_version(request: Request) -> None:
    """Refuse other versions of tus; who does not say one is no tus client, and may go on."""
    given = request.headers.get("tus-resumable", _VERSION)
    if given != _VERSION:
        raise HTTPException(412, f"Tus-Resumable must be {_VERSION}, got {given!r:.40}", {"Tus-Version": _VERSION})


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise InputError(f"{name} must be a number of bytes, got {text[:40]!r}")
    return int(text)


def _name(metadata: str) -> str:
    """Read what the caller calls the video: `filename` or `name`, in Base64 after a space, among others."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key in ("filename", "name"):
            try:
                text = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise InputError(f"Upload-Metadata: {key} must be UTF-8 in Base64: {error}") from None
            return plain_file_name(text)
    return ""
