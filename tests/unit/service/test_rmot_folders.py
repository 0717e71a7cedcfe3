"""The names of the queries' folders."""

import itertools

import pytest

from trackspeak.service.formats.folders import query_folders


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("the red car", "the-red-car"),
        ("vehicles moving to the left.", "vehicles-moving-to-the-left_"),
        ("Größe 大 2.5_x", "Größe-大-2.5_x"),
        ("../../etc/passwd", "___.._etc_passwd"),
        ('a/b\\c:d*e?f"g<h>i|j\0k\nl', "a_b_c_d_e_f_g_h_i_j_k_l"),
        ("..", "__"),
        (".hidden", "_hidden"),
        ("~", "_"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("COM1", "_COM1"),
        ("-rf", "-rf"),
        ("cafe\u0301", "café"),
    ],
)
def test_names_are_readable_and_harmless(query: str, name: str) -> None:
    assert query_folders([query]) == {query: name}


def test_no_name_leaves_its_folder_or_is_hidden() -> None:
    for letters in itertools.product("./\\ a:", repeat=4):
        name = query_folders(["".join(letters)])["".join(letters)]
        assert not set(name) & set("/\\:\0 ")
        assert not name.startswith(".")
        assert not name.endswith(".")


@pytest.mark.parametrize("query", ["a" * 101, "大" * 34, "a red car " * 90])
def test_long_names_are_cut_to_100_bytes_with_a_hash(query: str) -> None:
    others = query_folders([query + "b", query])
    assert len(others[query].encode()) <= 100
    assert len(set(others.values())) == 2
    assert query_folders([query])[query] == others[query]


def test_exactly_100_bytes_stay() -> None:
    assert query_folders(["a" * 100]) == {"a" * 100: "a" * 100}


def test_queries_that_would_share_a_folder_get_a_hash_in_any_order() -> None:
    queries = ["a/b", "a:b", "the red car", "The Red Car", "the-red-car", "a bus"]
    names = query_folders(queries)
    assert len({name.casefold() for name in names.values()}) == 6
    assert names["a bus"] == "a-bus"
    assert names["a/b"].startswith("a_b-")
    assert query_folders(queries[::-1]) == names


def test_the_same_query_twice_has_one_folder() -> None:
    assert query_folders(["a bus", "a bus"]) == {"a bus": "a-bus"}


def test_a_name_made_to_look_like_another_hashed_one_is_moved() -> None:
    hashed = query_folders(["a/b", "a:b"])["a/b"]
    names = query_folders(["a/b", "a:b", hashed])
    assert len(set(names.values())) == 3


def test_names_that_are_taken_are_left_alone() -> None:
    name = query_folders(["Result.json"], taken=["result.json"])["Result.json"]
    assert name.casefold() != "result.json"
