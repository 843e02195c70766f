"""Frames whose columns are typed already: the same rules, the same content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pytest

from pinlake import _core, errors
from support.core import clean, record_batch, rows_of


def columns(kind: str, batch: pa.RecordBatch, **options: Any) -> list[Any]:
    batches = _core.clean_columns(_core.kind_plan(kind), batch, **options)
    return [row for one in batches for row in rows_of(kind, record_batch(one))]


def content(rows: list[Any]) -> list[Any]:
    return [(row.values, [e[:2] for e in row.errors or ()], row.rescued) for row in rows]


@pytest.mark.parametrize(
    ("name", "kind", "types"),
    [
        (
            "geolocation_data",
            "geo",
            {"timestamp": pa.timestamp("us"), "latitude": pa.float64(), "longitude": pa.float64()},
        ),
        ("user_data", "user", {"age": pa.int32(), "date_joined": pa.timestamp("us")}),
    ],
)
def test_real_tables(real_data: Path, name: str, kind: str, types: dict[str, pa.DataType]) -> None:
    path = real_data / "real" / f"{name}.csv"
    texts = dict.fromkeys(csv.read_csv(path).schema.names, pa.string())
    forms = [csv.ConvertOptions(column_types=texts | types | {"ind": pa.int64()})]
    forms.append(csv.ConvertOptions(column_types=texts))
    fingerprints = []
    for form in forms:
        table = csv.read_csv(path, convert_options=form).combine_chunks()
        rows = [row for batch in table.to_batches() for row in columns(kind, batch)]
        assert len(rows) == 11_154
        fingerprints.append([row.fingerprint for row in rows])
    with open(path, encoding="utf-8", newline="") as file:
        header, *lines = file.read().splitlines()
    assert header.split(",") == list(texts)
    if kind == "user":
        payloads = [
            json.dumps(dict(zip(texts, line.split(","), strict=True))).encode() for line in lines
        ]
        fingerprints.append([row.fingerprint for row in clean(kind, payloads)])
    assert all(one == fingerprints[0] for one in fingerprints)


def test_pins(real_data: Path) -> None:
    lines = (real_data / "golden_chefdata/pin.jsonl").read_bytes().splitlines()
    records = [json.loads(line) for line in lines]
    typed = pa.RecordBatch.from_pylist(records)
    want = clean("pin", lines)
    got = columns("pin", typed)
    assert content(got) == content(want)
    assert [row.fingerprint for row in got] == [row.fingerprint for row in want]


def test_bad_values_are_reported() -> None:
    batch = pa.record_batch(
        {
            "ind": pa.array([1, 2, None, -1], pa.int64()),
            "first_name": pa.array(["Ada", None, "x", "y"]),
            "last_name": pa.array(["Lovelace", "", "x", "y"]),
            "age": pa.array([36, 400, 1, 1], pa.int32()),
            "date_joined": pa.array(["2015-12-10", "never", None, None]),
        }
    )
    first, second, third, fourth = columns("user", batch)
    assert first.values["user_name"] == "Ada Lovelace"
    assert [error[:2] for error in second.errors] == [
        ("age", "invalid_age"),
        ("date_joined", "invalid_timestamp"),
    ]
    assert (third.reject.code, fourth.reject.code) == ("missing_key", "invalid_key")


@pytest.mark.parametrize("width", [pa.float64(), pa.float32()])
def test_floats_that_are_no_numbers_are_reported(width: pa.DataType) -> None:
    nan, inf = float("nan"), float("inf")
    batch = pa.record_batch(
        {
            "ind": pa.array(range(5), pa.int64()),
            "latitude": pa.array([nan, inf, -inf, None, 1.5], width),
            "longitude": pa.array([nan, 1.5, None, nan, 2.5], width),
            "country": pa.array([nan, nan, 1.5, None, None], width),
            "z": pa.array([[nan], [1.5, inf], None, [None], []], pa.list_(width)),
        }
    )
    rows = columns("geo", batch)
    assert [row.values["coordinates"] for row in rows] == [None] * 4 + [(1.5, 2.5)]
    assert [
        dict(enumerate(e[1:] for e in row.errors if e[0] == "coordinates")) for row in rows
    ] == [
        {0: ("invalid_coordinates", f'{{"latitude":{latitude},"longitude":{longitude}}}')}
        for latitude, longitude in [
            ('"NaN"', '"NaN"'),
            ('"Infinity"', "1.5"),
            ('"-Infinity"', "null"),
            ("null", '"NaN"'),
        ]
    ] + [{}]
    # A text that reads NaN would be a value.
    assert [row.values["country"] for row in rows] == [None] * 5
    assert [e for row in rows for e in row.errors if e[0] == "country"] == [
        ("country", "wrong_type", "1.5")
    ]
    assert [json.loads(row.rescued)["z"] if row.rescued else None for row in rows] == [
        ["NaN"],
        [1.5, "Infinity"],
        None,
        [None],
        [],
    ]


def test_unknown_columns_are_rescued() -> None:
    batch = pa.record_batch({"ind": [1], "country": ["x"], "z": [1.5], "a": [None]})
    (row,) = columns("geo", batch)
    assert json.loads(row.rescued)["z"] == 1.5


def test_columns_without_key_are_refused_or_rejected() -> None:
    batch = pa.record_batch({"country": ["x"]})
    try:
        rows = columns("geo", batch)
    except errors.SchemaError:
        return
    assert [row.reject.code for row in rows] == ["missing_key"]
