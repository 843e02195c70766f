"""Books that `runs` keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date as Date
from typing import TYPE_CHECKING

from pinlake import _tables
from pinlake._books import Books, summed
from pinlake._kinds import Kind
from pinlake._run import STREAM
from pinlake._spark import quoted
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake._tables import Warehouse


def kept_books(
    spark: SparkSession, warehouse: Warehouse, kinds: Iterable[Kind], date: str | None = None
) -> tuple[Books, ...]:
    """The books that `runs` keeps: of each kind's last run of a landing, or of all runs of a day
    (UTC, by ingestion time), oldest first, a stream's micro-batches too: one of them alone says
    nothing. Of a run that failed and was done again the later ones count.

    Raises `ConfigError` for a date that is none, `SourceError` if there is no table of runs.
    """
    if date:
        which = f"unix_micros(ingested_at) DIV 86400000000 = {_day(date)}"
    else:
        which = f"NOT startswith(landing, {quoted(STREAM)})"
    if _tables.describe(spark, warehouse.runs) is None:
        raise SourceError(f"{warehouse.root}: no table of runs; make it with pinlake run")
    names = ", ".join(quoted(kind.name) for kind in kinds)
    # A run keeps its id and time when it is done again; what failed stands before what was done.
    sql = (
        f"SELECT kind, run_id, books FROM {warehouse.runs} WHERE state IN ('done', 'failed') "
        f"AND books IS NOT NULL AND kind IN ({names}) AND {which} "
        f"ORDER BY ingested_at, n, state DESC"
    )
    kept = {
        (row["kind"], row["run_id"] if date else ""): row["books"]
        for row in spark.sql(sql).collect()
    }
    return tuple(map(Books.from_json, kept.values()))


def streamed_books(
    spark: SparkSession, warehouse: Warehouse, checkpoints: Mapping[str, str], since: int
) -> tuple[Books, ...]:
    """The books of all micro-batches of streams since a moment (µs since 1970), one sum a kind.

    `checkpoints` is by kind. A kind without a record since then has books of nothing.
    """
    names = ", ".join(quoted(f"{STREAM}{one}") for one in checkpoints.values())
    sql = (
        f"SELECT kind, books FROM {warehouse.runs} WHERE state IN ('done', 'failed') "
        f"AND books IS NOT NULL AND landing IN ({names}) "
        f"AND unix_micros(ingested_at) >= {since} ORDER BY n"
    )
    found: dict[str, list[Books]] = {kind: [] for kind in checkpoints}
    for row in spark.sql(sql).collect():
        found[row["kind"]].append(Books.from_json(row["books"]))
    return tuple(
        summed(books) if books else Books(kind, "", f"{STREAM}{checkpoints[kind]}", "")
        for kind, books in found.items()
    )


def _day(date: str) -> int:
    """Days since 1970."""
    try:
        day = Date.fromisoformat(date)
    except ValueError:
        raise ConfigError(f"date={date!r}: give a day as YYYY-MM-DD") from None
    return (day - Date(1970, 1, 1)).days
