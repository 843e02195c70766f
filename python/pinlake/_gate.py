"""Quality gates: over them a run fails, after everything is written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from typing import TYPE_CHECKING

from pinlake import _tables
from pinlake._books import Books, counts
from pinlake._kinds import Kind
from pinlake._spark import quoted
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake._tables import Warehouse
    from pinlake.config import Config


def gates(books: Books, config: Config) -> list[str]:
    """What of a kind's books is over a gate, naming the codes."""
    read = books.read.records
    over = []
    for share, records, codes, what in (
        (config.max_quarantine, books.quarantined.records, books.rejects, "quarantined"),
        (config.max_errors, books.flawed, books.errors, "with bad fields"),
    ):
        if share is not None and records > share * read:
            over.append(
                f"{books.kind}: {records:,} of {read:,} records {what} "
                f"({records / read:.2%}), more than {share:.2%}: {counts(codes)}"
            )
    return over


def kept_books(
    spark: SparkSession, warehouse: Warehouse, kinds: Iterable[Kind], date: str | None = None
) -> tuple[Books, ...]:
    """The books that `runs` keeps: of each kind's last run, or of all runs of a day (UTC, by
    ingestion time), oldest first. Of a run that failed and was done again the later ones count.

    Raises `ConfigError` for a date that is none, `SourceError` if there is no table of runs.
    """
    day = f"AND unix_micros(ingested_at) DIV 86400000000 = {_day(date)}" if date else ""
    if _tables.describe(spark, warehouse.runs) is None:
        raise SourceError(f"{warehouse.root}: no table of runs; make it with pinlake run")
    names = ", ".join(quoted(kind.name) for kind in kinds)
    # A run keeps its id and time when it is done again; what failed stands before what was done.
    sql = (
        f"SELECT kind, run_id, books FROM {warehouse.runs} WHERE state IN ('done', 'failed') "
        f"AND books IS NOT NULL AND kind IN ({names}) {day} "
        f"ORDER BY ingested_at, n, state DESC"
    )
    kept = {
        (row["kind"], row["run_id"] if date else ""): row["books"]
        for row in spark.sql(sql).collect()
    }
    return tuple(map(Books.from_json, kept.values()))


def _day(date: str) -> int:
    """Days since 1970."""
    try:
        day = Date.fromisoformat(date)
    except ValueError:
        raise ConfigError(f"date={date!r}: give a day as YYYY-MM-DD") from None
    return (day - Date(1970, 1, 1)).days
