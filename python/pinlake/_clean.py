"""Frames of payloads to frames of clean rows: one mapInArrow into Rust, never a UDF a column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pinlake import _core
from pinlake._kinds import Kind
from pinlake._stamp import Stamp
from pinlake._worker import spare_archives
from pinlake.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from pinlake._run import Run

INVALID = ("report", "quarantine", "fail")

# Names under which clean and clean_columns find a record's position and time.
_POSITION = ("_source", "_arrived_at")


def clean(
    df: DataFrame,
    kind: str | Kind,
    *,
    column: str = "value",
    invalid: str = "report",
    run: Run | None = None,
    meta: bool = True,
) -> DataFrame:
    """Parses and cleans a column of payloads (BINARY or STRING); a row for every record.

    `_source` and `_arrived_at` are taken as each payload's position and time, if `df` has them
    (frames of `read_…` do); without `_source` payloads are numbered a batch, which is no position
    to settle duplicates by. Other columns are left out. Rejected records are rows too, with
    `_reject` set; nothing is dropped. `meta=False` gives the accepted records' clean columns only.

    `invalid`: what a bad field does: `"report"` (null and an entry in `_errors`), `"quarantine"`
    (the record is rejected with code `invalid_field`), `"fail"` (the frame's action fails and
    names the first few; rejected records do not fail it).

    With `run` every task ends with a receipt row, which `write_table` books.

    >>> clean(df, "pin", meta=False).first().follower_count
    1500000

    Raises `SchemaError` if `column` is not there or neither BINARY nor STRING, `ConfigError` for
    an unknown kind or option.
    """
    kind = Kind.of(kind)
    _check(invalid, run, kind, meta)
    payload = _payload(df, column)
    there = [name for name in _POSITION if name in df.columns]
    given = df.select(payload.alias("value"), *there)
    return _mapped(given, kind, _payloads, invalid, run, meta)


def cleaned(df: DataFrame, kind: Kind, invalid: str) -> DataFrame:
    """A frame of `value`, `_source` and `_arrived_at`, clean, with receipts as in a run."""
    work = partial(cleaned_batches, kind.plan, invalid)
    return df.mapInArrow(plain(work), kind.ddl("run"))


def cleaned_batches(
    plan: str, invalid: str, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """In a worker: batches of `value`, `_source` and `_arrived_at`, clean, and a receipt.

    Who writes them stamps them: a stream's frame was made when its query started.
    """
    stamp = {"invalid": invalid, "ingested_at": None, "run_id": None, "frame": "run"}
    return _clean(partial(_payloads, plan, **stamp), plan, "run", batches)


def clean_columns(
    df: DataFrame,
    kind: str | Kind,
    *,
    invalid: str = "report",
    run: Run | None = None,
    meta: bool = True,
) -> DataFrame:
    """Cleans a frame of raw columns (`index`, `title`, … or `ind`, `age`, …) by the same rules.

    A typed frame and the payloads it was read from give the same rows. Columns that the kind does
    not know go to `_rescued_data`; `_source` and `_arrived_at` are taken as in `clean`.
    NaN and infinite floats are bad numbers, not nulls.

    >>> users = spark.createDataFrame([(7, "20")], "ind INT, age STRING")
    >>> clean_columns(users, "user", meta=False).first().age
    20

    Raises `ConfigError` for an unknown kind or option.
    """
    kind = Kind.of(kind)
    _check(invalid, run, kind, meta)
    return _mapped(df, kind, _core.clean_columns, invalid, run, meta)


def _check(invalid: str, run: Run | None, kind: Kind, meta: bool) -> None:
    if invalid not in INVALID:
        raise ConfigError(f"invalid={invalid!r}: one of {', '.join(INVALID)}")
    if run is None:
        return
    if run.kind.name != kind.name:
        raise ConfigError(f"the run is of kind {run.kind.name!r}, not of {kind.name!r}")
    if not meta:
        raise ConfigError("meta=False leaves out what a run books; leave out run as well")


def _payload(df: DataFrame, column: str) -> Column:
    from pyspark.sql import functions as F
    from pyspark.sql import types as T

    if column not in df.columns:
        raise SchemaError(f"no column {column!r}; the frame has {', '.join(df.columns)}")
    found = df.schema[column].dataType
    if not isinstance(found, (T.BinaryType, T.StringType)):
        raise SchemaError(f"column {column!r} is {found.simpleString()}; payloads are binary")
    # As bytes: Spark hands invalid UTF-8 to Arrow's string columns unchecked.
    return F.col(f"`{column}`").cast("binary")


def _mapped(
    df: DataFrame,
    kind: Kind,
    clean_batch: Callable[..., Iterable[Any]],
    invalid: str,
    run: Run | None,
    meta: bool,
) -> DataFrame:
    stamp = Stamp.now(kind.name) if run is None else run.stamp
    frame = "run" if run is not None else "frame" if meta else "clean"
    options = {
        "invalid": invalid,
        "ingested_at": stamp.ingested_at,
        "run_id": stamp.run_id,
        "frame": frame,
    }
    work = partial(_clean, partial(clean_batch, kind.plan, **options), kind.plan, frame)
    return df.mapInArrow(plain(work), kind.ddl(frame))


def _payloads(plan: str, batch: pa.RecordBatch, **options: Any) -> Iterable[Any]:
    named = dict(zip(batch.schema.names, batch.columns, strict=True))
    source, arrived_at = named.get("_source"), named.get("_arrived_at")
    return _core.clean_batches(
        plan, named["value"], source=source, arrived_at=arrived_at, **options
    )


def _clean(
    clean_batch: Callable[[pa.RecordBatch], Iterable[Any]],
    plan: str,
    frame: str,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """In a worker."""
    tally = _Tally(plan) if frame == "run" else None
    for batch in batches:
        for found in map(arrow, clean_batch(batch)):
            if tally is not None:
                tally.add(found)
            yield found
        if tally is not None:
            tally.payloads += batch.num_rows
    if tally is not None:
        yield tally.receipt()


class _Tally:
    """What a task cleaned, as the receipt row it ends with."""

    def __init__(self, plan: str) -> None:
        self.plan = plan
        self.payloads = self.records = self.hash = 0

    def add(self, batch: pa.RecordBatch) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        hashes = batch.column(batch.schema.get_field_index("_hash"))
        self.records += batch.num_rows
        # Wider than the hashes: their sum leaves 64 bits at the second row.
        self.hash += int(pc.sum(hashes.cast(pa.decimal128(38, 0))).as_py() or 0)

    def receipt(self) -> pa.RecordBatch:
        from decimal import Decimal

        import pyarrow as pa

        schema = pa.schema(_core.schema(self.plan, "run"))
        values = {
            "objects": 0,
            "lines": self.payloads,
            "records": self.records,
            "bytes": 0,
            "hash": Decimal(self.hash),
        }
        columns = [pa.nulls(1, field.type) for field in schema]
        columns[-1] = pa.array([values], schema.field("_receipt").type)
        return pa.record_batch(columns, schema=schema)


def arrow(batch: Any) -> pa.RecordBatch:
    """A batch of the core as pyarrow's, which is what Spark takes; nothing is copied."""
    import pyarrow as pa

    return pa.record_batch(batch)


def plain(function: Callable[[Any], Iterable[Any]]) -> Callable[[Any], Iterable[Any]]:
    """A partial as the plain function that Spark asks for; what it holds is pickled by value."""

    def pinlake_rows(batches: Any) -> Iterable[Any]:
        spare_archives()
        return function(batches)

    return pinlake_rows


def accepted(df: DataFrame) -> DataFrame:
    """The rows of a clean frame that are records: no rejects, no receipts.

    >>> accepted(pins).count()
    1

    Raises `SchemaError` if the frame has no `_reject` (`meta=False` leaves it out).
    """
    from pyspark.sql import functions as F

    _need(df, "_reject")
    kept = F.col("_reject").isNull()
    if "_receipt" in df.columns:
        return df.where(kept & F.col("_receipt").isNull()).drop("_receipt")
    return df.where(kept)


def rejected(df: DataFrame) -> DataFrame:
    """The rejected records of a clean frame; `_reject` says why and keeps their bytes.

    >>> rejected(pins).count()
    0

    Raises `SchemaError` if the frame has no `_reject`.
    """
    from pyspark.sql import functions as F

    _need(df, "_reject")
    return df.where(F.col("_reject").isNotNull()).drop("_receipt")


def _need(df: DataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in df.columns]
    if missing:
        raise SchemaError(
            f"the frame has no {', '.join(missing)}: give a frame of clean or clean_landing "
            f"with meta=True"
        )
