"""A ledger against the tables: Spark reads their rows, the core judges them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from pinlake import _core, _tables
from pinlake._clean import arrow, plain
from pinlake._kinds import Kind
from pinlake._spark import doing
from pinlake._tables import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


def verify_tables(
    spark: SparkSession, ledger: str | PathLike[str], warehouse: str | Warehouse
) -> dict[str, Any]:
    """Explains every record that a ledger tells of, and every row of the tables it went to.

    Of the records of one `ind` the row has to be the one that stands at the greatest position of
    those that were acknowledged, by `_fingerprint`; any whose place is not known (its sending had
    no known end, was repeated, or Firehose took it) may be it too. Records that are no rows have
    to be in the quarantine with their bytes. Rows that `replay` brought are counted, not judged.
    The tables have to be made of where the records went, and nobody may write to them meanwhile.
    What a record is once it is cleaned, the emulator has written down, by the built-in plans and
    `invalid="report"`: of tables made by other placeholders or rules rows look altered. A table
    written with `mode="append"` holds every version, so all but one of an `ind` count as doubled.

    Gives the dict of `verify` (`missing` counts each `ind`, `doubled` a second row of one, and
    what is `altered` says `why`), and `rows`, `winners`, `duplicates`, `superseded`,
    `quarantined`, `replayed`, where `arrived` is `winners` + `duplicates` + `superseded` +
    `quarantined`. Rows are handed over a batch at a time; holds about 100 bytes a record, up to 300
    while it reads the ledger.

    >>> import tempfile
    >>> from pinlake.config import load
    >>> folder = tempfile.mkdtemp()
    >>> emulator = pinlake.Emulator(count=20, kinds=["geo"], faults={"corrupt": 0.2})
    >>> _ = emulator.run(f"landing:{folder}/landing", ledger=f"{folder}/ledger")
    >>> made = load(landing=f"{folder}/landing", warehouse=warehouse, kind=["geo"])
    >>> _ = pinlake.run_batch(spark, made)
    >>> verdict = verify_tables(spark, f"{folder}/ledger", warehouse)
    >>> verdict["winners"] + verdict["quarantined"], verdict["unexplained"]
    (20, 0)

    Raises `FileNotFoundError` or `SourceError` for a file that is no ledger, `ConfigError` for a
    ledger of an earlier version, which has no fingerprints, or a bad warehouse, `SourceError` if
    a kind has no table there.
    """
    return judged(spark, _core.TablesJudge(ledger), Warehouse.of(warehouse))


def judged(spark: SparkSession, judge: _core.TablesJudge, warehouse: Warehouse) -> dict[str, Any]:
    """The verdict of a judge who has read his ledger. Raises as `verify_tables`."""
    kinds = [Kind.of(name) for name in judge.ledger_kinds]
    tables = [_tables.read(spark, warehouse.silver(kind)) for kind in kinds]
    held = _quarantine(spark, warehouse)
    replays = [] if held is None else _replays(held)
    for kind, table in zip(kinds, tables, strict=True):
        for batch in _batches(_rows(table, replays), warehouse.silver(kind)):
            judge.show_rows(kind.name, batch)
    if held is not None:
        for batch in _batches(_rejected(held), warehouse.quarantine, _core.quarantine_hashes):
            judge.show_quarantined(batch)
    return judge.verdict(warehouse.root)


def _quarantine(spark: SparkSession, warehouse: Warehouse) -> DataFrame | None:
    """The quarantine; nothing was rejected yet where there is none."""
    there = _tables.exists(spark, warehouse.quarantine)
    return _tables.read(spark, warehouse.quarantine) if there else None


def _replays(held: DataFrame) -> list[str]:
    """The runs that fed records back: few, whatever the tables hold."""
    runs = held.where("_replayed_run_id IS NOT NULL").select("_replayed_run_id").distinct()
    return [row[0] for row in doing("look for replays", runs.collect)]


def _rows(table: DataFrame, replays: list[str]) -> DataFrame:
    from pyspark.sql import functions as F

    replayed = F.col("_run_id").isin(replays) if replays else F.lit(False)
    return table.select("ind", "_fingerprint", replayed.alias("replayed"))


def _rejected(held: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    # Of these the payload is cut, and `_hash` is known by it.
    payload = F.when(F.col("code") != "too_large", F.col("payload"))
    source = (F.col(f"_source.{field}") for field in ("name", "part", "seq"))
    return held.select(
        "kind", "code", payload.alias("payload"), "_hash", F.concat_ws("/", *source).alias("at")
    )


def _batches(frame: DataFrame, table: str, of: Any = None) -> Iterator[pa.RecordBatch]:
    """A frame's rows as Arrow batches, one after the other: never all of them at once.

    PySpark has no such call on both of its faces: workers pack batches, the driver takes them as
    rows of one blob each.
    """
    import pyarrow as pa

    packed = frame.mapInArrow(plain(partial(_packed, of)), "batch BINARY")
    rows = packed.toLocalIterator(prefetchPartitions=True)
    while (row := doing(f"read {table}", lambda: next(rows, None))) is not None:
        with pa.ipc.open_stream(pa.py_buffer(row[0])) as stream:
            yield from stream


def _packed(of: Any, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in batches:
        rows = batch if of is None else arrow(of(batch))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_batch(rows)
        blob = pa.array([sink.getvalue().to_pybytes()], pa.binary())
        yield pa.record_batch([blob], names=["batch"])
