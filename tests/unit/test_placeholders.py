"""Placeholders of one's own mean null under every rule, by the core and by the oracle."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

import pinlake
from oracle import KINDS, Row, clean_payloads
from pinlake import _core
from support.core import assert_same, record_batch, rows_of
from support.golden import record

# A time and a number that the rules could read: as placeholders they are null all the same.
MORE = ("n/a", "1970-01-01", "99", "\n", "\u00e9")
NULL = [json.dumps(text) for text in MORE] + ['"\\u006e/a"', '"\\u00e9"']
KEPT = ['"n/a "', '" 99"', '"N/A"', '"n"', "99", "5", "true", '"1970-01-02"', '""', "null", "[]"]


def plan(kind: str, more: Iterable[Any]) -> pinlake.Kind:
    """A built-in kind with further placeholders in every column."""
    table = json.loads(_core.kind_plan(kind))
    for column in table["columns"]:
        column["placeholders"] = [*column.get("placeholders", []), *more]
    return pinlake.Kind.of(table)


def check(kind: str, payloads: list[bytes]) -> list[Row]:
    batch = pinlake.clean_batch(plan(kind, MORE), pa.array(payloads, pa.binary()))
    rows = rows_of(kind, record_batch(batch))
    own = KINDS[kind]
    columns = (replace(c, placeholders=(*c.placeholders, *MORE)) for c in own.columns)
    assert_same(rows, clean_payloads(replace(own, columns=tuple(columns)), payloads))
    return rows


@pytest.mark.parametrize("kind", ["pin", "geo", "user"])
def test_a_placeholder_is_null_without_an_error(kind: str) -> None:
    fields = sorted(KINDS[kind].fields)
    for row in check(kind, [record("ind", dict.fromkeys(fields, text)) for text in NULL]):
        assert row.errors == ()
        assert row.values is not None
        assert {value for name, value in row.values.items() if name != "ind"} == {None}


@pytest.mark.parametrize("kind", ["pin", "geo", "user"])
def test_only_the_whole_text_is_one(kind: str) -> None:
    fields = sorted(KINDS[kind].fields)
    check(kind, [record("ind", {field: text}) for field in fields for text in KEPT + NULL])


def test_one_placeholder_leaves_half_a_place() -> None:
    (row,) = check("geo", [b'{"ind":1,"latitude":"n/a","longitude":5}'])
    value = '{"latitude":"n/a","longitude":5}'
    assert row.errors == (("coordinates", "invalid_coordinates", value),)


def test_expressions_and_the_rules_of_kinds_of_ones_own() -> None:
    kind = {
        "version": 1,
        "name": "board",
        "table": "boards",
        "key": "ind",
        "columns": [
            {"name": "score", "rule": "number", "placeholders": [{"regex": "-+|0"}]},
            {"name": "pins", "rule": "integer", "placeholders": [{"regex": "[xX]{2}"}]},
        ],
    }
    payloads = pa.array(
        [
            b'{"ind":1,"score":"--","pins":"xX"}',
            b'{"ind":2,"score":"0","pins":"xXx"}',
            b'{"ind":3,"score":0,"pins":""}',
            b'{"ind":4,"score":"","pins":7}',
        ],
        pa.binary(),
    )
    batch = record_batch(pinlake.clean_batch(pinlake.Kind.of(kind), payloads))
    assert batch.column("score").to_pylist() == [None, None, 0.0, None]
    assert batch.column("pins").to_pylist() == [None, None, None, 7]
    codes = [[error["code"] for error in row] for row in batch.column("_errors").to_pylist()]
    assert codes == [[], ["invalid_age"], [], []]
