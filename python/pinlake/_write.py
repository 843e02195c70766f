"""The steps of a write: stage → guarded MERGE → quarantine → books → done.

Each step gives the same result whoever does it and however often, so a run that dies anywhere is
simply done again by the next one, and two processes at work on one run do no harm.

The stage `_stage_<kind>` is one table a kind, overwritten by every write: a folder's tables cannot
be dropped by SQL. Later steps do not read what stands there now but the version that this run
wrote (`VERSION AS OF`, found by the run id in the commit's `userMetadata`). So a slow process that
wakes up and overwrites the stage of a later run changes nothing for it, and the other way round.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinlake import _tables
from pinlake._audit import booked, crossing, staged
from pinlake._books import Books, Extent, RunReport, quality_error
from pinlake._events import append_done, append_failed, append_replacing, replacing
from pinlake._fault import fault
from pinlake._run import Run, advanced
from pinlake._spark import doing, is_conflict, is_lost, quoted, retried
from pinlake._steps import READ, WRITTEN
from pinlake._target import Target
from pinlake.errors import SinkError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Commits of the stage that are searched for this run's; other runs come between only if they are
# at work at the same time.
_STAGE_COMMITS = 100

_RECEIPT = (
    "STRUCT<source: STRING, part: STRING, first: BIGINT, last: BIGINT, objects: BIGINT, "
    "lines: BIGINT, records: BIGINT, bytes: BIGINT, hash: DECIMAL(38,0)>"
)


@dataclass(frozen=True)
class Written:
    """A write whose steps are done, up to the books."""

    books: Books
    stage: str
    extents: list[Extent]


def write(target: Target, df: DataFrame, mode: str = "merge") -> Written:
    """Stage, MERGE, quarantine, books."""
    spark, run = target.spark, target.run
    began = time.monotonic()
    stage = _staged(target, df)
    fault("after-stage", run.kind.name)
    found = staged(spark, stage)
    records = found.accepted.records + found.rejected.records
    run.reached(READ, records)
    replaced = 0
    if found.accepted.records:
        if mode == "append":
            _append(target, stage)
        else:
            replaced = _replacing(target, stage)
            doing(f"merge into {target.table}", lambda: _merge(target, stage))
    fault("after-merge", run.kind.name)
    if found.rejected.records:
        _quarantine(target, stage)
    fault("after-quarantine", run.kind.name)
    run.reached(WRITTEN, records)
    books = booked(target, stage, found, mode)
    if books.updated.records and not replaced:
        # Another process may have merged before this one counted.
        replaced = replacing(spark, run)
    seconds = round(time.monotonic() - began, 3)
    books = replace(books, conflicts=books.conflicts + replaced, seconds=seconds)
    return Written(books, stage, found.extents)


def finish(target: Target, books: Books, extents: list[Extent]) -> Books:
    """Books and marks go to `runs`; books that do not balance fail the run."""
    spark, run = target.spark, target.run
    if books.problems:
        append_failed(spark, run, books=books.to_json())
        raise quality_error(
            f"{run.kind.name}: the books of run {run.id} do not balance: "
            f"{'; '.join(books.problems)}; no mark was moved",
            RunReport((books,)),
        )
    marks = None
    if run.planned and run.n is not None:
        marks, gaps = advanced(run, extents)
        books = books.with_gaps(gaps)
    fault("after-books", run.kind.name)
    append_done(spark, run, books=books.to_json(), marks=marks)
    return books


def _staged(target: Target, df: DataFrame) -> str:
    """Writes the frame to the stage: the only pass over source and Rust; returns its SQL name."""
    frame = _staged_columns(target, df)
    stage = target.run.warehouse.stage(target.kind)
    key = json.dumps({"pinlake": "stage", "run": target.run.id})
    options = {"overwriteSchema": "true", "userMetadata": key}
    writer = frame.write.format("delta").mode("overwrite").options(**options, **_STAGE_PROPERTIES)

    def overwrite() -> int:
        try:
            _tables.save(writer, stage)
        except Exception as error:
            if not is_conflict(error):
                raise
            # Somebody else was first; if it was for the same run, its rows are the same.
            version = _stage_version(target.spark, stage, key)
            if version is None:
                raise
            return version
        version = _stage_version(target.spark, stage, key)
        if version is None:
            version = _empty_version(target.spark, stage)
        if version is None:
            raise SinkError(f"{stage}: this run's version is gone; run again")
        return version

    what = f"read {target.run.landing} and stage it"
    version = doing(what, lambda: retried(overwrite, stage))
    return f"{stage} VERSION AS OF {version}"


# Nobody searches the stage.
_STAGE_PROPERTIES = {"delta.dataSkippingNumIndexedCols": "0"}


def _stage_version(spark: SparkSession, stage: str, key: str) -> int | None:
    """The version that a run wrote: the newest commit as a rule."""
    for commits in (1, _STAGE_COMMITS):
        history = spark.sql(f"DESCRIBE HISTORY {stage} LIMIT {commits}")
        rows = history.select("version", "userMetadata").collect()
        found = [int(row[0]) for row in rows if row[1] == key]
        if found:
            return max(found)
    return None


def _empty_version(spark: SparkSession, stage: str) -> int | None:
    """The newest version, if it holds nothing: no rows over no rows are no commit to Delta."""
    newest = spark.sql(f"DESCRIBE HISTORY {stage} LIMIT 1").select("version").first()
    if newest is None:
        return None
    held = spark.sql(f"SELECT 1 FROM {stage} VERSION AS OF {newest[0]} LIMIT 1").collect()
    return None if held else int(newest[0])


def _staged_columns(target: Target, df: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    receipt = F.col("_receipt") if "_receipt" in df.columns else F.lit(None).cast(_RECEIPT)
    # A write without a plan stamps rows itself: the frame's own run id is nobody's run.
    stamped = {"_run_id": F.lit(target.run.id), "_source": _positioned(target.run)}
    if target.run.query:
        # A stream's frame was made when its query started.
        stamped["_ingested_at"] = F.timestamp_micros(F.lit(target.run.ingested_at))
    columns = [stamped.get(c, F.col(f"`{c}`")).alias(c) for c in target.kind.frame("frame")]
    return df.select(*columns, receipt.alias("_receipt"))


def _positioned(run: Run) -> Column:
    """The position; for rows that came without, one of this write: two of them at one position
    would be one record to MERGE and to quarantine."""
    from pyspark.sql import functions as F

    own = F.struct(
        F.col("_source.epoch").alias("epoch"),
        F.lit(f"frame:{run.ingested_at:020}").alias("name"),
        F.lit("").alias("part"),
        F.lpad(F.monotonically_increasing_id().cast("string"), 20, "0").alias("seq"),
        F.col("_source.item").alias("item"),
    )
    return F.when(F.col("_source.name") == "", own).otherwise(F.col("_source"))


def _replacing(target: Target, stage: str) -> int:
    """Rows of other partitions, epochs or topics that the MERGE replaces; `runs` remembers them,
    for after the MERGE nobody can tell."""
    count = crossing(target.spark, stage, target.table)
    if count and target.run.n is not None:
        append_replacing(target.spark, target.run, count)
    return count


def _merge(target: Target, stage: str) -> None:
    columns = [c for c in target.kind.frame("silver") if c != "_first_run_id"]
    sql = _MERGE.format(
        table=target.table,
        stage=stage,
        columns=", ".join(f"w.`{c}`" for c in columns),
        update=", ".join(f"t.`{c}` = s.`{c}`" for c in columns),
        into=", ".join(f"`{c}`" for c in columns),
        values=", ".join(f"s.`{c}`" for c in columns),
    )
    retried(lambda: target.spark.sql(sql).collect(), f"merge into {target.table}")


# The source holds only rows that change something: MERGE rewrites every file that holds a matched
# row, even where no clause fires. The clauses guard once more, for what was committed meanwhile.
_MERGE = """
MERGE INTO {table} t USING (
  SELECT {columns} FROM (
    SELECT *, row_number() OVER (PARTITION BY ind ORDER BY _source DESC, _fingerprint) place
    FROM {stage} WHERE _reject IS NULL AND _receipt IS NULL) w
  LEFT JOIN (SELECT ind i, _source p, _fingerprint f FROM {table}) x ON w.ind = x.i
  WHERE place = 1
    AND (i IS NULL OR w._source > p OR (w._source = p AND w._fingerprint <> f))) s
ON t.ind = s.ind
WHEN MATCHED AND s._source >= t._source AND s._fingerprint <> t._fingerprint
  THEN UPDATE SET {update}
WHEN MATCHED AND s._source > t._source THEN UPDATE SET t._source = s._source
WHEN NOT MATCHED THEN INSERT ({into}, _first_run_id) VALUES ({values}, s._run_id)
"""


def _keys(run: Run) -> dict[str, str]:
    """Writer options that make an append happen once a run.

    The id of `runs` stands in front: with a new `runs` numbers start again, and Delta would skip
    what bears an old number.
    """
    if run.n is None:
        return {"txnAppId": f"pinlake/{run.id}", "txnVersion": "1"}
    return {"txnAppId": f"{run.runs_id}/{run.app}", "txnVersion": str(run.n)}


def _append_once(target: Target, sql: str, table: str) -> None:
    frame = target.spark.sql(sql)
    writer = frame.write.format("delta").mode("append").options(**_keys(target.run))

    def append() -> None:
        try:
            _tables.save(writer, table)
        except Exception as error:
            if not is_lost(error):
                raise

    doing(f"append to {table}", lambda: retried(append, f"append to {table}"))


def _append(target: Target, stage: str) -> None:
    columns = ", ".join(
        "_run_id AS _first_run_id" if c == "_first_run_id" else f"`{c}`"
        for c in target.kind.frame("silver")
    )
    sql = f"SELECT {columns} FROM {stage} WHERE _reject IS NULL AND _receipt IS NULL"
    _append_once(target, sql, target.table)


def _quarantine(target: Target, stage: str) -> None:
    sql = _QUARANTINE.format(
        kind=quoted(target.kind.name), stage=stage, quarantine=target.quarantine
    )
    _append_once(target, sql, target.quarantine)


# A re-read adds nothing: a record's key is its position, and its bytes: what stands there now may
# be another record than before.
_QUARANTINE = """
SELECT {kind} AS kind, _reject.code AS code, _reject.detail AS detail, _reject.payload AS payload,
  _source, _arrived_at, _ingested_at, _run_id, CAST(NULL AS STRING) AS _replayed_run_id, _hash
FROM {stage} s
LEFT ANTI JOIN (SELECT _source AS known, _hash AS bytes FROM {quarantine} WHERE kind = {kind}) q
  ON s._source = q.known AND s._hash = q.bytes
WHERE _reject IS NOT NULL
"""
