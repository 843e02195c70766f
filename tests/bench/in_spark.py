"""Parsing and cleaning inside Spark: a column, a landing of small objects, a large file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pinlake
from bench import native, notebook
from bench.data import USER_ID, Data
from bench.equal import digest, same_digests, same_frames
from bench.measure import Figure, alternate, say

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OURS = "pinlake"


def noop(frame_of: partial[DataFrame]) -> None:
    """Plans a frame, computes every row of it, and throws them away."""
    frame_of().write.format("noop").mode("overwrite").save()


def column(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(a) A column of payloads → clean columns."""
    values = partial(_values, spark, str(data.values()))
    ours = partial(_cleaned, values, meta=False)
    theirs = partial(_from_json, values)
    # Runs both once, which warms them up.
    rows = same_frames({OURS: ours(), "from_json": theirs()})
    took = alternate({OURS: partial(noop, ours), "from_json": partial(noop, theirs)}, rounds)
    what = f"value column → clean columns, {rows:,} pins"
    figures = [Figure("a", what, took[OURS], "from_json + expressions", took["from_json"], 1.7)]
    every = partial(_cleaned, values, meta=True)
    took = alternate({OURS: partial(noop, every), "from_json": partial(noop, theirs)}, rounds)
    what = "… with positions, fingerprints, errors, hashes"
    rival = "from_json, clean columns only"
    return [*figures, Figure("a", what, took[OURS], rival, took["from_json"])]


def small_objects(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(b) A landing of one-record objects → clean columns; each run is counted and hashed."""
    landing = str(data.pin_landing())
    topic = f"{landing}/topics/{USER_ID}.pin"
    ours = partial(_landed, spark, landing)
    schema = partial(_json, spark, topic)
    usual = partial(_globbed, spark, landing)
    say("  warming up")
    same_digests({OURS: digest(ours()), "JSON source": digest(schema())})
    took = alternate(
        {OURS: lambda: digest(ours()), "JSON source": lambda: digest(schema())},
        rounds,
        check=same_digests,
    )
    what = f"landing of {data.sizes.objects:,} one-record objects"
    figures = [Figure("b", what, took[OURS], "JSON source with a schema", took["JSON source"], 5)]
    # A minute each: fewer of them.
    took = alternate(
        {OURS: lambda: digest(ours()), "notebook": lambda: digest(usual())},
        max(1, rounds - 1),
        check=same_digests,
    )
    rival = "usual notebook: glob, inferred schema"
    return [*figures, Figure("b", "… the same", took[OURS], rival, took["notebook"], 20)]


def large_file(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(c) One large NDJSON file → clean columns."""
    path = str(data.pins())
    ours = partial(_landed, spark, path)
    theirs = partial(_json, spark, path)
    rows = same_frames({OURS: ours(), "JSON source": theirs()})
    took = alternate({OURS: partial(noop, ours), "JSON source": partial(noop, theirs)}, rounds)
    what = f"one NDJSON file of {data.pins().stat().st_size / 1e6:,.0f} MB, {rows:,} pins"
    return [Figure("c", what, took[OURS], "JSON source + expressions", took["JSON source"], 1.4)]


def _values(spark: SparkSession, folder: str) -> DataFrame:
    return spark.read.schema("value BINARY").parquet(folder)


def _cleaned(values: partial[DataFrame], *, meta: bool) -> DataFrame:
    return pinlake.clean(values(), "pin", meta=meta)


def _from_json(values: partial[DataFrame]) -> DataFrame:
    return native.clean(native.parsed(values()))


def _landed(spark: SparkSession, url: str) -> DataFrame:
    return pinlake.clean_landing(spark, "pin", url, meta=False)


def _json(spark: SparkSession, path: str) -> DataFrame:
    return native.clean(spark.read.schema(native.RAW).json(path))


def _globbed(spark: SparkSession, landing: str) -> DataFrame:
    return native.clean(notebook.read(spark, landing, f"{USER_ID}.pin"))
