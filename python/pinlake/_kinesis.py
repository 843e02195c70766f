"""Frames of a Kinesis stream: by Databricks' own source there, by ours elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from pinlake._clean import INVALID, cleaned
from pinlake._kinds import Kind
from pinlake._position import log_records, only
from pinlake._route import patterns
from pinlake._spark import on_databricks
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from typing_extensions import Unpack

# Where a query without a checkpoint begins.
EARLIEST = "earliest"


class KinesisRead(TypedDict, total=False):
    """What both readers of streams take: see `read_kinesis`."""

    region: str | None
    initial: str
    kinds: Sequence[str] | None
    epoch: int
    batch: bool
    options: Mapping[str, str] | None


def read_kinesis(
    spark: SparkSession,
    kind: str | Kind,
    stream: str,
    *,
    region: str | None = None,
    initial: str = EARLIEST,
    kinds: Sequence[str] | None = None,
    epoch: int = 0,
    batch: bool = False,
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """The records of a Kinesis stream, streaming: `value` BINARY, `_source`, `_arrived_at`.

    On Databricks its own `kinesis` source reads them, elsewhere `pinlake_kinesis` (Spark 4.0 on):
    same columns. `initial` is where a query without a checkpoint begins: `"earliest"`, `"latest"`,
    or `'{"at_timestamp": "2026-01-31T09:00:00Z"}'`. `kinds`: those that share the stream; only this
    one's records are read, by their partition keys (a key names a kind that stands in it as a
    word). `epoch` is raised by one when a stream was made anew. `batch=True` gives all that the
    stream holds now instead (not on Databricks).

    `options` are the source's: `endpointUrl`, `maxRecordsPerFetch`, `maxRecordsPerTrigger` and
    `maxBytesPerTrigger` (of each shard), `minFetchPeriod`, `failOnDataLoss`, `aggregated`.
    Credentials come from AWS's own chain, never from options.

    >>> read_kinesis(spark, "pin", "streaming-demo-pin", region="us-east-1").columns
    ['value', '_source', '_arrived_at']

    Raises `ConfigError` for an unknown kind or option, and on Spark before 4.0.
    """
    kind = Kind.of(kind)
    given = _given(stream, region, initial, options)
    if on_databricks():
        if batch:
            raise ConfigError("Databricks' kinesis source reads streams only; leave out batch")
        frame = spark.readStream.format("kinesis").options(**given).load()
    else:
        frame = _ours(spark, given, batch)
    frame = only(frame, "partitionKey", kind, kinds)
    return log_records(
        frame,
        value="data",
        name=("kinesis:", "stream"),
        part=("shardId", 0),
        seq=("sequenceNumber", 56),
        arrived="approximateArrivalTimestamp",
        epoch=epoch,
    )


def clean_kinesis(
    spark: SparkSession,
    kind: str | Kind,
    stream: str,
    *,
    invalid: str = "report",
    **read: Unpack[KinesisRead],
) -> DataFrame:
    """The clean records of a Kinesis stream, for `write_table`.

    As `read_kinesis` and `clean`, but where our source reads, records are fetched, parsed and
    cleaned in one crossing into Rust instead of three. `invalid` as for `clean`. A task ends with a
    receipt row, which `write_table` books and `accepted` leaves out.

    >>> users = clean_kinesis(spark, "user", "streaming-demo-user", region="us-east-1")
    >>> users.isStreaming, users.columns[:2]
    (True, ['ind', 'user_name'])

    Raises as `read_kinesis` and `clean`.
    """
    kind = Kind.of(kind)
    if invalid not in INVALID:
        raise ConfigError(f"invalid={invalid!r}: one of {', '.join(INVALID)}")
    if on_databricks():
        return cleaned(read_kinesis(spark, kind, stream, **read), kind, invalid)
    kinds, epoch = read.get("kinds"), read.get("epoch", 0)
    given = _given(stream, read.get("region"), read.get("initial", EARLIEST), read.get("options"))
    given.update(clean=kind.plan, invalid=invalid, epoch=str(epoch))
    if kinds:
        patterns(kind.name, kinds)
        given["kinds"] = ",".join(kinds)
    return _ours(spark, given, read.get("batch", False))


def _given(
    stream: str, region: str | None, initial: str, options: Mapping[str, str] | None
) -> dict[str, str]:
    given = {str(name): str(value) for name, value in (options or {}).items()}
    given.update(streamName=stream, initialPosition=initial)
    if region:
        given["region"] = region
    return given


def _ours(spark: SparkSession, given: Mapping[str, str], batch: bool) -> DataFrame:
    try:
        from pinlake._kinesis_source import FORMAT, KinesisDataSource
    except ImportError:
        raise ConfigError(
            f"Kinesis is read by a Python data source, which Spark has from 4.0 on; this is "
            f"{spark.version}"
        ) from None
    from pinlake._kinesis_options import KinesisOptions

    KinesisOptions.of(given)
    spark.dataSource.register(KinesisDataSource)
    reader = spark.read if batch else spark.readStream
    return reader.format(FORMAT).options(**given).load()
