"""Uploads in pieces: what came stays, one writes at a time, and nothing is left when it is over."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from trackspeak.models.errors import ConflictError, GoneError, NotFoundError, QuotaError
from trackspeak.service.videos.uploads import Upload, Uploads


@pytest.fixture
def uploads(engine: Engine, tmp_path: Path, clock: Any) -> Uploads:
    return Uploads(engine, tmp_path / "parts", 60.0, clock)


def write(uploads: Uploads, upload: Upload, offset: int, *pieces: bytes) -> None:
    with uploads.writing_to(upload, offset) as take:
        for piece in pieces:
            take(piece)


def test_pieces_come_one_after_the_other(uploads: Uploads, clock: Any) -> None:
    upload = uploads.create("anna", "street.mp4", 10, 3)
    assert (upload.offset, upload.bytes, upload.path.suffix, upload.video_id) == (0, 10, ".mp4", None)
    write(uploads, upload, 0, b"0123", b"45")
    clock.now_s += 59
    now = uploads.get(upload.id, "anna")
    assert now.offset == 6
    write(uploads, now, 6, b"6789")
    whole = uploads.get(upload.id, "anna")
    assert (whole.offset, whole.path.read_bytes()) == (10, b"0123456789")
    assert whole.expires_s == clock.now_s + 60


def test_what_came_before_an_error_stays(uploads: Uploads) -> None:
    upload = uploads.create("anna", "street.mp4", 10, 3)
    with pytest.raises(ZeroDivisionError), uploads.writing_to(upload, 0) as take:  # noqa: PT012
        take(b"0123")
        raise ZeroDivisionError
    assert uploads.get(upload.id, "anna").offset == 4


@pytest.mark.parametrize("offset", [0, 3, 5])
def test_a_piece_must_begin_where_the_upload_ends(uploads: Uploads, offset: int) -> None:
    upload = uploads.create("anna", "street.mp4", 10, 3)
    write(uploads, upload, 0, b"0123")
    with pytest.raises(ConflictError, match=f"Upload-Offset must be 4, where the upload ends, got {offset}"):
        write(uploads, uploads.get(upload.id, "anna"), offset, b"x")


def test_no_more_comes_than_was_declared(uploads: Uploads) -> None:
    upload = uploads.create("anna", "street.mp4", 3, 3)
    with pytest.raises(ConflictError, match="must have 3 bytes as declared, got more"):
        write(uploads, upload, 0, b"0123")
    assert uploads.get(upload.id, "anna").offset == 0


def test_one_writes_at_a_time(uploads: Uploads) -> None:
    upload = uploads.create("anna", "street.mp4", 10, 3)
    with uploads.writing_to(upload, 0) as take:
        take(b"0")
        with pytest.raises(ConflictError, match="another request is writing"), uploads.writing_to(upload, 0):
            pass


def test_an_upload_is_its_callers(uploads: Uploads) -> None:
    upload = uploads.create("anna", "street.mp4", 10, 3)
    for upload_id, key in ((upload.id, "bert"), ("0" * 32, "anna")):
        with pytest.raises(NotFoundError):
            uploads.get(upload_id, key)


def test_one_caller_may_have_so_many_open(uploads: Uploads) -> None:
    first = uploads.create("anna", "a.mp4", 3, 2)
    uploads.create("anna", "b.mp4", 3, 2)
    with pytest.raises(QuotaError, match="2 of yours are open"):
        uploads.create("anna", "c.mp4", 3, 2)
    uploads.create("bert", "c.mp4", 3, 2)
    write(uploads, first, 0, b"012")
    uploads.became(uploads.get(first.id, "anna"), "ab" * 32)
    uploads.create("anna", "c.mp4", 3, 2)


def test_a_whole_upload_tells_its_video_and_has_no_file(uploads: Uploads, tmp_path: Path) -> None:
    upload = uploads.create("anna", "street.mp4", 3, 3)
    write(uploads, upload, 0, b"012")
    uploads.became(uploads.get(upload.id, "anna"), "ab" * 32)
    whole = uploads.get(upload.id, "anna")
    assert (whole.offset, whole.video_id) == (3, "ab" * 32)
    assert list((tmp_path / "parts").iterdir()) == []


def test_one_whose_time_is_over_goes(uploads: Uploads, tmp_path: Path, clock: Any) -> None:
    upload = uploads.create("anna", "street.mp4", 10, 3)
    write(uploads, upload, 0, b"012")
    clock.now_s += 61
    with pytest.raises(GoneError):
        uploads.get(upload.id, "anna")
    uploads.remove_overdue()
    assert list((tmp_path / "parts").iterdir()) == []
    with pytest.raises(NotFoundError):
        uploads.get(upload.id, "anna")
