"""Writing a frame to its table: a batch at once, or a stream batch by batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pinlake import _tables
from pinlake._books import Books, RunReport
from pinlake._kinds import Kind
from pinlake._run import Run
from pinlake._stamp import Stamp
from pinlake._stream import write_stream
from pinlake._target import Target
from pinlake._write import finish, write
from pinlake.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming.query import StreamingQuery

MODES = ("merge", "append")


def write_table(
    df: DataFrame,
    table: str | None = None,
    *,
    kind: str | Kind | None = None,
    run: Run | None = None,
    mode: str = "merge",
    checkpoint: str | None = None,
    trigger: str | None = None,
) -> RunReport | StreamingQuery:
    """Writes a clean frame to its table and its rejects to quarantine, and books every record.

    `table` is a path, `catalog.schema.table`, or, with `run`, left out for the kind's own name in
    the run's warehouse; tables are made if they are not there, `quarantine` and `runs` beside
    it. One row an `ind` stays, the one at the greatest `_source`. `mode="append"` appends all
    accepted records instead, duplicates too.

    With `run` its marks move at the end. A run that died is taken over by the next `open_run`;
    writing it again changes nothing. Without `run` the write stands alone, with a run id of its
    own, and a repeated one finds only duplicates (`mode="merge"`). Rows that have no position
    (`clean` of a frame without `_source`) get one here: in the order of their frame, behind all
    earlier writes of such rows; writing them again adds their rejects to quarantine again.

    A streaming frame starts a query, which is returned: one a table, with a `checkpoint` of its
    own (a folder). Each micro-batch is a run, `<query id>-<batch id>`, with books of its own in
    `runs`; killed anywhere, the next start does its last batch again and changes nothing that was
    done. `trigger` is Spark's interval (`"10 seconds"`), or `"available now"`, which ends once
    what is there now was written.

    >>> run = pinlake.open_run(spark, warehouse, "geo", landing)
    >>> report = write_table(pinlake.clean_landing(spark, "geo", landing, run=run), run=run)
    >>> report.books[0].inserted.records, report.books[0].balanced
    (1, True)

    Raises `QualityError` with the report as its `report` if the books do not balance: no mark
    moves then, and the next run does the work again. `SchemaError` if the frame has no position or
    verdict, or the table other columns than the plan; `SinkError` if other writers were first too
    often.
    """
    if mode not in MODES:
        raise ConfigError(f"mode={mode!r}: one of {', '.join(MODES)}")
    if df.isStreaming and run is not None:
        raise ConfigError("a stream's batches are runs of their own; leave out run")
    if not df.isStreaming and (checkpoint or trigger):
        raise ConfigError("checkpoint and trigger are a stream's; this frame is none")
    run, name = _run_of(df, table, kind, run)
    if not df.isStreaming:
        return write_frame(df, run, name, mode)
    _check_frame(df, run.kind)
    return write_stream(
        df, run.kind, run.warehouse, name, mode=mode, checkpoint=checkpoint, trigger=trigger
    )


def write_frame(df: DataFrame, run: Run, name: str, mode: str = "merge") -> RunReport:
    """Writes a batch frame to a table by its SQL name."""
    _check_frame(df, run.kind)
    spark = df.sparkSession
    if run.nothing_new:
        return RunReport((Books.nothing_new(run, name),))
    if run.planned and run.n is None:
        raise ConfigError("a run opened with dry_run can be looked at, not written")
    _tables.ensure_silver(spark, name, run.kind)
    _tables.ensure_quarantine(spark, run.warehouse, run.kind)
    target = Target(spark, run, name)
    if run.planned and run.objects == 0:
        return RunReport((finish(target, Books.nothing_new(run, name), []),))
    written = write(target, df, mode)
    return RunReport((finish(target, written.books, written.extents),))


def _run_of(
    df: DataFrame, table: str | None, kind: str | Kind | None, run: Run | None
) -> tuple[Run, str]:
    if run is not None:
        if kind is not None and Kind.of(kind).name != run.kind.name:
            raise ConfigError(f"the run is of kind {run.kind.name!r}, not of {kind!r}")
        if table is None:
            return run, run.warehouse.silver(run.kind)
        warehouse, name = _tables.split(table)
        return run, warehouse.table(name)
    if table is None:
        raise ConfigError("name a table, or give the run that the frame was read in")
    warehouse, name = _tables.split(table)
    kind = _kind_of(name) if kind is None else Kind.of(kind)
    spark = df.sparkSession
    stamp = Stamp.now(kind.name)
    alone = Run(kind, warehouse.table(name), warehouse, None, stamp, "")
    return replace(alone, runs_id=_tables.ensure_runs(spark, warehouse)), warehouse.table(name)


def _kind_of(table: str) -> Kind:
    from pinlake import _core

    for kind in map(Kind.of, _core.kinds()):
        if kind.table == table:
            return kind
    raise ConfigError(f"table {table!r} is of no built-in kind: give kind=")


def _check_frame(df: DataFrame, kind: Kind) -> None:
    there = df.columns
    missing = [column for column in kind.frame("frame") if column not in there]
    if missing:
        raise SchemaError(
            f"the frame has no {', '.join(missing)}: give a frame of clean, clean_columns or "
            f"clean_landing of kind {kind.name!r} with meta=True"
        )
