"""Names, labels and saved searches: what is kept, what is refused, and that nothing stays of what is forgotten."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from trackspeak.models.errors import OptionError, UnknownNameError
from trackspeak.service.database.catalogue import Catalogue, CataloguedVideo
from trackspeak.service.database.engine import reading
from trackspeak.service.database.tables import Base
from trackspeak.service.finding import videos_with

ONE, TWO, NONE = "ab" * 32, "cd" * 32, "ef" * 32


def rows(engine: Engine) -> int:
    with reading(engine) as session:
        return sum(session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables)


def named(catalogue: Catalogue) -> dict[str, str]:
    return {key: one.name for key, one in catalogue.videos().items() if one.name is not None}


def test_a_video_nobody_spoke_of_has_nothing(catalogue: Catalogue) -> None:
    assert catalogue.video(NONE) == CataloguedVideo(NONE)
    assert (catalogue.labels(NONE), named(catalogue), catalogue.videos()) == ((), {}, {})


def test_labels_keep_their_case_and_are_compared_without(catalogue: Catalogue) -> None:
    catalogue.change_video(ONE, add=["Night", " north gate ", "NIGHT"])
    catalogue.change_video(ONE, add=["night", "Straße"])
    assert catalogue.labels(ONE) == ("Night", "north gate", "Straße")
    catalogue.change_video(TWO, add=["STRASSE"])
    assert videos_with(catalogue.videos(), ["strasse"]) == {ONE, TWO}
    assert videos_with(catalogue.videos(), ["strasse", "nIGHT"]) == {ONE}
    assert videos_with(catalogue.videos(), ["day"]) == set()
    catalogue.change_video(ONE, remove=["night", "STRASSE"])
    assert catalogue.labels(ONE) == ("north gate",)


def test_accents_are_the_same_however_they_are_put_together(catalogue: Catalogue) -> None:
    catalogue.change_video(ONE, add=["caf\u00e9", "cafe\u0301"])
    assert catalogue.labels(ONE) == ("caf\u00e9",)


def test_names_are_given_changed_and_taken_back(catalogue: Catalogue) -> None:
    catalogue.change_video(ONE, name=" North gate ")
    catalogue.change_video(TWO, add=["x"])
    assert named(catalogue) == {ONE: "North gate"}
    catalogue.change_video(ONE, name="South gate")
    catalogue.change_video(ONE, add=["y"])
    assert catalogue.videos() == {
        ONE: CataloguedVideo(ONE, "South gate", ("y",)),
        TWO: CataloguedVideo(TWO, None, ("x",)),
    }
    assert catalogue.video(ONE) == catalogue.videos()[ONE]
    catalogue.change_video(ONE, name="")
    assert catalogue.video(ONE) == CataloguedVideo(ONE, None, ("y",))


@pytest.mark.parametrize("label", ["", " \t ", "x" * 65, "a\nb", "a\x00b", "a\x7fb", "a\u2028b", "a\ud800"])
def test_labels_that_are_refused(catalogue: Catalogue, label: str) -> None:
    with pytest.raises(OptionError, match="label must"):
        catalogue.change_video(ONE, add=["fine", label])
    assert catalogue.videos() == {}


@pytest.mark.parametrize("name", ["x" * 201, "a\x1b[31m"])
def test_names_that_are_refused(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(OptionError, match="name must"):
        catalogue.change_video(ONE, name=name)
    with pytest.raises(OptionError, match="name must"):
        catalogue.save_search(name, {})
    assert catalogue.videos() == {}


def test_the_longest_are_kept(catalogue: Catalogue) -> None:
    ligature = "\ufb03"  # one character, which is three without its case
    catalogue.change_video(ONE, add=[ligature * 64, "😀" * 64], name="😀" * 200)
    assert catalogue.video(ONE).name == "😀" * 200
    assert set(catalogue.labels(ONE)) == {ligature * 64, "😀" * 64}
    assert videos_with(catalogue.videos(), [ligature * 64]) == {ONE}


def test_a_video_has_at_most_64_labels(catalogue: Catalogue) -> None:
    catalogue.change_video(ONE, add=[str(number) for number in range(64)])
    with pytest.raises(OptionError, match="at most 64, got 65"):
        catalogue.change_video(ONE, add=["one more"], name="a name")
    assert len(catalogue.labels(ONE)) == 64
    assert named(catalogue) == {}
    catalogue.change_video(ONE, add=["one more", "5"], remove=["0"])
    assert len(catalogue.labels(ONE)) == 64


def test_removing_a_label_that_is_not_there_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.change_video(ONE, add=["a", "b"])
    with pytest.raises(UnknownNameError, match="unknown label of this video 'c'; there are: a, b"):
        catalogue.change_video(ONE, remove=["a", "c"])
    assert catalogue.labels(ONE) == ("a", "b")
    with pytest.raises(UnknownNameError):
        catalogue.change_video(TWO, remove=["a"])
    assert list(catalogue.videos()) == [ONE]


@pytest.mark.parametrize("video_id", ["", "ab", "AB" * 32, "xy" * 32, "ab" * 32 + "\n"])
def test_a_video_is_known_by_its_sha256(catalogue: Catalogue, video_id: str) -> None:
    for call in (catalogue.labels, catalogue.video, catalogue.forget_video):
        with pytest.raises(OptionError, match="video must be a SHA-256"):
            call(video_id)
    with pytest.raises(OptionError, match="video must be a SHA-256"):
        catalogue.change_video(video_id, add=["a"])


def test_labels_are_set_as_a_whole(catalogue: Catalogue) -> None:
    catalogue.change_video(ONE, add=["Day", "wet"])
    catalogue.change_video(ONE, labels=["day", "Cold"])
    assert catalogue.labels(ONE) == ("Cold", "Day")
    catalogue.change_video(ONE, labels=[])
    assert catalogue.labels(ONE) == ()


def test_a_name_has_no_slash(catalogue: Catalogue) -> None:
    with pytest.raises(OptionError, match="name must have no slash"):
        catalogue.change_video(ONE, name="a/b")


def test_labels_are_several(catalogue: Catalogue) -> None:
    with pytest.raises(OptionError, match="several texts, got one, 'night'"):
        catalogue.change_video(ONE, add="night")


def test_forgetting_leaves_no_row_of_a_video_and_others_alone(catalogue: Catalogue, engine: Engine) -> None:
    catalogue.change_video(ONE, add=["a", "b"], name="one")
    catalogue.change_video(TWO, add=["a"], name="two")
    catalogue.forget_video(ONE)
    assert catalogue.videos() == {TWO: CataloguedVideo(TWO, "two", ("a",))}
    assert set(catalogue.videos()) == {TWO}
    catalogue.forget_video(TWO)
    catalogue.forget_video(NONE)
    assert rows(engine) == 0


def test_searches_are_kept_replaced_and_deleted(catalogue: Catalogue, engine: Engine) -> None:
    body: dict[str, Any] = {"query": "a red \u0000 car 😀", "labels": ["Night"], "top": 3, "deep": {"a": [None, 1.5]}}
    catalogue.save_search(" mornings ", {"query": "old"})
    catalogue.save_search("mornings", body)
    catalogue.save_search("Mornings", {"capitals": "matter"})
    assert catalogue.search("mornings") == body
    assert catalogue.searches() == {"Mornings": {"capitals": "matter"}, "mornings": body}
    catalogue.delete_search("mornings")
    with pytest.raises(UnknownNameError, match="unknown saved search 'mornings'; there are: Mornings"):
        catalogue.search("mornings")
    with pytest.raises(UnknownNameError, match="there are: Mornings"):
        catalogue.delete_search("mornings")
    catalogue.delete_search("Mornings")
    assert rows(engine) == 0


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([1], "must be a mapping, got list"),
        ({"a": {1, 2}}, "what JSON can hold"),
        ({"a": float("nan")}, "what JSON can hold"),
        ({"a": "\ud800"}, "what JSON can hold"),
        ({"a": "x" * 65_536}, "at most 65536 bytes of JSON, got 65544"),
        ({"a": "é" * 32_765}, "at most 65536 bytes of JSON, got 65538"),
    ],
)
def test_searches_that_are_refused(catalogue: Catalogue, body: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        catalogue.save_search("a", body)
    assert catalogue.searches() == {}


def test_a_search_nested_too_deeply_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(OptionError, match="what JSON can hold"):
        catalogue.save_search("a", {"a": deep()})


def test_the_largest_search_is_kept(catalogue: Catalogue) -> None:
    body = {"a": "x" * (65_536 - len('{"a":""}'))}
    catalogue.save_search("large", body)
    assert catalogue.search("large") == body
