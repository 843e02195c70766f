"""The hand-made cases as payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from oracle import Row
from oracle.rows import canonical
from oracle.scan import Reader

# File of cases for one field: kind, raw field, clean column.
SINGLE = {
    "text": ("geo", "country", "country"),
    "follower_count": ("pin", "follower_count", "follower_count"),
    "save_location": ("pin", "save_location", "save_location"),
    "downloaded": ("pin", "downloaded", "downloaded"),
    "timestamp": ("geo", "timestamp", "timestamp"),
    "age": ("user", "age", "age"),
}
EPOCH = datetime(1970, 1, 1)


def cases(folder: Path, name: str) -> list[dict[str, Any]]:
    """All cases of one file."""
    with open(folder / f"{name}.jsonl", encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def blob(case: dict[str, Any]) -> bytes:
    """Bytes of a case that gives them as `hex`, or else as text under `payload` or `text`."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    return (case["payload"] if "payload" in case else case["text"]).encode("utf-8")


def kept(text: str) -> str:
    """What `_errors` keeps of a bad value: its canonical JSON text, 1,000 characters of it."""
    return canonical(Reader(text.encode("utf-8")).value(0))[:1000]


def record(key: str, fields: dict[str, str | None]) -> bytes:
    """A record of raw field texts; None leaves a field out."""
    given = [f'"{name}":{text}' for name, text in fields.items() if text is not None]
    return ("{" + ",".join([f'"{key}":1', *given]) + "}").encode("utf-8")


def every_payload(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Kind and payload of every case of every file."""
    for name, (kind, field, _) in SINGLE.items():
        for case in cases(folder, name):
            yield kind, record("ind", {field: case["value"]})
    for case in cases(folder, "placeholder"):
        yield "pin", record("index", {case["field"]: case["value"]})
    for name, kind, fields in (
        ("coordinates", "geo", ("latitude", "longitude")),
        ("user_name", "user", ("first_name", "last_name")),
    ):
        for case in cases(folder, name):
            yield kind, record("ind", {field: case[field] for field in fields})
    for case in cases(folder, "key"):
        for name in ("ind", "index"):
            yield "geo", f'{{"{name}":{case["value"]}}}'.encode()
    for name in ("shape", "rescued", "errors"):
        for case in cases(folder, name):
            yield case["kind"], blob(case)
    for case in cases(folder, "payload"):
        for kind in ("pin", "geo", "user"):
            yield kind, blob(case)
    for case in cases(folder, "json"):
        yield "geo", b'{"ind":1,"x":' + blob(case) + b"}"
        yield "user", b"[" + blob(case) + b"]"


def shown(column: str, value: Any) -> Any:
    """A clean value as the files write it: lists for coordinates, ISO text for timestamps."""
    if value is None:
        return None
    if column in ("timestamp", "date_joined"):
        return (EPOCH + timedelta(microseconds=value)).isoformat(timespec="microseconds")
    return list(value) if isinstance(value, tuple) else value


def outcome(row: Row, column: str) -> dict[str, Any]:
    """`{"expect": value}` or `{"code": code}`, as a case of one field has it."""
    if row.reject is not None:
        return {"code": row.reject.code}
    assert row.values is not None
    assert row.errors is not None
    if row.errors:
        assert row.values[column] is None
        return {"code": row.errors[0][1]}
    return {"expect": shown(column, row.values[column])}
