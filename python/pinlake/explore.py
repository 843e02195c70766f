"""A first look at a landing: its records as they came, field by field, before any rule.

>>> records = pinlake.explore.sample(spark, "pin", landing)
>>> found = pinlake.explore.fields(records, "pin").where("field = 'follower_count'").first()
>>> found.records, found.placeholders, found.example
(1, 0, '1.5M')
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pinlake._kinds import Kind
from pinlake._source import literal_paths, plan_landing
from pinlake._spark import doing
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame, SparkSession

# Objects that a sample is taken from: a thousand are read in seconds, and a landing of one-record
# objects has millions.
SAMPLE_OBJECTS = 1_000
# What Spark's text reader takes, inflating .gz by the name.
_READABLE = re.compile(r"\.(json|jsonl|ndjson)(\.gz|\.gzip)?$", re.I)


def sample(
    spark: SparkSession,
    kind: str | Kind,
    landing: str,
    *,
    limit: int = 10_000,
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """Lines of a kind's objects as they came, at most `limit`: one column `value` STRING.

    Up to a thousand objects are looked at, spread over the whole landing; of their lines it takes
    those that Spark reads first, so a small `limit` is a look at few of them. Spark's text reader
    reads them, so by Spark's own access to the landing. `options` are the object store's, for
    listing.

    >>> sample(spark, "geo", landing).count()
    1

    Raises `ConfigError` for a limit below 1, `SourceError` if no object of the kind is JSON lines,
    plain or gz; others as `clean_landing`.
    """
    if limit < 1:
        raise ConfigError(f"limit={limit}: at least 1")
    from pinlake import _core

    plan = plan_landing(Kind.of(kind), landing, options=options)
    urls = [url for url in _core.plan_urls(plan) if _READABLE.search(url)]
    if not urls:
        raise SourceError(f"{landing}: no object of JSON lines of kind {Kind.of(kind).name!r}")
    step = -(-len(urls) // SAMPLE_OBJECTS)
    paths = literal_paths(urls[::step])
    return doing("look at the landing", lambda: spark.read.text(paths).limit(limit))


def fields(records: DataFrame, kind: str | Kind) -> DataFrame:
    """What stands in each field of raw records, a row a field, sorted by name.

    `records` has a column `value` of JSON objects, as `sample` gives it. Columns: `field`,
    `column` (the clean column it goes into, null for a field that the kind does not know),
    `records` (that have it), `nulls`, `empty`, `placeholders` (texts that the kind takes for
    missing), `distinct`, `least`, `greatest` (as text), `example`.

    >>> found = fields(sample(spark, "geo", landing), "geo")
    >>> [(row.field, row.column, row.example) for row in found.collect()][:2]
    [('country', 'country', 'Peru'), ('ind', 'ind', '7')]

    Raises `ConfigError` for an unknown kind.
    """
    from pyspark.sql import functions as F

    known = Kind.of(kind)
    parsed = F.from_json("value", "MAP<STRING, STRING>")
    pairs = records.select(F.explode(parsed).alias("field", "text"))
    text = F.col("text")
    found = pairs.groupBy("field").agg(
        F.count("*").alias("records"),
        F.count_if(text.isNull()).alias("nulls"),
        F.count_if(text == "").alias("empty"),
        F.count_if(_is_placeholder(known)).alias("placeholders"),
        F.countDistinct("text").alias("distinct"),
        F.min("text").alias("least"),
        F.max("text").alias("greatest"),
        F.min(F.when(~_is_placeholder(known) & (text != ""), text)).alias("example"),
    )
    column = F.create_map(*(F.lit(word) for pair in _columns(known).items() for word in pair))
    ordered = ("field", "column", *found.columns[1:])
    return found.withColumn("column", column[F.col("field")]).select(*ordered).orderBy("field")


def ranges(clean: DataFrame) -> DataFrame:
    """The range of each column of a clean frame, a row a column: `column`, `type`, `rows`,
    `nulls`, `distinct` (about), `least`, `greatest` (as text; null for arrays).

    >>> found = ranges(pinlake.clean_landing(spark, "user", landing, meta=False)).collect()
    >>> [(row.column, row.least) for row in found if row.column == "age"]
    [('age', '20')]
    """
    from pyspark.sql import functions as F

    # One pass: a struct for each column, then a row for each struct.
    looked: list[Column] = []
    for name, kind in clean.dtypes:
        value = F.col(f"`{name}`")
        sortable = not kind.startswith(("array", "map"))
        least, greatest = (
            (f(value).cast("string") if sortable else F.lit(None).cast("string"))
            for f in (F.min, F.max)
        )
        looked.append(
            F.struct(
                F.lit(name).alias("column"),
                F.lit(kind).alias("type"),
                F.count("*").alias("rows"),
                F.count_if(value.isNull()).alias("nulls"),
                F.approx_count_distinct(value.cast("string")).alias("distinct"),
                least.alias("least"),
                greatest.alias("greatest"),
            )
        )
    return clean.agg(F.array(*looked).alias("all")).select(F.inline("all"))


def _columns(kind: Kind) -> dict[str, str]:
    """The clean column of each raw field."""
    named: dict[str, str] = {"index": "ind", "ind": "ind", kind.key: "ind"}
    for column in kind.column_plans:
        named.update((field, column["name"]) for field in column["fields"])
    return named


def _is_placeholder(kind: Kind) -> Column:
    """Whether the text of a field is one of its placeholders."""
    from pyspark.sql import functions as F

    hit = F.lit(False)
    for column in kind.column_plans:
        given: list[Any] = column.get("placeholders", [])
        exact = [word for word in given if isinstance(word, str)]
        matches = F.col("text").isin(exact) if exact else F.lit(False)
        for pattern in (word["regex"] for word in given if not isinstance(word, str)):
            # The core's expressions match the whole value; Java's $ lets a last newline pass.
            matches = matches | F.col("text").rlike(rf"\A(?:{pattern})\z")
        if given:
            hit = hit | (F.col("field").isin(column["fields"]) & matches)
    return F.coalesce(hit, F.lit(False))
