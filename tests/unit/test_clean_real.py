"""Every real record through the core equals the oracle, every field of the frame included."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle import GEO, USER, Table, clean_payloads, file_payloads
from support.core import assert_same, clean

# File, kind, records, distinct keys.
LINES = [
    ("real/pinterest_data.jsonl", "pin", 2019, 2019),
    ("real/stream.pin.jsonl", "pin", 2262, 2019),
    ("real/stream.geo.jsonl", "geo", 2262, 2019),
    ("real/stream.user.jsonl", "user", 2262, 2019),
    ("golden_chefdata/pin.jsonl", "pin", 322, 316),
    ("golden_chefdata/geo.jsonl", "geo", 322, 316),
    ("golden_chefdata/user.jsonl", "user", 322, 316),
]
TABLES = [("real/geolocation_data.csv", "geo"), ("real/user_data.csv", "user")]


def table_records(path: Path) -> Iterator[bytes]:
    """Rows of a CSV file as the records an emulator sends: numbers as numbers."""
    plain = {"ind": int, "age": int, "latitude": float, "longitude": float}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            typed = {name: plain.get(name, str)(text) for name, text in row.items()}
            yield json.dumps(typed).encode()


@pytest.mark.parametrize(("name", "kind", "count", "distinct"), LINES)
def test_lines(real_data: Path, name: str, kind: str, count: int, distinct: int) -> None:
    payloads = [line for _, line in file_payloads((real_data / name).read_bytes())]
    rows = clean(kind, payloads)
    assert_same(rows, clean_payloads(kind, payloads))
    assert len(rows) == count
    assert all(row.reject is None and row.errors == () and row.rescued is None for row in rows)
    books = Table().write(rows, "run")
    assert (books.inserted, books.read, books.balanced) == (distinct, count, True)


@pytest.mark.parametrize(("name", "kind"), TABLES)
def test_tables(real_data: Path, name: str, kind: str) -> None:
    payloads = list(table_records(real_data / name))
    rows = clean(kind, payloads)
    assert_same(rows, clean_payloads(kind, payloads))
    assert [row.values["ind"] for row in rows if row.values] == list(range(11_154))
    columns = [column.name for column in (GEO if kind == "geo" else USER).columns]
    assert all(row.values[name] is not None for row in rows if row.values for name in columns)


@pytest.mark.parametrize(("name", "kind"), TABLES)
def test_tables_with_every_value_a_string(real_data: Path, name: str, kind: str) -> None:
    with open(real_data / name, encoding="utf-8", newline="") as file:
        payloads = [json.dumps(row).encode() for row in csv.DictReader(file)]
    texts = clean(kind, payloads)
    assert_same(texts, clean_payloads(kind, payloads))
    numbers = clean(kind, list(table_records(real_data / name)))
    assert [row.fingerprint for row in texts] == [row.fingerprint for row in numbers]


@pytest.mark.parametrize(("name", "kind", "count", "distinct"), LINES)
def test_a_whole_file_as_one_payload(
    real_data: Path, name: str, kind: str, count: int, distinct: int
) -> None:
    """Concatenated records and one array give the rows that the lines give."""
    data = (real_data / name).read_bytes()
    lines = [line for _, line in file_payloads(data)]
    alone = clean(kind, lines)
    for whole in (data, b"[" + b",".join(lines) + b"]", b"".join(lines)):
        rows = clean(kind, [whole])
        assert [row.source.item for row in rows] == list(range(count))
        assert [(row.hash, row.fingerprint) for row in rows] == [
            (row.hash, row.fingerprint) for row in alone
        ]


@pytest.mark.parametrize("kind", ["pin", "geo", "user"])
def test_records_of_another_kind_are_foreign(real_data: Path, kind: str) -> None:
    for other in {"pin", "geo", "user"} - {kind}:
        data = (real_data / f"golden_chefdata/{other}.jsonl").read_bytes()
        payloads = [line for _, line in file_payloads(data)]
        rows = clean(kind, payloads)
        assert_same(rows, clean_payloads(kind, payloads))
        assert {row.reject.code if row.reject else None for row in rows} == {"foreign_record"}
