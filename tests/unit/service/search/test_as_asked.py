"""A search over real indexes, made with the embedded weights, says what `ask` says of each of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from search_fakes import answers, by_score, check_hits, keep, keys_of

from trackspeak.plugins.matchers.kum import KumMatcher
from trackspeak.service import RunOptions
from trackspeak.service.asking import Asker, ask, make_asker
from trackspeak.service.assemble import assemble
from trackspeak.service.indexing import make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.search.asked import SearchOptions
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.search.table import table_names
from trackspeak.service.store.index_file import StoredIndex
from trackspeak.service.store.indexes import Indexes

QUERIES = ["the red car", "cars", "vehicles moving to the left", '"car" and not "red"', '"red" or "moving to the left"']
ALL = SearchOptions(top=200)


@pytest.fixture(scope="module")
def watch(tiny_clip: Path) -> Callable[..., StoredIndex]:
    """Index the tiny clip."""

    def make(**options: object) -> StoredIndex:
        chosen = RunOptions(**options)  # type: ignore[arg-type]
        return make_index(open_video(tiny_clip, Limits()), "street.mp4", assemble(chosen), chosen)

    return make


def altered(stored: StoredIndex, number: int) -> StoredIndex:
    """Give an index of another video: the looks of the same tracks, each drawn nearer to another one's, and noisy."""
    draw = np.random.default_rng(number)
    seen = stored.index.observations
    assert seen is not None
    fused = seen.look_arrays["fused"]
    share = draw.uniform(0, 1)
    mixed = (1 - share) * fused + share * fused[draw.permutation(len(fused))]
    mixed = (mixed * draw.normal(1, 0.2, fused.shape)).astype(np.float16).astype(fused.dtype)
    made = replace(stored.index, observations=replace(seen, look_arrays={"fused": mixed}))
    video = replace(stored.video, sha256=f"{number:064x}")
    return replace(stored, id=f"{number:032x}", name=f"{number}.mp4", video=video, index=made)


@pytest.fixture(scope="module")
def indexes(watch: Callable[..., StoredIndex], tmp_path_factory: pytest.TempPathFactory) -> Indexes:
    one, sparse = watch(), watch(frame_stride=3)
    made = [one, sparse, *(altered(one, number) for number in range(1, 9))]
    return keep(tmp_path_factory.mktemp("library") / "indexes", made)


@pytest.fixture(scope="module")
def asker(indexes: Indexes) -> Asker:
    return make_asker(next(iter(indexes)))


@pytest.mark.parametrize("query", QUERIES)
def test_hits_are_what_asking_says(indexes: Indexes, asker: Asker, tmp_path: Path, query: str) -> None:
    wanted = answers(indexes, query, lambda _: asker)
    assert len(wanted) > 3
    whole = Searcher(indexes, tmp_path / "search", 2**30).search(query, replace(ALL, exhaustive=True))
    assert set(keys_of(whole)) == wanted.keys()
    check_hits(whole, wanted)
    for memory_bytes in (2**30, 0):
        searcher = Searcher(indexes, tmp_path / "search", memory_bytes)
        found = searcher.search(query, ALL)
        assert keys_of(found) == keys_of(whole)
        check_hits(found, wanted)
        head = searcher.search(query, SearchOptions(top=3))
        assert keys_of(head) == keys_of(whole)[:3]
    assert {hit.score_kind for hit in whole.hits} == {"probability"}
    assert len(table_names(tmp_path / "search")) == 1


def test_a_sentence_of_words_never_trained_warns(indexes: Indexes, tmp_path: Path) -> None:
    found = Searcher(indexes, tmp_path / "search", 2**30).search("a zyzzyva", ALL)
    assert any("zyzzyva" in warning for warning in found.warnings)


def test_frames_that_were_passed_over_count_as_they_do_at_once(
    watch: Callable[..., StoredIndex], asker: Asker, tmp_path: Path
) -> None:
    sparse = watch(frame_stride=3)
    indexes = keep(tmp_path / "indexes", [sparse])
    assert indexes.get(sparse.id).index.frame_stride == 3
    searcher = Searcher(indexes, tmp_path / "search", 2**30)
    for query in QUERIES:
        at_once = ask(sparse, [query], asker).queries[0].tracks
        wanted = {(sparse.id, track.track_id): track for track in at_once}
        assert by_score(answers(indexes, query, lambda _: asker)) == by_score(wanted)
        found = searcher.search(query, ALL)
        assert keys_of(found) == by_score(wanted)
        check_hits(found, wanted)


def test_a_search_looks_at_no_observation_again(
    indexes: Indexes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("all that is needed is in the table")

    searcher = Searcher(indexes, tmp_path / "search", 2**30)
    first = searcher.search("the red car", ALL)
    for name in ("observe", "score", "segment_vectors"):
        monkeypatch.setattr(KumMatcher, name, refuse)
    monkeypatch.setattr(Indexes, "get", refuse)
    assert keys_of(searcher.search("the red car", ALL)) == keys_of(first)
    again = Searcher(indexes, tmp_path / "search", 2**30)  # as another process, later
    assert keys_of(again.search("the red car", ALL)) == keys_of(first)


def test_a_calibrator_of_its_own_is_a_space_of_its_own(
    watch: Callable[..., StoredIndex], asker: Asker, tmp_path: Path
) -> None:
    one = watch()
    bare = replace(altered(one, 1), plugins={key: use for key, use in one.plugins.items() if key != "calibrator"})
    indexes = keep(tmp_path / "indexes", [one, bare])
    found = Searcher(indexes, tmp_path / "search", 2**30).search("cars", ALL)
    wanted = answers(indexes, "cars", make_asker)
    assert {hit.index.id: hit.score_kind for hit in found.hits} == {one.id: "probability", bare.id: "cosine"}
    assert set(keys_of(found)) == wanted.keys()
    for kind in ("probability", "cosine"):
        check_hits(replace(found, hits=tuple(hit for hit in found.hits if hit.score_kind == kind)), wanted, 1e-4)
    assert len(table_names(tmp_path / "search")) == 2


def test_weights_that_are_not_here_leave_their_indexes_out(indexes: Indexes, tmp_path: Path) -> None:
    one = indexes.get(next(iter(indexes)).id)
    lost = replace(altered(one, 77), weights=dict.fromkeys(one.weights, "0" * 64))
    mine = keep(tmp_path / "indexes", [one, lost])
    found = Searcher(mine, tmp_path / "search", 2**30).search("cars", ALL)
    assert [(out.index, out.name) for out in found.left_out] == [(lost.id, "77.mp4")]
    assert "index the video again" in found.left_out[0].why
    assert {hit.index.id for hit in found.hits} == {one.id}
    assert found.searched.indexes == 1
