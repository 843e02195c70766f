"""Upkeep of a warehouse: OPTIMIZE, VACUUM, statistics, an empty stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pinlake import _tables
from pinlake._kinds import Kind
from pinlake._spark import retried
from pinlake._tables import Warehouse
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Delta refuses less without a session setting, and rightly: a reader or a slow run may still need
# the files.
LEAST_RETENTION_HOURS = 168


def maintain(
    spark: SparkSession,
    warehouse: str | Warehouse,
    kinds: Iterable[str | Kind] = ("pin", "geo", "user"),
    *,
    retain_hours: float = LEAST_RETENTION_HOURS,
    progress: Callable[[int, float], None] | None = None,
) -> list[dict[str, Any]]:
    """Compacts and clusters tables (OPTIMIZE), removes files that no version within
    `retain_hours` needs (VACUUM), renews statistics where the tables are a catalog's, and empties
    the stages of finished runs.

    Returns a dictionary a table: its name, files and bytes before and after, seconds, and what
    could not be done. Safe beside runs: a run that loses a commit to it tries again. `progress`
    is called with the tables done and what share of them that is.

    >>> run = pinlake.open_run(spark, warehouse, "geo", landing)
    >>> report = pinlake.write_table(pinlake.clean_landing(spark, "geo", landing, run=run), run=run)
    >>> len(maintain(spark, warehouse, ["geo"])) >= 3
    True

    Raises `SourceError` if the warehouse holds no table of these, `ConfigError` for an unknown
    kind or fewer than 168 hours.
    """
    if retain_hours < LEAST_RETENTION_HOURS:
        raise ConfigError(
            f"retain_hours={retain_hours}: at least {LEAST_RETENTION_HOURS}; younger files may be "
            f"in use"
        )
    warehouse = Warehouse.of(warehouse)
    plans = [Kind.of(kind) for kind in kinds]
    tables = [*(warehouse.silver(kind) for kind in plans), warehouse.quarantine, warehouse.runs]
    stages = [warehouse.stage(kind) for kind in plans]
    there = {table: _tables.describe(spark, table) for table in [*tables, *stages]}
    if not any(there[table] for table in tables):
        raise SourceError(f"{warehouse.root}: no tables here; make them with pinlake run")
    found = {table: detail for table, detail in there.items() if detail is not None}
    report = []
    for table, detail in found.items():
        report.append(_kept(spark, warehouse, table, detail, table in stages, retain_hours))
        if progress is not None:
            progress(len(report), len(report) / len(found))
    return report


def _kept(
    spark: SparkSession,
    warehouse: Warehouse,
    table: str,
    before: dict[str, Any],
    stage: bool,
    retain_hours: float,
) -> dict[str, Any]:
    started = time.monotonic()
    failed: dict[str, str] = {}

    def attempt(name: str, sql: str) -> None:
        try:
            retried(lambda: spark.sql(sql).collect(), f"{name} {table}")
        except Exception as error:
            failed[name] = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

    if stage:
        _empty_stage(spark, warehouse, table, attempt)
    else:
        attempt("OPTIMIZE", f"OPTIMIZE {table}")
    attempt("VACUUM", f"VACUUM {table} RETAIN {retain_hours:g} HOURS")
    if warehouse.is_catalog and not stage:
        attempt("ANALYZE", f"ANALYZE TABLE {table} COMPUTE STATISTICS")
    after = _tables.describe(spark, table) or before
    return {
        "table": table,
        "files_before": before["numFiles"],
        "files": after["numFiles"],
        "bytes_before": before["sizeInBytes"],
        "bytes": after["sizeInBytes"],
        "seconds": round(time.monotonic() - started, 3),
        "failed": failed,
    }


def _empty_stage(
    spark: SparkSession, warehouse: Warehouse, table: str, attempt: Callable[[str, str], None]
) -> None:
    """Empties a stage; a run at work reads its own version and does not notice."""
    if spark.table(table).limit(1).count():
        attempt("empty", f"DELETE FROM {table}")
