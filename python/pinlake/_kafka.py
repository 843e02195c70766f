"""Frames of Kafka topics, by Spark's own source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from pinlake._clean import INVALID, cleaned
from pinlake._kafka_options import secured
from pinlake._kinds import Kind
from pinlake._position import log_records, only
from pinlake._spark import doing
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from typing_extensions import Unpack

# What a micro-batch takes of all partitions, so that a backlog is worked off in pieces.
RECORDS_A_TRIGGER = 500_000


class KafkaRead(TypedDict, total=False):
    """What both readers of topics take: see `read_kafka`."""

    initial: str
    kinds: Sequence[str] | None
    epoch: int
    batch: bool
    security: str | Mapping[str, str]
    options: Mapping[str, str] | None


def read_kafka(
    spark: SparkSession,
    kind: str | Kind,
    servers: str,
    topic: str,
    *,
    initial: str = "earliest",
    kinds: Sequence[str] | None = None,
    epoch: int = 0,
    batch: bool = False,
    security: str | Mapping[str, str] = "plaintext",
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """The records of a Kafka topic as a streaming frame: `value` BINARY, `_source`, `_arrived_at`.

    Spark's own source reads them; outside Databricks its jars must be there (`pinlake doctor` says
    so). `servers` is `host:9092,…`. `initial` is where a query without a checkpoint begins:
    `"earliest"` or `"latest"`. `kinds`: those that share the topic; only this one's records are
    read, by their keys (a key names a kind that stands in it as a word). `epoch` is raised by one
    when a topic was made anew. `batch=True` gives all that the topic holds now instead.

    `security`: `plaintext`, `tls`, `plain`, `scram-sha-256`, `scram-sha-512` (user and password of
    `PINLAKE_KAFKA_USERNAME` and `PINLAKE_KAFKA_PASSWORD`) or `msk-iam` (AWS's own chain and
    `AWS_REGION`; outside Databricks it needs the jar of `software.amazon.msk:aws-msk-iam-auth`); or
    a table as `[kafka]` in `pinlake.toml`, with `tls`, `ca` and `secret`. `options` are the
    source's (`maxOffsetsPerTrigger`, `failOnDataLoss`, `kafka.…`) and go over these.

    >>> read_kafka(spark, "pin", "localhost:9092", "demo.pin").columns
    ['value', '_source', '_arrived_at']

    Raises `ConfigError` for an unknown kind or option, and missing credentials; a broker that does
    not answer is told by the query.
    """
    kind = Kind.of(kind)
    given = {
        "kafka.bootstrap.servers": servers,
        "subscribe": topic,
        "startingOffsets": initial,
        **({} if batch else {"maxOffsetsPerTrigger": str(RECORDS_A_TRIGGER)}),
        **secured({"security": security} if isinstance(security, str) else security),
        **{str(name): str(value) for name, value in (options or {}).items()},
    }
    reader = (spark.read if batch else spark.readStream).format("kafka").options(**given)
    frame = only(doing(f"read topic {topic}", reader.load), "key", kind, kinds)
    return log_records(
        frame,
        value="value",
        name=("kafka:", "topic"),
        part=("partition", 10),
        seq=("offset", 20),
        arrived="timestamp",
        epoch=epoch,
    )


def clean_kafka(
    spark: SparkSession,
    kind: str | Kind,
    servers: str,
    topic: str,
    *,
    invalid: str = "report",
    **read: Unpack[KafkaRead],
) -> DataFrame:
    """The clean records of a Kafka topic, for `write_table`; a task ends with a receipt row, which
    `write_table` books and `accepted` leaves out.

    As `read_kafka` and `clean`, in one mapInArrow.

    >>> clean_kafka(spark, "user", "localhost:9092", "demo.user").columns[:2]
    ['ind', 'user_name']

    Raises as they do.
    """
    if invalid not in INVALID:
        raise ConfigError(f"invalid={invalid!r}: one of {', '.join(INVALID)}")
    return cleaned(read_kafka(spark, kind, servers, topic, **read), Kind.of(kind), invalid)
