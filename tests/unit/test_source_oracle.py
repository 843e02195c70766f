"""Landings and files read in Rust equal the oracle's reading, receipts and positions included."""

from __future__ import annotations

import gzip
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pinlake
from support.core import assert_same
from support.reading import file_rows, landing_rows, put, put_gz, read, read_table
from support.strategies import any_payload

BOM = b"\xef\xbb\xbf"
KINDS = ["pin", "geo", "user"]


def checked(kind: str, landing: Path, tasks: int = 1) -> int:
    """Reads a landing by core and oracle, asserts equality, returns the number of records."""
    rows, sums = read(kind, landing, tasks)
    want = landing_rows(kind, landing)
    assert_same(rows, want)
    assert (sums.records, sums.hash) == (len(want), sum(row.hash for row in want))
    return len(want)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flush", [1, 3, 700])
def test_real_stream_through_a_landing(
    real_data: Path, tmp_path: Path, kind: str, flush: int
) -> None:
    lines = (real_data / f"real/stream.{kind}.jsonl").read_bytes().splitlines()
    topic = f"0a1b.{kind}"
    parts = {part: [line for at, line in enumerate(lines) if at % 3 == part] for part in range(3)}
    for part, given_lines in parts.items():
        for start in range(0, len(given_lines), flush):
            data = b"\n".join(given_lines[start : start + flush]) + b"\n" * (start % 2)
            put(tmp_path, (topic, part, start), data)
    for tasks in (1, 2, 7):
        assert checked(kind, tmp_path, tasks) == 2262
    _, sums = read(kind, tmp_path, 2)
    assert sums.lines == 2262
    for part in parts:
        own = [one for one in sums.extents if one[1] == f"{part:010}"]
        covered = sum(last - first + 1 for _, _, first, last in own)
        assert (own[0][0], covered) == (f"kafka:{topic}", len(parts[part]))


ODD_OBJECTS = {
    "no bytes": b"",
    "one newline": b"\n",
    "two newlines": b"\n\n",
    "mark of byte order only": BOM,
    "mark of byte order": BOM + b'{"ind":1}\n{"ind":2}',
    "mark of byte order in a later line": b'{"ind":1}\n' + BOM + b'{"ind":2}\n',
    "no last newline": b'{"ind":1}\n{"ind":2}',
    "carriage returns": b'{"ind":1}\r\n{"ind":2}\r\n\r\n',
    "tombstones": b'null\n{"ind":1}\nnull\n',
    "blank lines": b' \n{"ind":1}\n\t\n\n{"ind":2}\n ',
    "several in a line": b'{"ind":1}{"ind":2}\n[{"ind":3},{"ind":4}]\n[]\n',
    "rubbish between": b'{"ind":1}\nrubbish\n{"ind":2}x\n\xff\n{"ind":3}',
    "record over two lines": b'{"ind":\n1}\n{"ind":2}',
    "zero bytes": b"\x00\n\x00",
    "line separators of Unicode": '{"ind":1,"country":"a\u2028b\u0085c"}\n{"ind":2}'.encode(),
    "vertical tabs and form feeds": b'{"ind":1}\x0b{"ind":2}\x0c\n{"ind":3}',
    "carriage return alone": b'{"ind":1}\r{"ind":2}',
}


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("name", ODD_OBJECTS)
def test_odd_objects(tmp_path: Path, name: str, gz: bool) -> None:
    (put_gz if gz else put)(tmp_path, ("x.geo", 0, 5), ODD_OBJECTS[name])
    assert checked("geo", tmp_path) > 0


def test_all_odd_objects_together(tmp_path: Path) -> None:
    start = 0
    for number, data in enumerate(ODD_OBJECTS.values()):
        (put_gz if number % 2 else put)(tmp_path, ("x.geo", 0, start), data)
        put(tmp_path, ("x.geo", 12, start + 10**10), data, digits=20)
        start += 40
    for tasks in (1, 3):
        checked("geo", tmp_path, tasks)


def test_topics_of_other_kinds_stay_out(tmp_path: Path) -> None:
    for topic in ("a.geo", "b.c.geo", "a.user", "geo.pin"):
        put(tmp_path, (topic, 0, 0), b'{"ind":1}\n')
    assert checked("geo", tmp_path) == 2
    assert checked("user", tmp_path) == 1


def test_epoch_is_in_every_position(tmp_path: Path) -> None:
    put(tmp_path, ("a.geo", 0, 0), b'{"ind":1}\nbad')
    rows, _ = read("geo", tmp_path, epoch=3)
    assert_same(rows, landing_rows("geo", tmp_path, epoch=3))
    assert {row.source.epoch for row in rows} == {3}


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(data=st.data())
def test_any_objects(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    landing = tmp_path_factory.mktemp("landing")
    line = any_payload("geo").map(lambda payload: (payload or b"null").replace(b"\n", b" "))
    for part in range(data.draw(st.integers(1, 2))):
        start = data.draw(st.integers(0, 5))
        for _ in range(data.draw(st.integers(1, 4))):
            lines = data.draw(st.lists(line, min_size=1, max_size=5))
            end = data.draw(st.sampled_from([b"", b"\n"]))
            # Without a last newline an empty last line is none.
            whole = b"\n".join(lines) + (end if lines[-1] else b"\n")
            (put_gz if data.draw(st.booleans()) else put)(landing, ("t.geo", part, start), whole)
            start += len(lines) + data.draw(st.integers(0, 2))
    checked("geo", landing, data.draw(st.integers(1, 4)))


@pytest.mark.parametrize("name", ODD_OBJECTS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_odd_files(tmp_path: Path, name: str, packed: bool) -> None:
    data = ODD_OBJECTS[name]
    path = tmp_path / ("geo.jsonl.gz" if packed else "geo.jsonl")
    path.write_bytes(gzip.compress(data) if packed else data)
    rows, sums = read("geo", tmp_path)
    want = file_rows("geo", path.as_uri(), data)
    assert_same(rows, want)
    assert (sums.records, sums.hash) == (len(want), sum(row.hash for row in want))


@pytest.fixture(scope="module")
def large(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 20 MiB: real lines, blank ones, rubbish, several records in one."""
    data = (real_data / "real/stream.pin.jsonl").read_bytes()
    lines = data.splitlines(keepends=True)
    extra = [b"\n", b" \r\n", b"rubbish\n", b'{"index":1}{"index":2}\n', b"\xff\n"]
    generator = random.Random(7)
    while len(data) < 20 * 1024 * 1024:
        data += b"".join(generator.sample(lines, 300) + extra)
    path = tmp_path_factory.mktemp("large") / "pin.jsonl"
    path.write_bytes(data)
    return path


def test_a_large_file(large: Path) -> None:
    data = large.read_bytes()
    rows, sums = read("pin", large.parent)
    want = file_rows("pin", large.as_uri(), data)
    assert_same(rows, want)
    assert (sums.records, sums.hash) == (len(want), sum(row.hash for row in want))
    assert [extent[2:] for extent in sums.extents] == [(0, len(data))]


@pytest.mark.parametrize("tasks", [2, 5, 16])
def test_byte_ranges_of_a_large_file(large: Path, tasks: int) -> None:
    """Every line is read once, whichever range it starts in, with its offset as position."""
    whole, _ = read_table("pin", large.parent)
    ranged, sums = read_table("pin", large.parent, tasks)
    assert ranged.combine_chunks().equals(whole.combine_chunks())
    extents = [extent[2:] for extent in sums.extents]
    assert len(extents) > 1
    assert (extents[0][0], extents[-1][1]) == (0, large.stat().st_size)
    assert all(one[1] == other[0] for one, other in pairwise(extents))
    assert sums.records == whole.num_rows
    assert sums.hash == sum(whole.column("_hash").to_pylist())


@pytest.mark.parametrize("form", ["concatenated", "array", "blanks"])
def test_a_file_without_newlines(tmp_path: Path, form: str) -> None:
    """One line, read as a stream, gives what the oracle gives for one payload."""
    record = b'{"ind":%d,"country":"' + b"c" * 2_000 + b'"}'
    records = [record % number for number in range(3_000)]
    data = {
        "concatenated": b"".join(records) + b"rubbish",
        "array": b"[" + b",".join(records) + b"]",
        "blanks": b" ".join(records) + b" [] null " + b"[" + b",".join(records[:5]) + b"] {bad",
    }[form]
    path = tmp_path / "geo.json"
    path.write_bytes(data)
    for tasks in (1, 4):
        rows, sums = read("geo", tmp_path, tasks)
        want = file_rows("geo", path.as_uri(), data)
        assert_same(rows, want)
        assert (sums.records, sums.hash) == (len(want), sum(row.hash for row in want))


def test_a_stream_longer_than_a_chunk(tmp_path: Path) -> None:
    """70 MiB in one line: every record is there once, numbered on."""
    record = b'{"ind":%d,"country":"' + b"c" * 100_000 + b'"}'
    data = b"".join(record % number for number in range(740))
    assert len(data) > 70 * 1024 * 1024
    (tmp_path / "geo.json").write_bytes(data)
    rows, sums = read("geo", tmp_path)
    assert [row.values["ind"] for row in rows if row.values] == list(range(740))
    assert [row.source.item for row in rows] == list(range(740))
    assert sums.records == 740


def test_an_unreadable_tail_is_quarantined_and_names_the_file(tmp_path: Path) -> None:
    data = b"".join(b'{"ind":%d,"country":"x%d"}\n' % (n, n * 7919 % 1000) for n in range(5_000))
    packed = gzip.compress(data)
    (tmp_path / "geo.jsonl.gz").write_bytes(packed[: len(packed) * 2 // 3])
    rows, sums = read("geo", tmp_path)
    good = [row for row in rows if row.values is not None]
    assert 1_000 < len(good) < 5_000
    assert [row.values["ind"] for row in good if row.values] == list(range(len(good)))
    rest = rows[len(good) :]
    assert [row.reject.code for row in rest if row.reject][-1] == "corrupt_archive"
    assert "geo.jsonl.gz" in rest[-1].source.name
    assert sums.records == len(rows)
    assert sum(row.hash for row in rows) == sums.hash


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises((FileNotFoundError, pinlake.errors.SourceError), match="nowhere"):
        read("geo", tmp_path / "nowhere")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(pinlake.errors.SourceError, match="nothing to read"):
        read("geo", tmp_path)
