"""Winners by key do not depend on the order of rows or batches."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pinlake
from oracle import Row, Source, winners
from pinlake import errors
from support.core import assert_same, record_batch, rows_of

SOURCE = pa.struct(
    [
        ("epoch", pa.int32()),
        ("name", pa.string()),
        ("part", pa.string()),
        ("seq", pa.string()),
        ("item", pa.int32()),
    ]
)


@st.composite
def placed(draw: st.DrawFn) -> tuple[Source, bytes]:
    """A geo record of few keys and few contents, somewhere."""
    source = Source(
        draw(st.integers(0, 1)),
        draw(st.sampled_from(["file:a", "kafka:x.geo", "kafka:y.geo"])),
        draw(st.sampled_from(["", f"{0:010}", f"{1:010}", f"{10:010}"])),
        f"{draw(st.integers(0, 12)):020}",
        0,
    )
    ind = draw(st.integers(0, 4))
    payload = f'{{"ind":{ind},"country":"c{draw(st.integers(0, 2))}"}}'.encode()
    return source, draw(st.sampled_from([payload, payload, payload, b"bad", b'{"ind":1}{"ind":2}']))


many = st.lists(placed(), max_size=30, unique_by=lambda one: one[0])


def frame(placed_payloads: list[tuple[Source, bytes]]) -> pa.RecordBatch:
    sources = pa.array([vars(source) for source, _ in placed_payloads], SOURCE)
    payloads = pa.array([payload for _, payload in placed_payloads], pa.binary())
    return record_batch(pinlake.clean_batch("geo", payloads, source=sources))


def deduplicated(batch: pa.RecordBatch) -> list[Row]:
    return rows_of("geo", record_batch(pinlake.dedup_batch("geo", batch)))


def by_key(rows: list[Row]) -> dict[int, Row]:
    found = {row.values["ind"]: row for row in rows if row.values is not None}
    assert len(found) == sum(row.values is not None for row in rows)
    return found


@settings(deadline=None)
@given(rows=many, data=st.data())
def test_greatest_position_wins_in_any_order(
    rows: list[tuple[Source, bytes]], data: st.DataObject
) -> None:
    batch = frame(rows)
    want = winners(rows_of("geo", batch))
    rejected = sorted((row for row in rows_of("geo", batch) if row.reject), key=lambda r: r.source)
    for order in (rows, data.draw(st.permutations(rows))):
        got = deduplicated(frame(list(order)))
        assert by_key(got) == want
        kept = sorted((row for row in got if row.reject), key=lambda row: row.source)
        assert_same(kept, rejected)


@settings(deadline=None)
@given(rows=many, at=st.integers(0, 30))
def test_batch_by_batch_is_the_same(rows: list[tuple[Source, bytes]], at: int) -> None:
    whole = frame(rows)
    parts = [
        record_batch(pinlake.dedup_batch("geo", frame(part))) for part in (rows[:at], rows[at:])
    ]
    joined = pa.Table.from_batches(parts).combine_chunks().to_batches()
    merged = joined[0] if joined else parts[0]
    assert by_key(deduplicated(merged)) == by_key(deduplicated(whole))


@settings(deadline=None)
@given(rows=many)
def test_idempotent(rows: list[tuple[Source, bytes]]) -> None:
    once = record_batch(pinlake.dedup_batch("geo", frame(rows)))
    assert record_batch(pinlake.dedup_batch("geo", once)).equals(once)


def test_the_order_of_positions_is_field_by_field() -> None:
    """Epoch, name, part, seq, item; items as numbers, the others as the text they are."""
    ladder = [
        Source(0, "file:z", "9", "9" * 20, 99),
        Source(1, "file:a", "", "0" * 20, 0),
        Source(1, "file:a", "", "0" * 20, 2),
        Source(1, "file:a", "", "0" * 20, 10),
        Source(1, "file:a", "", "0" * 19 + "1", 0),
        Source(1, "file:a", "0000000000", "0" * 20, 0),
        Source(1, "file:b", "", "0" * 20, 0),
        Source(1, "kafka:a", "", "0" * 20, 0),
        Source(1, "kafka:é", "", "0" * 20, 0),
        Source(1, "kafka:\uffff", "", "0" * 20, 0),
        Source(1, "kafka:😀", "", "0" * 20, 0),
    ]
    rows = [
        replace(row, source=source)
        for source, row in zip(ladder, rows_of("geo", frame_of_items(ladder)), strict=True)
    ]
    assert sorted(rows, key=lambda row: row.source) == rows
    for low, high in itertools.pairwise(ladder):
        for pair in ([low, high], [high, low]):
            (row,) = deduplicated(frame_of_items(pair))
            assert row.source == high


def frame_of_items(sources: list[Source]) -> pa.RecordBatch:
    """One record a position, its item set in the finished frame."""
    batch = frame(
        [(source, f'{{"ind":1,"country":"{n}"}}'.encode()) for n, source in enumerate(sources)]
    )
    at = batch.schema.get_field_index("_source")
    column = pa.array([vars(source) for source in sources], batch.schema.field(at).type)
    columns = [*batch.columns[:at], column, *batch.columns[at + 1 :]]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def test_real_duplicates(real_data: Path) -> None:
    for kind in ("pin", "geo", "user"):
        lines = (real_data / f"real/stream.{kind}.jsonl").read_bytes().splitlines()
        batch = record_batch(pinlake.clean_batch(kind, pa.array(lines, pa.binary())))
        got = rows_of(kind, record_batch(pinlake.dedup_batch(kind, batch)))
        assert len(got) == 2019
        assert by_key(got) == winners(rows_of(kind, batch))


def test_empty() -> None:
    assert deduplicated(frame([])) == []


def test_a_batch_of_another_shape_is_refused() -> None:
    with pytest.raises(errors.PinlakeError):
        pinlake.dedup_batch("geo", pa.record_batch({"a": [1]}))
