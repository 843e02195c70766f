"""`spark.readStream.format("pinlake_kinesis")`: Kinesis for open-source Spark from 4.0 on, no JAR.

Kinesis does not say what a stream's newest sequence number is. So the driver reads ahead to where a
micro-batch shall end, keeps each shard's last sequence number, and drops the records; executors
read the same stretch again, or fail. A batch that is done again has the same records.

This module needs a Spark that has Python data sources; it is imported where they are used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)

from pinlake import _core
from pinlake._clean import arrow, cleaned_batches
from pinlake._kinds import Kind
from pinlake._kinesis_options import KinesisOptions
from pinlake._route import belongs
from pinlake._worker import spare_archives

if TYPE_CHECKING:
    import pyarrow as pa

try:  # Spark 4.2 on.
    from pyspark.sql.streaming.datasource import (  # type: ignore[import-not-found,unused-ignore]
        SupportsTriggerAvailableNow,
    )

    ENDS_BY_ITSELF = True
except ImportError:

    class SupportsTriggerAvailableNow:  # type: ignore[no-redef]
        """Spark 4.0 and 4.1 have no such hook: `availableNow` does one batch there."""

    ENDS_BY_ITSELF = False

FORMAT = "pinlake_kinesis"
DDL = (
    "partitionKey STRING, data BINARY, stream STRING, shardId STRING, sequenceNumber STRING, "
    "approximateArrivalTimestamp TIMESTAMP"
)
# Frame of cleaned records: what `write_table` books.
_FRAME = "run"


class KinesisDataSource(DataSource):
    """A stream of Kinesis, record by record or cleaned."""

    @classmethod
    def name(cls) -> str:
        """What `format` takes."""
        return FORMAT

    def schema(self) -> str:
        """The columns of Databricks' own source; with option `clean` those of a clean frame."""
        plan = KinesisOptions.of(self.options).plan
        return Kind(plan).ddl(_FRAME) if plan else DDL

    def reader(self, schema: Any) -> DataSourceReader:
        """All that a stream holds now."""
        return _Reader(KinesisOptions.of(self.options))

    def streamReader(self, schema: Any) -> DataSourceStreamReader:
        """What is new, batch by batch."""
        return _StreamReader(KinesisOptions.of(self.options))


class _Range(InputPartition):
    """A stretch of a shard."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Watch:
    """A stream in this process; made on first use, for workers are forked."""

    def __init__(self, options: KinesisOptions) -> None:
        self.options = options
        self._open: _core.KinesisStream | None = None

    def __getstate__(self) -> KinesisOptions:
        return self.options

    def __setstate__(self, options: KinesisOptions) -> None:
        self.options, self._open = options, None

    @property
    def stream(self) -> _core.KinesisStream:
        """The core's view of it."""
        if self._open is None:
            o = self.options
            self._open = _core.KinesisStream(
                o.url,
                o.stream,
                options={"endpoint": o.endpoint} if o.endpoint else None,
                strict=o.strict,
                fetch=o.fetch,
                aggregates=o.aggregates,
            )
        return self._open

    def begin(self) -> str:
        """Where reading begins."""
        initial = self.options.initial
        if initial == "earliest":
            return self.stream.begin()
        # Kinesis' own "latest" moves while it is looked for; a moment stays the same.
        return self.stream.begin(_now() if initial == "latest" else int(initial))

    def ahead(self, offset: str, *, records: int, size: int, until: int | None) -> str:
        """How far a batch goes."""
        return self.stream.ahead(offset, now=_now(), records=records, size=size, until=until)

    def read(self, part: _Range) -> Iterator[pa.RecordBatch]:
        """In a worker: the records of a stretch."""
        spare_archives()
        o = self.options
        if not o.plan:
            yield from map(arrow, self.stream.read(part.text))
            return
        kind = Kind(o.plan)
        read = map(arrow, self.stream.read(part.text, epoch=o.epoch))
        batches = (_of_kind(batch, kind.name, o.kinds) for batch in read) if o.kinds else read
        yield from cleaned_batches(o.plan, o.invalid, batches)


class _Reader(DataSourceReader):
    def __init__(self, options: KinesisOptions) -> None:
        self.watch = _Watch(options)

    def partitions(self) -> Sequence[InputPartition]:
        watch = self.watch
        until = watch.options.until or _now()
        begin = end = watch.begin()
        while True:
            further = watch.ahead(end, records=1 << 62, size=1 << 62, until=until)
            if further == end:
                break
            end = further
        # Spark takes no plan without a partition.
        return _ranges(begin, end) or [_Range("")]

    def read(self, partition: InputPartition) -> Iterator[Any]:
        assert isinstance(partition, _Range)
        return self.watch.read(partition) if partition.text else iter(())


class _StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):  # type: ignore[misc]
    def __init__(self, options: KinesisOptions) -> None:
        self.watch = _Watch(options)
        self.until = options.until
        # Spark 4.0 and 4.1 do not say where a batch begins: this reader remembers.
        self.position: str | None = None
        self.looked = 0.0

    def initialOffset(self) -> dict[str, Any]:
        self.position = self.watch.begin()
        return _offset(self.position)

    def prepareForTriggerAvailableNow(self) -> None:
        self.until = self.until or _now()

    def latestOffset(self, start: Any = None, limit: Any = None) -> dict[str, Any]:
        if start is not None:
            return _offset(self._further(json.dumps(start)))
        if self.position is None:
            self.position = self.watch.begin()
        self.position = self._further(self.position)
        return _offset(self.position)

    def _further(self, begin: str) -> str:
        options = self.watch.options
        # Spark asks again at once where nothing is new.
        wait = self.looked + options.poll_ms / 1000 - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        end = self.watch.ahead(begin, records=options.records, size=options.size, until=self.until)
        self.looked = time.monotonic() if _offset(end) == _offset(begin) else 0.0
        return end

    def partitions(self, start: Any, end: Any) -> Sequence[InputPartition]:
        if self.position is None:
            # After a restart Spark shows the batch that it does again, or where the last one ended,
            # before it asks for more.
            self.position = json.dumps(end)
        return _ranges(json.dumps(start), json.dumps(end))

    def read(self, partition: InputPartition) -> Iterator[Any]:
        assert isinstance(partition, _Range)
        return self.watch.read(partition)

    def commit(self, end: Any) -> None:
        """Nothing: the checkpoint keeps how far the stream was read."""

    def stop(self) -> None:
        """Nothing."""


def _of_kind(batch: pa.RecordBatch, kind: str, kinds: Sequence[str]) -> pa.RecordBatch:
    import pyarrow as pa

    keys = batch.column(batch.schema.get_field_index("partitionKey")).to_pylist()
    return batch.filter(pa.array([belongs(key or "", kind, kinds) for key in keys], pa.bool_()))


def _ranges(start: str, end: str) -> list[InputPartition]:
    return [_Range(text) for text, _ in _core.kinesis_ranges(start, end)]


def _offset(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _now() -> int:
    return time.time_ns() // 1_000_000
