"""Cleaning without Spark: any Arrow array of payloads in, a record batch out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pinlake import _core
from pinlake._kinds import Kind
from pinlake._stamp import micros


def clean_batch(
    kind: str | Kind,
    payloads: Any,
    *,
    source: Any = None,
    arrived_at: Any = None,
    invalid: str = "report",
    ingested_at: datetime | int | None = None,
    run_id: str | None = None,
    meta: bool = True,
) -> Any:
    """Parses and cleans an Arrow array of payloads; a row for every record, rejected ones too.

    `payloads` is a binary or string array of any Arrow library that speaks the PyCapsule interface
    (pyarrow, polars, DuckDB, …). `source` is an array of `_source` structs and `arrived_at` one of
    timestamps, both as long as `payloads`; without `source` payloads are numbered from 0.
    `ingested_at` is a time (a naive one is UTC) or µs since 1970. `invalid` as in `clean`.
    `meta=False` gives the clean columns of accepted records only.

    Returns one record batch, which speaks the same interface: `pyarrow.record_batch(batch)`.
    Raises `SchemaError` for another array type, `ConfigError` for an unknown kind or option,
    `QualityError` for a bad field with `invalid="fail"`.

    >>> import pyarrow as pa
    >>> batch = clean_batch("user", pa.array([b'{"ind": 7, "age": "20"}']), meta=False)
    >>> pa.record_batch(batch).to_pylist()
    [{'ind': 7, 'user_name': None, 'age': 20, 'date_joined': None}]
    """
    return _core.clean_batch(
        Kind.of(kind).plan,
        payloads,
        source=source,
        arrived_at=arrived_at,
        invalid=invalid,
        ingested_at=micros(ingested_at),
        run_id=run_id,
        frame="frame" if meta else "clean",
    )


def dedup_batch(kind: str | Kind, batch: Any) -> Any:
    """Of accepted rows of one `ind` the one at the greatest `_source`; rejected rows stay.

    `batch` is what `clean_batch` returns. Raises `SchemaError` if it lacks `_source` or `_reject`.

    >>> import pyarrow as pa
    >>> twice = clean_batch("user", pa.array([b'{"ind": 7}', b'{"ind": 7, "age": 30}']))
    >>> pa.record_batch(dedup_batch("user", twice)).column("age").to_pylist()
    [30]
    """
    Kind.of(kind)
    return _core.dedup_batch(batch)


def follower_count(values: Any) -> Any:
    """Texts such as `437`, `79k`, `1.5M`, `1,200` as 64-bit integers; null where one is none.

    `values` is any Arrow string array; so is what comes back an Arrow array.

    >>> import pyarrow as pa
    >>> pa.array(follower_count(pa.array(["79k", "1.5M", "many"]))).to_pylist()
    [79000, 1500000, None]
    """
    return _core.follower_count(values)
