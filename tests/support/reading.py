"""Landings and files on disk: written by hand, read by the core and by the oracle."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from oracle import Row, Source, clean_payload, file_payloads, landing_payloads
from pinlake import _core
from support.core import record_batch, rows_of

_OBJECT = re.compile(r"(?P<topic>.+)\+(?P<part>\d+)\+(?P<start>\d+)\.json(?P<gz>\.gz)?")


@dataclass(frozen=True)
class Receipts:
    """What the receipts of a whole read add up to."""

    records: int
    lines: int
    objects: int
    hash: int
    extents: list[tuple[str, str, int, int]]


def put(landing: Path, place: tuple[str, int, int], data: bytes, *, digits: int = 10) -> None:
    """Writes one object of (topic, partition, offset) as Kafka Connect's S3 sink names it."""
    topic, part, start = place
    folder = landing / "topics" / topic / f"partition={part}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{topic}+{part}+{start:0{digits}}.json").write_bytes(data)


def put_gz(landing: Path, place: tuple[str, int, int], data: bytes) -> None:
    """The same, compressed."""
    put(landing, place, b"")
    topic, part, start = place
    plain = landing / "topics" / topic / f"partition={part}" / f"{topic}+{part}+{start:010}.json"
    plain.unlink()
    plain.with_suffix(".json.gz").write_bytes(gzip.compress(data))


def landing_rows(kind: str, landing: Path, epoch: int = 0) -> list[Row]:
    """The oracle's reading of a landing."""
    found: list[Row] = []
    for path in landing.rglob("*.json*"):
        match = _OBJECT.fullmatch(path.name)
        if match is None or match["topic"].rsplit(".")[-1] != kind:
            continue
        data = path.read_bytes()
        if match["gz"]:
            data = gzip.decompress(data)
        for offset, payload in landing_payloads(data, int(match["start"])):
            name, part = f"kafka:{match['topic']}", f"{int(match['part']):010}"
            found += clean_payload(kind, payload, Source(epoch, name, part, f"{offset:020}"))
    return sorted(found, key=lambda row: row.source)


def file_rows(kind: str, url: str, data: bytes) -> list[Row]:
    """The oracle's reading of a plain file, inflated already."""
    found: list[Row] = []
    for at, payload in file_payloads(data):
        found += clean_payload(kind, payload, Source(0, f"file:{url}", "", f"{at:020}"))
    return found


def batches(kind: str, url: Path, tasks: int = 1, **options: Any) -> Iterator[pa.RecordBatch]:
    """The core's reading: plan, split, read each task, receipts included."""
    plan = _core.kind_plan(kind)
    landing = _core.plan_landing(plan, str(url), **options)
    for task in _core.split_plan(landing, tasks):
        for batch in _core.read_task(plan, task, frame="run"):
            yield record_batch(batch)


def read_table(kind: str, url: Path, tasks: int = 1, **options: Any) -> tuple[pa.Table, Receipts]:
    """Record rows in the order in which they came, and the receipts."""
    schema = pa.schema(_core.schema(_core.kind_plan(kind), "run"))
    table = pa.Table.from_batches(batches(kind, url, tasks, **options), schema)
    is_receipt = pc.is_valid(table.column("_receipt"))
    receipts = table.filter(is_receipt).column("_receipt").to_pylist()

    def total(name: str) -> int:
        return int(sum((one[name] for one in receipts), Decimal(0)))

    extents = sorted((one["source"], one["part"], one["first"], one["last"]) for one in receipts)
    sums = Receipts(total("records"), total("lines"), total("objects"), total("hash"), extents)
    return table.filter(pc.invert(is_receipt)).drop_columns("_receipt"), sums


def read(kind: str, url: Path, tasks: int = 1, **options: Any) -> tuple[list[Row], Receipts]:
    """Rows in the order of their positions, and the receipts."""
    table, sums = read_table(kind, url, tasks, **options)
    rows = [row for batch in table.to_batches() for row in rows_of(kind, batch)]
    return sorted(rows, key=lambda row: row.source), sums
