"""Frames of logs: each record's bytes, its position, and when it arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pinlake._kinds import Kind
from pinlake._route import patterns

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def log_records(
    df: DataFrame,
    *,
    value: str,
    name: tuple[str, str],
    part: tuple[str, int],
    seq: tuple[str, int],
    arrived: str,
    epoch: int,
) -> DataFrame:
    """`value`, `_source` and `_arrived_at` of a log's own columns.

    `name` is a prefix and the column of the log's name; `part` and `seq` are columns and the digits
    that they are filled up to with zeros, for positions are compared as text (0: as they are).
    """
    from pyspark.sql import functions as F

    source = F.struct(
        F.lit(epoch).cast("int").alias("epoch"),
        F.concat(F.lit(name[0]), F.col(name[1])).alias("name"),
        _padded(*part).alias("part"),
        _padded(*seq).alias("seq"),
        F.lit(0).cast("int").alias("item"),
    )
    return df.select(
        F.col(value).alias("value"),
        source.alias("_source"),
        F.col(arrived).alias("_arrived_at"),
    )


def _padded(column: str, digits: int) -> Column:
    from pyspark.sql import functions as F

    text = F.col(column).cast("string")
    # lpad cuts what is longer: a longer number stays, and the core refuses it.
    return F.when(F.length(text) < digits, F.lpad(text, digits, "0")).otherwise(text)


def only(df: DataFrame, key: str, kind: Kind, kinds: Sequence[str] | None) -> DataFrame:
    """The records of one kind of those that share a log, by their keys (see `_route`)."""
    if not kinds:
        return df
    from pyspark.sql import functions as F

    own, others = patterns(kind.name, kinds)
    text = F.coalesce(F.col(key).cast("string"), F.lit(""))
    mine = text.rlike(own)
    theirs = text.rlike(others) if others else F.lit(False)
    return df.where(mine | ~theirs if kind.name == kinds[0] else mine & ~theirs)
