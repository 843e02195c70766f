"""Whether two results are one: as multisets of rows, whatever their order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import Mismatch

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

# Rows compared value by value, beside the hashes of all.
SAMPLE = 5_000


def digest(df: DataFrame) -> dict[str, int]:
    """Number of rows, and for each column the sum of its values' hashes, each with its row's key.

    Two frames of one schema with equal digests hold the same rows, in any order.
    """
    from pyspark.sql import functions as F

    # Wider than a hash: the sum leaves 64 bits at the second row.
    sums = [
        F.sum(F.xxhash64("ind", F.col(f"`{name}`")).cast("decimal(20,0)")).alias(name)
        for name in df.columns
    ]
    row = df.agg(F.count(F.lit(1)).alias("rows"), *sums).first()
    return {name: int(value or 0) for name, value in row.asDict().items()}


def same_digests(found: dict[str, dict[str, int]]) -> None:
    """Raises Mismatch, naming the columns that differ."""
    (first, wanted), *others = found.items()
    for name, digest in others:
        differ = [key for key in wanted if digest.get(key) != wanted[key]]
        if differ or set(digest) != set(wanted):
            counts = f"{wanted['rows']:,} rows and {digest['rows']:,} rows"
            raise Mismatch(f"{first} and {name} differ in {', '.join(differ)} ({counts})")
    if wanted["rows"] == 0:
        raise Mismatch(f"{first} gave no rows")


def same_frames(frames: dict[str, DataFrame]) -> int:
    """Compares all rows by hash and some by value; returns their number."""
    digests = {name: digest(df) for name, df in frames.items()}
    same_digests(digests)
    rows = next(iter(digests.values()))["rows"]
    share = max(1, rows // SAMPLE)
    some = {name: df.where(f"ind % {share} = 0").toArrow() for name, df in frames.items()}
    same_tables(some)
    return rows


def same_tables(tables: dict[str, pa.Table]) -> int:
    """Compares Arrow tables value by value; returns their number of rows."""
    return _all_same({name: _plain_table(t).sort_by("ind") for name, t in tables.items()})


def _all_same(tables: dict[str, pa.Table]) -> int:
    (first, wanted), *others = tables.items()
    for name, table in others:
        _same(first, wanted, name, table)
    if wanted.num_rows == 0:
        raise Mismatch(f"{first} gave no rows")
    return int(wanted.num_rows)


def same_files(files: dict[str, Path], columns: list[str]) -> int:
    """Compares Parquet files value by value, a column at a time; returns their number of rows.

    No key may come twice: rows are put in order by it.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    keys = {name: pq.read_table(path, columns=["ind"]) for name, path in files.items()}
    orders = {name: pc.sort_indices(table, [("ind", "ascending")]) for name, table in keys.items()}
    rows = 0
    for column in columns:
        tables = {
            name: _plain_table(pq.read_table(path, columns=[column])).take(orders[name])
            for name, path in files.items()
        }
        rows = _all_same(tables)
    return rows


def _same(first: str, wanted: pa.Table, name: str, table: pa.Table) -> None:
    if wanted.column_names != table.column_names:
        raise Mismatch(f"{first} has {wanted.column_names}, {name} {table.column_names}")
    if wanted.num_rows != table.num_rows:
        raise Mismatch(f"{first} has {wanted.num_rows:,} rows, {name} {table.num_rows:,}")
    for column in wanted.column_names:
        ours, theirs = wanted.column(column), table.column(column)
        if not ours.equals(theirs):
            raise Mismatch(f"{first} and {name} differ in {column}: {_example(ours, theirs)}")


def _example(ours: Any, theirs: Any) -> str:
    for row, (our, their) in enumerate(zip(ours.to_pylist(), theirs.to_pylist(), strict=True)):
        if our != their:
            return f"row {row} by ind is {our!r} and {their!r}"
    return f"types {ours.type} and {theirs.type}"


def _plain_table(table: pa.Table) -> pa.Table:
    """In types that stand for all of their kind."""
    import pyarrow as pa

    return table.cast(pa.schema([pa.field(f.name, _plain(f.type)) for f in table.schema]))


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_timestamp(kind):
        # Sessions run in UTC, so a moment and a naive time are the same number.
        return pa.timestamp("us")
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_string(kind):
        return pa.large_string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(pa.field("element", kind.value_type))
    return kind
