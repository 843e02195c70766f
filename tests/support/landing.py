"""Landings for tests: objects as Kafka Connect's S3 sink names them, in a folder."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle import Row, Source, clean_payload, landing_payloads


@dataclass
class Landing:
    """A folder of objects, and what was put there, object by object."""

    folder: Path
    user_id: str = "u1"
    objects: dict[Path, tuple[str, int, int]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self.folder)

    def put(
        self,
        kind: str,
        offset: int,
        lines: Sequence[Any],
        *,
        partition: int = 0,
        digits: int = 10,
        suffix: str = ".json",
        end: str = "",
    ) -> Path:
        """An object of some lines: bytes as they are, anything else as JSON."""
        topic = f"{self.user_id}.{kind}"
        name = f"{topic}+{partition}+{offset:0{digits}}{suffix}"
        path = self.folder / "topics" / topic / f"partition={partition}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = b"\n".join(map(payload, lines)) + end.encode()
        path.write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
        self.objects[path] = (kind, partition, offset)
        return path

    def fill(
        self, kind: str, records: Iterable[Any], *, per: int = 1, start: int = 0, partition: int = 0
    ) -> int:
        """Objects of `per` records each, from an offset on; returns the next offset."""
        held: list[Any] = []
        for record in records:
            held.append(record)
            if len(held) == per:
                self.put(kind, start, held, partition=partition)
                start, held = start + per, []
        if held:
            self.put(kind, start, held, partition=partition)
        return start + len(held)

    def rows(self, kind: str, *, epoch: int = 0, since: Iterable[Path] = ()) -> list[Row]:
        """What the oracle makes of all objects of a kind, less those named in `since`."""
        left = set(since)
        found: list[Row] = []
        for path, (of, partition, offset) in sorted(self.objects.items()):
            if of != kind or path in left or not path.exists():
                continue
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            for seq, line in landing_payloads(data, offset):
                name = f"kafka:{self.user_id}.{kind}"
                source = Source(epoch, name, f"{partition:010}", f"{seq:020}")
                found += clean_payload(kind, line, source)
        return found


def payload(value: Any) -> bytes:
    """A record as one line of JSON."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False).encode()


def real_records(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The complete real table of a kind, as its emulator sends the rows."""
    if kind == "pin":
        lines = (folder / "real" / "pinterest_data.jsonl").read_bytes().split(b"\n")
        return [json.loads(line) for line in lines if line.strip()]
    name = {"geo": "geolocation_data.csv", "user": "user_data.csv"}[kind]
    with (folder / "real" / name).open(encoding="utf-8", newline="") as file:
        return [_typed(row) for row in csv.DictReader(file)]


def real_stream(folder: Path, kind: str) -> list[bytes]:
    """The records of a kind as one run of an emulator sent them, duplicates included."""
    lines = (folder / "real" / f"stream.{kind}.jsonl").read_bytes().split(b"\n")
    return [line for line in lines if line]


def _typed(row: dict[str, str]) -> dict[str, Any]:
    numbers = {"ind": int, "age": int, "latitude": float, "longitude": float}
    return {name: numbers.get(name, str)(value) for name, value in row.items()}
