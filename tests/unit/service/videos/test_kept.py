"""Kept videos: the same bytes once, none lost, none left over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from trackspeak.models.errors import GoneError, NotFoundError, OutputError, QuotaError
from trackspeak.service.videos.kept import KeptVideos, NewVideo

Come = Callable[..., NewVideo]


@pytest.fixture
def kept(engine: Engine, tmp_path: Path, clock: Any) -> KeptVideos:
    return KeptVideos(engine, tmp_path / "videos", 60.0, clock)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "videos").iterdir() if path.name != ".lock")


def test_a_video_is_kept_once(kept: KeptVideos, come: Come, tmp_path: Path, clock: Any) -> None:
    video = come(b"one")
    found, new = kept.add(video, "anna")
    assert new
    assert (found.id, found.name, found.bytes, found.info, found.key_id) == (
        video.sha256,
        "street.mp4",
        3,
        video.info,
        "anna",
    )
    assert found.path.read_bytes() == b"one"
    assert not video.path.exists()
    clock.now_s += 5
    again, new = kept.add(come(b"one", "other.mp4"), "bert")
    assert (new, again.name, again.key_id) == (False, "street.mp4", "anna")
    assert again.expires_s == 1065  # its time begins anew
    assert files(tmp_path) == [f"{video.sha256}.mp4"]
    assert kept.get(video.sha256) == again
    assert kept.all() == [again]


def test_an_unknown_video_is_not_found(kept: KeptVideos) -> None:
    with pytest.raises(NotFoundError):
        kept.get("ab" * 32)
    kept.delete("ab" * 32)


def test_a_video_whose_time_is_over_is_gone(kept: KeptVideos, come: Come, tmp_path: Path, clock: Any) -> None:
    video = come(b"one")
    kept.add(video, "anna")
    clock.now_s += 61
    assert kept.overdue() == [video.sha256]
    kept.expire(video.sha256)
    assert (files(tmp_path), kept.overdue(), kept.all()) == ([], [], [])
    with pytest.raises(GoneError, match="its time is over"):
        kept.get(video.sha256)
    assert kept.add(come(b"one"), "bert")[1]  # and comes back
    assert kept.get(video.sha256).key_id == "bert"
    kept.expire(video.sha256)
    clock.now_s += 200
    kept.forget_old(100)
    with pytest.raises(NotFoundError):
        kept.get(video.sha256)


def test_what_is_needed_stays(kept: KeptVideos, come: Come, clock: Any) -> None:
    video = come(b"one")
    kept.add(video, "anna")
    clock.now_s += 59
    kept.touch(video.sha256)
    clock.now_s += 59
    assert kept.overdue() == []


def test_a_file_that_was_lost_can_be_sent_again(kept: KeptVideos, come: Come) -> None:
    video = come(b"one")
    found, _ = kept.add(video, "anna")
    found.path.unlink()
    with pytest.raises(NotFoundError):
        kept.get(video.sha256)
    assert kept.add(come(b"one"), "anna")[1]
    assert kept.get(video.sha256).path.read_bytes() == b"one"


def test_one_caller_may_have_so_many_bytes(kept: KeptVideos, come: Come, tmp_path: Path) -> None:
    kept.add(come(b"123"), "anna", 5)
    with pytest.raises(QuotaError, match="you have 3 kept, 3 more would be over your 5"):
        kept.add(come(b"456"), "anna", 5)
    kept.add(come(b"123"), "anna", 5)  # nothing more is kept
    kept.add(come(b"456"), "bert", 5)
    assert len(files(tmp_path)) == 2


def test_a_file_that_cannot_be_moved_leaves_nothing(
    kept: KeptVideos, come: Come, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.move", full)
    video = come(b"one")
    with pytest.raises(OutputError, match="No space left"):
        kept.add(video, "anna")
    assert kept.all() == []


def test_deleting_removes_file_and_row(kept: KeptVideos, come: Come, tmp_path: Path) -> None:
    video = come(b"one")
    kept.add(video, "anna")
    kept.delete(video.sha256)
    assert files(tmp_path) == []
    with pytest.raises(NotFoundError):
        kept.get(video.sha256)


def test_a_suffix_that_is_none_is_left_out(kept: KeptVideos, come: Come, tmp_path: Path) -> None:
    video = come(b"one")
    odd = video.path.rename(video.path.with_name("video.a b"))
    kept.add(NewVideo(odd, video.sha256, video.name, video.info), "anna")
    assert files(tmp_path) == [video.sha256]
