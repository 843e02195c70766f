"""Every hand-made case: the file's expectation = the core = the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import pinlake
from oracle import KINDS, Row, clean_payloads
from support.core import assert_same, clean, record_batch
from support.golden import SINGLE, blob, cases, every_payload, kept, outcome, record

Cleaner = Callable[[str, list[bytes]], list[Row]]


@pytest.fixture(params=["core", "oracle"])
def cleaner(request: pytest.FixtureRequest) -> Cleaner:
    """The two readers of the contract: each must give what the files say."""
    return clean if request.param == "core" else clean_payloads


def expected(case: dict[str, Any]) -> dict[str, Any]:
    return {name: case[name] for name in ("expect", "code") if name in case}


@pytest.mark.parametrize("name", SINGLE)
def test_one_field(golden: Path, cleaner: Cleaner, name: str) -> None:
    kind, field, column = SINGLE[name]
    given = cases(golden, name)
    rows = cleaner(kind, [record("ind", {field: case["value"]}) for case in given])
    for case, row in zip(given, rows, strict=True):
        assert outcome(row, column) == expected(case), case
        if "code" in case:
            assert row.errors == ((field, case["code"], kept(case["value"])),)


def test_placeholder(golden: Path, cleaner: Cleaner) -> None:
    given = cases(golden, "placeholder")
    rows = cleaner("pin", [record("index", {case["field"]: case["value"]}) for case in given])
    for case, row in zip(given, rows, strict=True):
        assert outcome(row, case["field"]) == expected(case), case


def test_key(golden: Path, cleaner: Cleaner) -> None:
    given = cases(golden, "key")
    for kind in ("pin", "geo", "user"):
        for name in ("index", "ind"):
            rows = cleaner(kind, [f'{{"{name}":{case["value"]}}}'.encode() for case in given])
            for case, row in zip(given, rows, strict=True):
                assert outcome(row, "ind") == expected(case), (kind, name, case)


@pytest.mark.parametrize(
    ("name", "kind", "fields", "column"),
    [
        ("coordinates", "geo", ("latitude", "longitude"), "coordinates"),
        ("user_name", "user", ("first_name", "last_name"), "user_name"),
    ],
)
def test_two_fields(
    golden: Path, cleaner: Cleaner, name: str, kind: str, fields: tuple[str, ...], column: str
) -> None:
    given = cases(golden, name)
    rows = cleaner(
        kind, [record("ind", {field: case[field] for field in fields}) for case in given]
    )
    for case, row in zip(given, rows, strict=True):
        assert row.values is not None
        assert row.errors is not None
        if "errors" in case:
            assert row.values[column] == case["expect"], case
            assert [list(error) for error in row.errors] == case["errors"], case
        else:
            assert outcome(row, column) == expected(case), case
            assert repr(row.values[column]).find("-0.0") < 0, case


def test_shape(golden: Path, cleaner: Cleaner) -> None:
    for case in cases(golden, "shape"):
        (row,) = cleaner(case["kind"], [blob(case)])
        assert (row.reject.code if row.reject else None) == case["code"], case


def test_rescued(golden: Path, cleaner: Cleaner) -> None:
    for case in cases(golden, "rescued"):
        (row,) = cleaner(case["kind"], [blob(case)])
        assert row.rescued == case["rescued"], case
        assert case["rescued"] is None or isinstance(json.loads(case["rescued"]), dict)


def test_errors(golden: Path, cleaner: Cleaner) -> None:
    for case in cases(golden, "errors"):
        (row,) = cleaner(case["kind"], [blob(case)])
        assert [list(error) for error in row.errors or ()] == case["errors"], case
        assert all(len(value) <= 1000 for _, _, value in row.errors or ())


@pytest.mark.parametrize("kind", ["pin", "geo", "user"])
def test_payload(golden: Path, cleaner: Cleaner, kind: str) -> None:
    for case in cases(golden, "payload"):
        rows = cleaner(kind, [blob(case)])
        assert [row.source.item for row in rows] == list(range(len(rows)))
        found = []
        for row in rows:
            if row.reject is None:
                assert row.values is not None
                found.append(("ind", row.values["ind"]))
            else:
                found.append((row.reject.code, row.reject.payload))
        wanted = [
            ("ind", one["ind"]) if "ind" in one else (one["code"], blob(one))
            for one in case["records"]
        ]
        assert found == wanted, case["case"]


def test_fingerprint(golden: Path, cleaner: Cleaner) -> None:
    """Fingerprints stay on disk: a change of these bytes is a change of format."""
    for case in cases(golden, "fingerprint"):
        (row,) = cleaner(case["kind"], [blob(case)])
        assert row.fingerprint is not None
        assert (row.fingerprint.hex(), row.hash) == (case["fingerprint"], case["hash"]), case


def test_the_spelling_of_a_bad_value_is_no_content(cleaner: Cleaner) -> None:
    for kind, field, texts in [
        ("pin", "title", ['{"a":1,"b":"é"}', '{ "b":"\\u00e9","a": 1 }', '{"a":2,"b":"é","a":1}']),
        ("pin", "follower_count", ['"é/"', '"\\u00e9\\/"', '"\\u00E9/"']),
        ("geo", "latitude", ["[1,2]", "[1, 2]", " [ 1\n,2]"]),
    ]:
        rows = cleaner(kind, [record("ind", {field: text}) for text in texts])
        assert len({row.hash for row in rows}) == 3
        assert len({(row.errors, row.fingerprint) for row in rows}) == 1
        assert rows[0].errors


@pytest.mark.parametrize("invalid", ["report", "quarantine"])
def test_core_equals_oracle_in_every_field(golden: Path, invalid: str) -> None:
    by_kind: dict[str, list[bytes]] = {}
    for kind, payload in every_payload(golden):
        by_kind.setdefault(kind, []).append(payload)
    assert set(by_kind) == {"pin", "geo", "user"}
    for kind, payloads in by_kind.items():
        got = clean(kind, payloads, invalid=invalid)
        assert_same(got, clean_payloads(kind, payloads, invalid=invalid))


def test_clean_columns_alone(golden: Path) -> None:
    """Without meta columns the clean ones of accepted records are left, unchanged."""
    for kind in ("pin", "geo", "user"):
        payloads = [payload for of, payload in every_payload(golden) if of == kind]
        batch = record_batch(pinlake.clean_batch(kind, pa.array(payloads, pa.binary()), meta=False))
        full = record_batch(pinlake.clean_batch(kind, pa.array(payloads, pa.binary())))
        accepted = full.filter(pc.is_null(full.column("_reject")))
        names = ["ind", *(column.name for column in KINDS[kind].columns)]
        assert batch.schema.names == names
        assert batch.equals(accepted.select(names))
