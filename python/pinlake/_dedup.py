"""One row an `ind` within a frame; between frames and tables `write_table` settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinlake._clean import _need
from pinlake._kinds import Kind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def dedup(df: DataFrame, kind: str | Kind) -> DataFrame:
    """Of accepted rows of one `ind` the one at the greatest `_source`; rejected rows stay.

    Same answer in whatever order rows come: `_source` is one total order. Of rows without
    positions, and of two versions at one position, the content decides which one stays. Receipts
    are dropped.

    >>> dedup(pins, "pin").count()
    1

    Raises `SchemaError` if the frame is none of `clean` with `meta=True`, `ConfigError` for an
    unknown kind.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    Kind.of(kind)
    _need(df, "ind", "_source", "_reject", "_fingerprint", "_hash")
    if "_receipt" in df.columns:
        df = df.where(F.col("_receipt").isNull()).drop("_receipt")
    # A rejected row has no ind: its position and bytes make it a group of its own, its place in
    # the frame where it has no position.
    nowhere = F.when(F.col("_source.name") == "", F.monotonically_increasing_id())
    alone = F.when(F.col("_reject").isNotNull(), F.struct("_source", "_hash", nowhere))
    newest = Window.partitionBy("ind", "_alone").orderBy(F.col("_source").desc(), "_fingerprint")
    place = F.row_number().over(newest)
    df = df.withColumn("_alone", alone)
    return df.withColumn("_place", place).where("_place = 1").drop("_place", "_alone")


def posts(pins: DataFrame, geo: DataFrame, users: DataFrame) -> DataFrame:
    """The three tables as one row a post: inner join on `ind`, clean columns only.

    >>> posts(pins, geo, users).columns[:2]
    ['ind', 'unique_id']
    """
    tables = [
        frame.select(*Kind.of(kind).columns)
        for kind, frame in (("pin", pins), ("geo", geo), ("user", users))
    ]
    return tables[0].join(tables[1], "ind").join(tables[2], "ind")
