"""Those indexes that were asked last are kept ready, and forgotten when they are gone."""

from dataclasses import replace
from pathlib import Path

import pytest

from trackspeak.models.errors import NotFoundError
from trackspeak.service import RunOptions
from trackspeak.service.answerer import Answerer
from trackspeak.service.assemble import assemble
from trackspeak.service.indexing import make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.store.index_file import StoredIndex
from trackspeak.service.store.indexes import Indexes


class Vanishing(Indexes):
    """Each index is deleted by somebody else right after it was read."""

    def get(self, index_id: str) -> StoredIndex:
        stored = super().get(index_id)
        self.delete(index_id)
        return stored


@pytest.fixture
def stored(tiny_clip: Path, tiny_model: Path) -> StoredIndex:
    options = RunOptions(set={"matcher.model": str(tiny_model)})
    return make_index(open_video(tiny_clip, Limits()), "street.mp4", assemble(options), options)


def test_an_index_that_is_deleted_while_it_is_asked(stored: StoredIndex, tmp_path: Path) -> None:
    indexes = Vanishing(tmp_path / "indexes")
    indexes.add(stored)
    answerer, options = Answerer(indexes), RunOptions(threshold=-100.0)
    _, result = answerer.ask(stored.id, ["a car"], options)
    assert result.queries[0].tracks
    with pytest.raises(NotFoundError):
        answerer.ask(stored.id, ["a car"], options)


def test_no_more_than_so_many_are_kept(stored: StoredIndex, tmp_path: Path) -> None:
    indexes = Indexes(tmp_path / "indexes")
    ids = [f"{number:032x}" for number in range(3)]
    for index_id in ids:
        indexes.add(replace(stored, id=index_id))
    answerer = Answerer(indexes, size=2)
    first, second = (answerer.stored(one) for one in ids[:2])
    assert answerer.stored(ids[0]) is first
    answerer.stored(ids[2])  # in place of the second, which was asked longer ago
    assert answerer.stored(ids[0]) is first
    assert answerer.stored(ids[1]) is not second
