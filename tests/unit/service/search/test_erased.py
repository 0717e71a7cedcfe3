"""What is removed is gone from the disk too, however it lay there, and whoever was killed before."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from trackspeak.models.errors import OutputError
from trackspeak.service.search.forget import forgotten
from trackspeak.service.search.rows import IndexRows
from trackspeak.service.search.table import SegmentTable

RowsMaker = Callable[..., IndexRows]
IDS = tuple(f"{number}dbca98a" * 4 for number in range(6))
NAME = "segments_a"


def traces(folder: Path, index_id: str, rows: IndexRows) -> set[str]:
    """Name what is found of an index in the files below a folder, or in their names."""
    vectors, extras = rows.vectors.vectors, rows.vectors.extras
    wanted = {"id": index_id.encode()}
    for row in range(0, len(vectors), max(1, len(vectors) // 10)):
        wanted |= {f"vector {row}": vectors[row].tobytes(), f"extras {row}": extras[row].tobytes()}
    held = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name for name, text in wanted.items() for path, kept in held.items() if text in kept or index_id in path}


@pytest.mark.parametrize("mix", ["own fragments", "put together", "indexed", "both"])
@pytest.mark.parametrize("gone", [(1, 3), (0, 1, 2, 3, 4, 5)])
def test_no_file_holds_what_was_removed(tmp_path: Path, make_rows: RowsMaker, mix: str, gone: tuple[int, ...]) -> None:
    table = SegmentTable(tmp_path, NAME)
    rows = {index_id: make_rows(300) for index_id in IDS}
    for number, (index_id, one) in enumerate(rows.items()):
        table.add(index_id, one)
        if mix in ("put together", "both") and number in (2, 4):
            table._opened().optimize()
    if mix in ("indexed", "both"):
        table.build_index()
        assert any("_indices" in path.parts for path in tmp_path.rglob("*") if path.is_file())
    assert all({"id", "vector 0", "extras 0"} <= traces(tmp_path, one, rows[one]) for one in IDS)
    removed = [IDS[number] for number in gone]
    table.remove(removed)
    for index_id, one in rows.items():
        if index_id in removed:
            assert traces(tmp_path, index_id, one) == set()
        else:
            assert {"vector 0", "extras 0"} <= traces(tmp_path, index_id, one)  # texts may be packed
    assert table.row_counts() == {one: 300 for one in IDS if one not in removed}
    codes = [path for path in tmp_path.rglob("*") if path.is_file() and "_indices" in path.parts]
    assert codes == []  # they are made of the vectors too
    assert not table.unfinished


def test_what_was_removed_before_a_kill_is_erased_later(
    tmp_path: Path, make_rows: RowsMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: SegmentTable, table: object) -> None:
        raise KeyboardInterrupt

    table, rows = SegmentTable(tmp_path, NAME), make_rows(30)
    table.add(IDS[0], rows)
    table.add(IDS[1], make_rows(30))
    assert not table.unfinished
    with monkeypatch.context() as patch:
        patch.setattr(SegmentTable, "_erase", killed)
        with pytest.raises(KeyboardInterrupt):
            table.remove([IDS[0]])
    assert table.row_counts() == {IDS[1]: 30}
    assert traces(tmp_path, IDS[0], rows)
    again = SegmentTable(tmp_path, NAME)
    assert again.unfinished
    again.add(IDS[2], make_rows(3))
    assert again.unfinished  # until somebody clears away
    again.remove([])
    assert not again.unfinished
    assert traces(tmp_path, IDS[0], rows) == set()
    assert again.row_counts() == {IDS[1]: 30, IDS[2]: 3}


def test_rows_that_were_written_and_never_taken_in_are_erased(tmp_path: Path, make_rows: RowsMaker) -> None:
    table, rows = SegmentTable(tmp_path, NAME), make_rows(30)
    table.add(IDS[1], make_rows(30))
    aside = SegmentTable(tmp_path / "aside", NAME)
    aside.add(IDS[0], rows)
    written = next((tmp_path / "aside").rglob("data/*.lance"))
    written.rename(tmp_path / f"{NAME}.lance" / "data" / written.name)  # as a killed writer leaves it
    (tmp_path / f"{NAME}.unfinished").touch()
    table_folder = tmp_path / f"{NAME}.lance"
    assert {"id", "vector 0"} <= traces(table_folder, IDS[0], rows)
    with forgotten(tmp_path, IDS[0]):
        pass
    assert traces(table_folder, IDS[0], rows) == set()
    assert not table.unfinished
    assert table.row_counts() == {IDS[1]: 30}


def test_forgetting_needs_no_table(tmp_path: Path) -> None:
    with forgotten(tmp_path / "search", IDS[0]):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["search", ".lock"]


def test_forgetting_removes_from_every_table(tmp_path: Path, make_rows: RowsMaker) -> None:
    rows = make_rows(9)
    for name in ("segments_a", "segments_b"):
        table = SegmentTable(tmp_path, name)
        table.add(IDS[0], rows)
        table.add(IDS[1], make_rows(9))
    with forgotten(tmp_path, IDS[0]):
        assert traces(tmp_path, IDS[0], rows) == set()
    assert SegmentTable(tmp_path, "segments_b").row_counts() == {IDS[1]: 9}


def test_a_table_that_cannot_be_written_says_so(tmp_path: Path, make_rows: RowsMaker) -> None:
    table = SegmentTable(tmp_path, NAME)
    table.add(IDS[0], make_rows(3))
    other = make_rows(3, width=5)  # as no matcher of one space gives
    with pytest.raises(OutputError, match="search table could not be written"):
        table.add(IDS[1], other)
    assert table.unfinished
    assert table.row_counts() == {IDS[0]: 3}
    table.remove([])
    assert not table.unfinished
    assert np.isfinite(table.take(table.vectors()[0]).vectors.vectors).all()
