"""The streaming pipeline as one call: a query a kind, from the records to the silver tables."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pinlake import _core
from pinlake._kafka import clean_kafka
from pinlake._kinds import Kind
from pinlake._kinesis import clean_kinesis
from pinlake._landing_stream import clean_landing_stream
from pinlake._run import landing_key
from pinlake._spark import on_databricks
from pinlake._stream import AVAILABLE_NOW, write_stream
from pinlake._tables import Warehouse
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

    from pinlake.config import Config

SCHEMES = ("kinesis://region", "kafka://host:9092", "landing:DIR|s3://…")


@dataclass(frozen=True)
class Feed:
    """What one query reads and writes; starting it again goes on behind its checkpoint."""

    kind: Kind
    source: str
    """What is read, for people: a topic, a stream, a landing."""
    checkpoint: str
    start: Callable[[], StreamingQuery]
    ends_by_itself: bool = True
    """Whether a query of what is there now ends once it has that, not after one batch."""


def run_stream(spark: SparkSession, config: Config) -> list[StreamingQuery]:
    """Starts the streaming pipeline: a query and a checkpoint a kind, in the order of the kinds.

    `config` is what `pinlake.config.load` returns; it needs `warehouse` and, under `stream`,
    `source`: `kinesis://region`, `kafka://host:9092` or `landing:URL`. Streams and topics are
    called by `user_id`, or, shared by all kinds, by `stream.log`. With `stream.once` the queries
    end once what is there now was written, except that Spark 4.0 and 4.1 end those of Kinesis
    after one batch: `pinlake stream --once` starts them again.

    >>> from pinlake.config import load
    >>> stream = {"source": f"landing:{landing}", "once": True}
    >>> queries = run_stream(spark, load(warehouse=warehouse, kind=["geo"], stream=stream))
    >>> ended = [query.awaitTermination() for query in queries]
    >>> spark.table(f"delta.`{warehouse}/geo`").count()
    1

    Raises `ConfigError` for a source or setting that cannot be used; others as the readers and
    `write_table`. A query that dies later says why by its `exception()`.
    """
    started: list[StreamingQuery] = []
    try:
        started.extend(feed.start() for feed in feeds(spark, config))
    except BaseException:
        for query in started:
            query.stop()
        raise
    return started


def feeds(spark: SparkSession, config: Config) -> list[Feed]:
    """What `run_stream` starts, not started yet."""
    source = config.stream.source
    if not source:
        raise ConfigError(
            f"no source given: set stream.source in pinlake.toml, or pass it ({', '.join(SCHEMES)})"
        )
    if not config.warehouse:
        raise ConfigError("no warehouse given: set it in pinlake.toml, or pass it to load()")
    warehouse = Warehouse.of(str(config.warehouse), dict(config.tables))
    kinds = [Kind.of(plan) for plan in config.plans().values()]
    scheme = re.split(r"://|:", source)[0]
    readers = {"kinesis": _kinesis, "kafka": _kafka, "landing": _landing}
    if scheme not in readers:
        raise ConfigError(f"{source}: no source of streams; one of {', '.join(SCHEMES)}")
    return [
        _feed(spark, config, warehouse, read)
        for read in readers[scheme](spark, config, source, kinds)
    ]


@dataclass(frozen=True)
class _Read:
    """How a kind's frame is made."""

    kind: Kind
    name: str
    word: str
    frame: Callable[[], DataFrame]
    ends_by_itself: bool = True


def _feed(spark: SparkSession, config: Config, warehouse: Warehouse, read: _Read) -> Feed:
    checkpoint = f"{_checkpoints(config, warehouse)}/{read.word}"
    trigger = AVAILABLE_NOW if config.stream.once else f"{config.stream.trigger:g} seconds"

    def start() -> StreamingQuery:
        return write_stream(
            read.frame(),
            read.kind,
            warehouse,
            warehouse.silver(read.kind),
            mode=config.stream.mode,
            checkpoint=checkpoint,
            trigger=trigger,
        )

    return Feed(read.kind, read.name, checkpoint, start, read.ends_by_itself)


def _checkpoints(config: Config, warehouse: Warehouse) -> str:
    if config.stream.checkpoint:
        return config.stream.checkpoint.rstrip("/")
    if warehouse.is_catalog:
        raise ConfigError(
            f"{warehouse.root}: a catalog holds no checkpoints; set stream.checkpoint to a folder, "
            f"as in /Volumes/catalog/schema/volume/checkpoints"
        )
    return f"{warehouse.root}/_checkpoints"


def _shared(config: Config, source: str) -> str | None:
    """The topic or stream that all kinds share, if they do."""
    return config.stream.log or config.options_of(source).get("stream") or None


def _names(config: Config, source: str, kinds: list[Kind]) -> dict[str, str]:
    """The topic or stream of each kind."""
    shared = _shared(config, source)
    if shared is not None:
        return {kind.name: shared for kind in kinds}
    names = [kind.name for kind in kinds]
    return _core.log_names(source, config.user_id, names, options=config.options_of(source) or None)


def _sharing(config: Config, source: str) -> list[str] | None:
    """The kinds that share a log; all that there are, for each record is somebody's."""
    if _shared(config, source) is None:
        return None
    return list(config.model_copy(update={"kind": []}).plans())


def _kinesis(spark: SparkSession, config: Config, source: str, kinds: list[Kind]) -> list[_Read]:
    region = source.removeprefix("kinesis://").rstrip("/")
    names = _names(config, source, kinds)
    options = dict(config.stream.options)
    endpoint = config.kinesis.get("endpoint")
    if endpoint:
        options.setdefault("endpointUrl", endpoint)
    ends = on_databricks() or _ends_by_itself()
    if config.stream.once and not ends:
        # One end for all the queries that it takes.
        options.setdefault("endingTimestamp", str(time.time_ns() // 1_000_000))
    return [
        _Read(
            kind,
            f"stream {names[kind.name]}",
            f"kinesis/{names[kind.name]}/{kind.name}",
            partial(
                clean_kinesis,
                spark,
                kind,
                names[kind.name],
                region=region,
                initial=config.stream.initial,
                kinds=_sharing(config, source),
                epoch=config.epoch,
                invalid=config.invalid,
                options=options,
            ),
            ends,
        )
        for kind in kinds
    ]


def _ends_by_itself() -> bool:
    try:
        from pinlake._kinesis_source import ENDS_BY_ITSELF
    except ImportError:
        return True
    return ENDS_BY_ITSELF


def _place(text: str) -> str:
    """Of two places with like names each has a checkpoint of its own."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _kafka(spark: SparkSession, config: Config, source: str, kinds: list[Kind]) -> list[_Read]:
    # Brokers in another order are the same ones.
    servers = ",".join(sorted(source.removeprefix("kafka://").rstrip("/").split(",")))
    names = _names(config, source, kinds)
    return [
        _Read(
            kind,
            f"topic {names[kind.name]}",
            f"kafka/{names[kind.name]}/{kind.name}-{_place(servers)}",
            partial(
                clean_kafka,
                spark,
                kind,
                servers,
                names[kind.name],
                initial=config.stream.initial,
                kinds=_sharing(config, source),
                epoch=config.epoch,
                invalid=config.invalid,
                security=config.kafka,
                options=config.stream.options,
            ),
        )
        for kind in kinds
    ]


def _landing(spark: SparkSession, config: Config, source: str, kinds: list[Kind]) -> list[_Read]:
    url = source.removeprefix("landing:")
    return [
        _Read(
            kind,
            url,
            f"landing/{kind.name}-{_place(landing_key(url))}",
            partial(
                clean_landing_stream,
                spark,
                kind,
                url,
                epoch=config.epoch,
                invalid=config.invalid,
                options={**config.storage, **config.stream.options},
            ),
        )
        for kind in kinds
    ]
