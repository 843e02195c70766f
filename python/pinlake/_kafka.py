"""Frames of Kafka topics, by Spark's own source."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pinlake._clean import INVALID, cleaned
from pinlake._kinds import Kind
from pinlake._position import log_records, only
from pinlake._spark import doing, on_databricks
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What a micro-batch takes of all partitions, so that a backlog is worked off in pieces.
RECORDS_A_TRIGGER = 500_000

# Where Spark finds the classes of aws-msk-iam-auth; Databricks brings them under another name.
_IAM = "software.amazon.msk.auth.iam"
_SECURITY = ("plaintext", "tls", "plain", "scram-sha-256", "scram-sha-512", "msk-iam")


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
    security: str = "plaintext",
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """The records of a Kafka topic as a streaming frame: `value` BINARY, `_source`, `_arrived_at`.

    Spark's own source reads them; outside Databricks its jars must be there (`pinlake doctor` says
    so). `servers` is `host:9092,…`. `initial` is where a query without a checkpoint begins:
    `"earliest"` or `"latest"`. `kinds`: those that share the topic; only this one's records are
    read, by their keys (a key names a kind that stands in it as a word). `epoch` is raised by one
    when a topic was made anew. `batch=True` gives all that the topic holds now instead.

    `security`: `plaintext`, `tls`, `plain`, `scram-sha-256`, `scram-sha-512` (user and password of
    `PINLAKE_KAFKA_USERNAME` and `PINLAKE_KAFKA_PASSWORD`) or `msk-iam` (AWS's own chain; outside
    Databricks it needs the jar `software.amazon.msk:aws-msk-iam-auth`). `options` are the source's
    (`maxOffsetsPerTrigger`, `failOnDataLoss`, `kafka.…`) and go over these.

    >>> read_kafka(spark, "pin", "localhost:9092", "demo.pin").columns
    ['value', '_source', '_arrived_at']

    Raises `ConfigError` for an unknown kind or option; a broker that does not answer is told by the
    query.
    """
    kind = Kind.of(kind)
    given = {
        "kafka.bootstrap.servers": servers,
        "subscribe": topic,
        "startingOffsets": initial,
        **({} if batch else {"maxOffsetsPerTrigger": str(RECORDS_A_TRIGGER)}),
        **_secured(security),
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
    initial: str = "earliest",
    kinds: Sequence[str] | None = None,
    epoch: int = 0,
    batch: bool = False,
    security: str = "plaintext",
    options: Mapping[str, str] | None = None,
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
    frame = read_kafka(
        spark,
        kind,
        servers,
        topic,
        initial=initial,
        kinds=kinds,
        epoch=epoch,
        batch=batch,
        security=security,
        options=options,
    )
    return cleaned(frame, Kind.of(kind), invalid)


def _secured(security: str) -> dict[str, str]:
    """Options of Spark's source for a way to log in."""
    if security not in _SECURITY:
        raise ConfigError(f"security={security!r}: one of {', '.join(_SECURITY)}")
    if security == "plaintext":
        return {}
    if security == "tls":
        return {"kafka.security.protocol": "SSL"}
    if security == "msk-iam":
        home = f"shadedmskiam.{_IAM}" if on_databricks() else _IAM
        return {
            "kafka.security.protocol": "SASL_SSL",
            "kafka.sasl.mechanism": "AWS_MSK_IAM",
            "kafka.sasl.jaas.config": f"{home}.IAMLoginModule required;",
            "kafka.sasl.client.callback.handler.class": f"{home}.IAMClientCallbackHandler",
        }
    return {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": security.upper(),
        "kafka.sasl.jaas.config": _jaas(security),
    }


def _jaas(security: str) -> str:
    user, password = (
        os.environ.get(f"PINLAKE_KAFKA_{name}", "") for name in ("USERNAME", "PASSWORD")
    )
    if not user or not password:
        raise ConfigError(f"{security}: set PINLAKE_KAFKA_USERNAME and PINLAKE_KAFKA_PASSWORD")
    # Spark's own copy of Kafka's client has another name on Databricks.
    shaded = "kafkashaded." if on_databricks() else ""
    module = "plain.PlainLoginModule" if security == "plain" else "scram.ScramLoginModule"
    return (
        f"{shaded}org.apache.kafka.common.security.{module} required "
        f"username={_quoted(user)} password={_quoted(password)};"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
