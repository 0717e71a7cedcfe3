"""`trackspeak label`, and how a video's name and labels are shown, found and forgotten."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pipeline_fakes import FakeVideo, index

from trackspeak.models.errors import BrokenIndexError, OutputError, UnknownNameError
from trackspeak.service.database.catalogue import CataloguedVideo, open_catalogue
from trackspeak.service.finding import catalogued, find_index, find_summary, find_video
from trackspeak.service.forgetting import forget_index
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.result import PluginUse
from trackspeak.service.settings import Settings
from trackspeak.service.store.index_file import RECORD_FILE, StoredIndex, as_stored
from trackspeak.service.store.indexes import Indexes

Command = Callable[..., Any]

NORTH, SOUTH = "ab12" * 16, "cd34" * 16
ONE, TWO, OTHER = "1111" + "a" * 28, "2222" + "a" * 28, "3333" + "a" * 28


@pytest.fixture(scope="module")
def stored() -> StoredIndex:
    made = as_stored(index(FakeVideo(20))[0], "trackspeak")
    facts = VideoFacts(20, 10.0, 64, 48, 2.0, NORTH)
    plugins = {"detector": None, "matcher": PluginUse("kum", {})}
    return StoredIndex(ONE, "a.mp4", facts, "embedded", plugins, {}, "trackspeak", 1, made)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: StoredIndex) -> Settings:
    """Two indexes of one video, `a.mp4`, and one of another, `b.mp4`."""
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    settings = Settings()
    indexes = Indexes(settings.indexes_folder)
    indexes.add(stored)
    indexes.add(replace(stored, id=TWO))
    indexes.add(replace(stored, id=OTHER, name="b.mp4", video=replace(stored.video, sha256=SOUTH)))
    return settings


def said(settings: Settings) -> dict[str, CataloguedVideo]:
    with open_catalogue(settings) as catalogue:
        return catalogue.videos()


def test_a_video_is_labelled_named_and_shown(command: Command, settings: Settings) -> None:
    done = command("label", "b.mp4", "--add", "Night", "--add", "rain", "--name", "south gate")
    assert (done.code, done.out) == (0, f"{SOUTH}\tsouth gate\tNight, rain\n"), done.err
    assert command("label", "south gate", "--remove", "NIGHT").out == f"{SOUTH}\tsouth gate\train\n"
    assert command("label", "south gate").out == f"{SOUTH}\tsouth gate\train\n"
    rows = [line for line in command("indexes").out.splitlines() if "a" * 28 in line]
    assert [["south gate" in row, "rain" in row, "a.mp4" in row] for row in rows] == [
        [False, False, True],
        [False, False, True],
        [True, True, False],
    ]
    assert command("label", "south gate", "--name", "").out == f"{SOUTH}\tb.mp4\train\n"


def test_what_only_looks_makes_no_database(command: Command, settings: Settings) -> None:
    assert command("label", "b.mp4").out == f"{SOUTH}\tb.mp4\t\n"
    assert command("indexes").code == 0
    assert find_index(settings, "b.mp4").id == OTHER
    assert catalogued(settings) == {}
    forget_index(settings, OTHER)
    assert not settings.database_file.exists()


@pytest.mark.parametrize(
    "text", [ONE, "1111", TWO, "2222a", NORTH, "ab12ab12", "AB12AB12AB", "a.mp4", "a caf\u00e9", "a cafe\u0301"]
)
def test_one_video_is_found_by_all_it_is_called(settings: Settings, text: str) -> None:
    with open_catalogue(settings) as catalogue:
        catalogue.change_video(NORTH, name="a cafe\u0301")
    assert find_video(settings, text).video.sha256 == NORTH


@pytest.mark.parametrize("text", ["111", "ab12ab1", "A.mp4", "c.mp4", "", "ff" * 32])
def test_what_means_nothing_is_refused_with_what_there_is(settings: Settings, text: str) -> None:
    for find, what in ((find_video, "video"), (find_summary, "index")):
        with pytest.raises(UnknownNameError, match=f"unknown {what} ") as caught:
            find(settings, text)
        assert f"{OTHER} (b.mp4)" in str(caught.value)


def test_a_video_of_two_indexes_is_no_single_index(settings: Settings) -> None:
    for text in ("a.mp4", NORTH):
        with pytest.raises(UnknownNameError) as caught:
            find_index(settings, text)
        assert f"unknown single index {text!r}; there are: {ONE} (a.mp4), {TWO} (a.mp4)" == str(caught.value)


def test_the_name_that_is_shown_comes_before_the_one_of_the_index(settings: Settings) -> None:
    with open_catalogue(settings) as catalogue:
        catalogue.change_video(SOUTH, name="a.mp4")
        catalogue.change_video(NORTH, name="b.mp4")
        assert find_summary(settings, "a.mp4").id == OTHER
        assert find_video(settings, "b.mp4").video.sha256 == NORTH
        catalogue.change_video(NORTH, name="")
        with pytest.raises(UnknownNameError, match=r"unknown single video 'a\.mp4'"):
            find_video(settings, "a.mp4")
        assert find_video(settings, "b.mp4").video.sha256 == SOUTH


def test_wrong_changes_change_nothing(command: Command, settings: Settings) -> None:
    done = command("label", "b.mp4", "--add", "x", "--name", "y", "--remove", "z")
    assert (done.code, done.err) == (2, "error: unknown label of this video 'z'; there are: none\n")
    done = command("label", "b.mp4", "--name", "y", "--add", "x" * 65)
    assert done.code == 2
    assert "label must have 1 to 64 characters, got 65" in done.err
    assert said(settings) == {}


def test_the_last_index_of_a_video_takes_its_name_and_labels_with_it(command: Command, settings: Settings) -> None:
    command("label", "a.mp4", "--add", "x", "--name", "north")
    command("label", "b.mp4", "--add", "x", "--name", "south")
    assert command("forget", ONE).err == f"{ONE} (north) is gone\n"
    assert set(said(settings)) == {NORTH, SOUTH}
    assert command("forget", "north").err == f"{TWO} (north) is gone\n"
    assert set(said(settings)) == {SOUTH}
    assert command("forget", "north").code == 2
    assert [one.id for one in Indexes(settings.indexes_folder)] == [OTHER]


def test_an_index_stays_where_its_name_and_labels_cannot_be_removed(command: Command, settings: Settings) -> None:
    settings.database_file.write_text("this is no database\n" * 100)
    with pytest.raises(OutputError, match="file is not a database"):
        forget_index(settings, OTHER)
    done = command("forget", OTHER)
    assert done.code == 1
    assert done.err.startswith(f"error: the database {settings.database_file} could not be used: ")
    assert OTHER in Indexes(settings.indexes_folder)


def test_an_index_is_found_by_its_id_though_the_database_fails(settings: Settings) -> None:
    settings.database_file.write_text("this is no database\n" * 100)
    assert find_index(settings, OTHER).id == OTHER
    with pytest.raises(OutputError, match="file is not a database"):
        find_index(settings, "b.mp4")


def test_an_index_that_is_not_whole_is_named_and_can_be_forgotten(settings: Settings) -> None:
    (settings.indexes_folder / OTHER / RECORD_FILE).write_text("{")
    with pytest.raises(BrokenIndexError, match=OTHER):
        find_summary(settings, OTHER)
    forget_index(settings, OTHER)
    with pytest.raises(UnknownNameError):
        forget_index(settings, OTHER)
