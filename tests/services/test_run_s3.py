"""The whole job over a landing on S3: rows as the oracle's, and nothing old listed or read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pinlake
from oracle import Table
from pinlake.config import load
from support.landing import Landing
from support.tables import assert_quarantine, assert_silver
from support.watch import Watch

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PREFIX = "data"


def upload(landing: Landing, put: Callable[[str, bytes], None], since: set[Path]) -> None:
    for path in landing.objects.keys() - since:
        put(f"{PREFIX}/{path.relative_to(landing.folder).as_posix()}", path.read_bytes())


def test_a_landing_becomes_tables_and_nothing_old_is_asked_for(
    spark: SparkSession,
    watch: Watch,
    s3: Any,
    bucket: str,
    put: Callable[[str, bytes], None],
    warehouse: str,
    tmp_path: Path,
) -> None:
    # The oracle reads a folder: the same objects, under the names that they have there.
    made = Landing(tmp_path / "landing")
    made.fill("geo", [{"ind": n % 90, "country": f"C{n % 7}"} for n in range(120)])
    made.put("geo", 120, [b"{nope", {"ind": 3, "latitude": 91, "longitude": 1}])
    made.fill("user", [{"ind": n, "age": n % 80} for n in range(60)], per=20)
    upload(made, put, set())
    config = load(
        landing=f"s3://{bucket}/{PREFIX}",
        warehouse=warehouse,
        kind=["geo", "user"],
        storage={**s3.options, "endpoint": watch.endpoint},
    )
    tables = {"geo": Table(), "user": Table()}

    first = pinlake.run_batch(spark, config)
    assert first.ok
    assert watch.gets == len(made.objects)
    for kind, table in tables.items():
        want = table.write(made.rows(kind), "first")
        books = next(books for books in first.books if books.kind == kind)
        assert (books.read.records, books.inserted.records) == (want.read, want.inserted)
        assert_silver(spark, warehouse, kind, table)
        assert_quarantine(spark, warehouse, kind, table)

    watch.forget()
    assert [b.state for b in pinlake.run_batch(spark, config).books] == ["nothing new"] * 2
    assert (watch.gets, watch.keys) == (0, [])

    old = set(made.objects)
    made.put("geo", 122, [{"ind": 500}])
    upload(made, put, old)
    watch.forget()
    third = {books.kind: books for books in pinlake.run_batch(spark, config).books}
    assert (third["geo"].objects, third["geo"].inserted.records) == (1, 1)
    assert third["user"].state == "nothing new"
    assert watch.gets == len(watch.keys) == 1
    tables["geo"].write(made.rows("geo", since=old), "third")
    assert_silver(spark, warehouse, "geo", tables["geo"])
