"""Quarantined records again, after a fix: through the same rules, at their own positions."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pinlake import _core, _tables
from pinlake._books import Books, RunReport
from pinlake._clean import clean
from pinlake._kinds import Kind
from pinlake._run import Run
from pinlake._spark import doing, quoted, retried
from pinlake._stamp import Stamp
from pinlake._steps import BOOKED, Steps, Watcher
from pinlake._tables import Warehouse
from pinlake._target import Target
from pinlake._write import finish, write
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Their payload is not the record: cut, or bytes of an archive.
NOT_REPLAYABLE = ("too_large", "corrupt_archive")


def replay(
    spark: SparkSession,
    warehouse: str | Warehouse,
    kinds: Iterable[str | Kind] = ("pin", "geo", "user"),
    *,
    code: str | None = None,
    invalid: str = "report",
    progress: Watcher | None = None,
) -> RunReport:
    """Feeds quarantined records back: cleaned again and merged, each at its own `_source`.

    Records that are accepted now get `_replayed_run_id` after the MERGE and are not fed back
    again; the others stay as they are. `code` takes records of one code only. Records of code
    `too_large` or `corrupt_archive` cannot be replayed: what quarantine keeps is not the record.
    Killed anywhere, it can be called again. `progress` as in `run_batch`.

    >>> run = pinlake.open_run(spark, warehouse, "geo", landing)
    >>> report = pinlake.write_table(pinlake.clean_landing(spark, "geo", landing, run=run), run=run)
    >>> replay(spark, warehouse, ["geo"]).books[0].read.records
    0

    Raises `ConfigError` for an unknown kind or code, `SourceError` if the warehouse has no
    quarantine, `QualityError` if the books do not balance.
    """
    warehouse = Warehouse.of(warehouse)
    _check(code)
    if not _tables.exists(spark, warehouse.quarantine):
        raise SourceError(f"{warehouse.quarantine}: no quarantine here; name a warehouse of runs")
    started = time.monotonic()
    asked = [Kind.of(kind) for kind in kinds]
    # How many records wait for each is not known before it is looked at.
    steps = Steps({kind.name: 1 for kind in asked}, progress)
    books = tuple(_replayed(spark, warehouse, kind, code, invalid, steps) for kind in asked)
    return RunReport(books, time.monotonic() - started)


def _check(code: str | None) -> None:
    known = list(_core.reject_codes())
    if code is not None and code not in known:
        raise ConfigError(f"unknown code {code!r}; known are {', '.join(known)}")
    if code in NOT_REPLAYABLE:
        raise ConfigError(f"records of code {code} cannot be replayed: their bytes are not kept")


def _replayed(
    spark: SparkSession,
    warehouse: Warehouse,
    kind: Kind,
    code: str | None,
    invalid: str,
    steps: Steps,
) -> Books:
    run = Run(kind, "quarantine", warehouse, None, Stamp.now(f"replay-{kind.name}"), "")
    run = replace(run, reached=partial(steps.reached, kind.name))
    table = warehouse.silver(kind)
    waiting = _waiting(spark, warehouse, kind, code)
    if not waiting.limit(1).collect():
        run.reached(BOOKED, 0)
        return Books.nothing_new(run, table)
    _tables.ensure_runs(spark, warehouse)
    _tables.ensure_silver(spark, table, kind)
    target = Target(spark, run, table)
    written = write(target, clean(waiting, kind, invalid=invalid))
    if written.books.balanced:
        doing("mark what was replayed", lambda: _mark(target, written.stage))
    books = finish(target, written.books, [])
    run.reached(BOOKED, books.read.records)
    return books


def _waiting(spark: SparkSession, warehouse: Warehouse, kind: Kind, code: str | None) -> DataFrame:
    from pyspark.sql import functions as F

    found = spark.table(warehouse.quarantine).where(
        (F.col("kind") == kind.name)
        & F.col("_replayed_run_id").isNull()
        & ~F.col("code").isin(*NOT_REPLAYABLE)
    )
    if code is not None:
        found = found.where(F.col("code") == code)
    return found.select(F.col("payload").alias("value"), "_source", "_arrived_at")


def _mark(target: Target, stage: str) -> None:
    sql = f"""
        MERGE INTO {target.quarantine} q USING (
          SELECT DISTINCT _source, _hash FROM {stage}
          WHERE _reject IS NULL AND _receipt IS NULL) s
        ON q.kind = {quoted(target.kind.name)} AND q._source = s._source
          AND q._hash = s._hash AND q._replayed_run_id IS NULL
        WHEN MATCHED THEN UPDATE SET q._replayed_run_id = {quoted(target.run.id)}"""
    retried(lambda: target.spark.sql(sql).collect(), f"mark in {target.quarantine}")
