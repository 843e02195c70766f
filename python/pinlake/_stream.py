"""Streams into tables: a query and a checkpoint a table, a micro-batch by the steps of every write.

A micro-batch that is done again, after a crash anywhere, has the run id of the first time (the
query's id and the batch's number), stages the same records, and changes nothing that was done.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pinlake import _tables
from pinlake._fault import fault
from pinlake._kinds import Kind
from pinlake._run import STREAM, Run
from pinlake._stamp import Stamp
from pinlake._tables import Warehouse
from pinlake._target import Target
from pinlake._write import finish, write
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery
    from pyspark.sql.streaming.readwriter import DataStreamWriter

# A micro-batch is some seconds of work on two cores: more often serves nobody.
TRIGGER = "10 seconds"
AVAILABLE_NOW = "available now"

# Name of the figures that a query's progress carries.
OBSERVED = "pinlake"


@dataclass(frozen=True)
class StreamPlan:
    """What a micro-batch is written by: plain values only, for it may be in another process."""

    plan: str
    table: str
    root: str
    names: Mapping[str, str]
    checkpoint: str
    mode: str
    runs_id: str
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    """Of one start of a query: what is remembered of it is remembered by this."""


def write_stream(
    df: DataFrame,
    kind: Kind,
    warehouse: Warehouse,
    table: str,
    *,
    mode: str,
    checkpoint: str | None,
    trigger: str | None,
) -> StreamingQuery:
    """Starts the query that writes a clean streaming frame to its table."""
    if not checkpoint:
        raise ConfigError(
            "a stream needs a checkpoint: a folder of its own, which says how far it was read"
        )
    spark = df.sparkSession
    _tables.ensure_silver(spark, table, kind)
    _tables.ensure_quarantine(spark, warehouse, kind)
    plan = StreamPlan(
        kind.plan,
        table,
        warehouse.root,
        dict(warehouse.names),
        checkpoint.rstrip("/"),
        mode,
        _tables.ensure_runs(spark, warehouse),
    )
    writer = _observed(df).writeStream.queryName(f"pinlake {kind.name}, {plan.checkpoint}")
    writer = writer.option("checkpointLocation", plan.checkpoint)
    return _triggered(writer, trigger).foreachBatch(partial(write_batch, plan)).start()


def _triggered(writer: DataStreamWriter, trigger: str | None) -> DataStreamWriter:
    if trigger == AVAILABLE_NOW:
        return writer.trigger(availableNow=True)
    return writer.trigger(processingTime=trigger or TRIGGER)


def _observed(df: DataFrame) -> DataFrame:
    """The frame with figures that a query's progress shows: no pass of its own."""
    from pyspark.sql import functions as F

    record = F.col("_receipt").isNull() if "_receipt" in df.columns else F.lit(True)
    rejected = F.col("_reject").isNotNull()
    return df.observe(
        OBSERVED,
        _count(record, "records"),
        _count(rejected, "quarantined"),
        F.max("_arrived_at").alias("newest"),
    )


def _count(condition: Any, name: str) -> Any:
    from pyspark.sql import functions as F

    return F.count(F.when(condition, 1)).alias(name)


def write_batch(plan: StreamPlan, df: DataFrame, batch_id: int) -> None:
    """One micro-batch; called by Spark, on Connect in a process of its own."""
    spark = df.sparkSession
    run = _run(plan, spark, batch_id)
    target = Target(spark, run, plan.table)
    written = write(target, df, plan.mode)
    # A batch without records leaves no row in `runs`, unless something is wrong with it.
    if written.books.read.records or written.books.problems:
        finish(target, written.books, [])
    fault("before-commit", run.kind.name)


def _run(plan: StreamPlan, spark: SparkSession, batch_id: int) -> Run:
    kind = Kind(plan.plan)
    query = _query_id(plan, spark)
    stamp = replace(Stamp.now(kind.name), run_id=f"{query}-{batch_id}")
    return Run(
        kind,
        f"{STREAM}{plan.checkpoint}",
        Warehouse(plan.root, dict(plan.names)),
        batch_id,
        stamp,
        "",
        runs_id=plan.runs_id,
        query=query,
    )


# Of queries that this process has written batches of: their ids, by the nonce of their start.
_QUERIES: dict[str, str] = {}


def _query_id(plan: StreamPlan, spark: SparkSession) -> str:
    """The query's id as its checkpoint keeps it: one that came of the path would make Delta pass
    over everything after a checkpoint was deleted."""
    if plan.nonce not in _QUERIES:
        rows = spark.read.text(f"{plan.checkpoint}/metadata").collect()
        try:
            _QUERIES[plan.nonce] = str(json.loads("".join(row[0] for row in rows))["id"])
        except (ValueError, KeyError):
            raise SourceError(f"{plan.checkpoint}/metadata: says no query's id") from None
    return _QUERIES[plan.nonce]
