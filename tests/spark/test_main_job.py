"""The main job: the whole of the real records, from a landing to the tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pinlake
from oracle import Table
from pinlake.config import load
from support.landing import Landing, real_records, real_stream
from support.tables import assert_quarantine, assert_silver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES = {"pin": "pins", "geo": "geo", "user": "users"}
# 10,000 objects of one record, as `flush.size=1` makes them, and some of many.
PER = {"pin": 1, "geo": 100, "user": 500}


@pytest.fixture(scope="module")
def landing(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """The three tables, and behind them what an emulator sent, duplicates included."""
    made = Landing(tmp_path_factory.mktemp("landing"))
    for kind, per in PER.items():
        end = made.fill(kind, real_records(real_data, kind), per=per)
        made.fill(kind, real_stream(real_data, kind), start=end)
    return made


def versions(spark: SparkSession, warehouse: str) -> dict[str, int]:
    """The number of commits of every table."""
    names = [*TABLES.values(), "quarantine", "runs", *(f"_stage_{kind}" for kind in TABLES)]
    return {
        name: spark.sql(f"DESCRIBE HISTORY delta.`{warehouse}/{name}`").count() for name in names
    }


def test_real_records_become_the_oracles_tables(
    spark: SparkSession, landing: Landing, warehouse: str
) -> None:
    config = load(landing=landing.url, warehouse=warehouse)
    tables = {kind: Table() for kind in TABLES}

    first = pinlake.run_batch(spark, config)

    assert first.ok
    for books in first.books:
        want = tables[books.kind].write(landing.rows(books.kind), "first")
        assert want.balanced
        for fate in ("read", "inserted", "updated", "unchanged", "superseded", "quarantined"):
            assert getattr(books, fate).records == getattr(want, fate), (books.kind, fate)
        assert books.read.hash == want.hash
        assert_silver(spark, warehouse, books.kind, tables[books.kind])
        assert_quarantine(spark, warehouse, books.kind, tables[books.kind])
    read = {books.kind: books.read.records for books in first.books}
    assert read == {"pin": 2019 + 2262, "geo": 11154 + 2262, "user": 11154 + 2262}

    # Nothing old is read: all but each partition's last object may be gone.
    before = versions(spark, warehouse)
    last = {max(p for p, (of, *_) in landing.objects.items() if of == kind) for kind in TABLES}
    gone = [path for path in landing.objects if path not in last]
    for path in gone:
        path.unlink()
    second = pinlake.run_batch(spark, config)
    assert [books.state for books in second.books] == ["nothing new"] * 3
    assert versions(spark, warehouse) == before

    # A third run reads what came since, and that alone.
    old = list(landing.objects)
    for kind in TABLES:
        start = max(offset for of, _, offset in landing.objects.values() if of == kind) + 1
        landing.put(kind, start, [{"ind": 7, "age": "many", "unknown": 1}, b"{nope"])
    third = pinlake.run_batch(spark, config)
    assert third.ok
    for books in third.books:
        want = tables[books.kind].write(landing.rows(books.kind, since=old), "third")
        assert (books.objects, books.read.records) == (1, 2)
        assert books.superseded.records == want.superseded == 0
        assert_silver(spark, warehouse, books.kind, tables[books.kind])
        assert_quarantine(spark, warehouse, books.kind, tables[books.kind])
