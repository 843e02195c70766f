"""The Rust core's answers in the oracle's shape, and their comparison."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

import pinlake
from oracle import KINDS, Reject, Row, Source, clean_payloads


def clean(kind: str, payloads: Any, **options: Any) -> list[Row]:
    """Rows that `pinlake.clean_batch` makes of a list of bytes or of any Arrow array."""
    if isinstance(payloads, (list, tuple)):
        payloads = pa.array(payloads, pa.binary())
    return rows_of(kind, record_batch(pinlake.clean_batch(kind, payloads, **options)))


def record_batch(found: Any) -> pa.RecordBatch:
    """Anything that speaks the Arrow PyCapsule interface as a pyarrow batch."""
    return pa.record_batch(found)


def rows_of(kind: str, batch: pa.RecordBatch) -> list[Row]:
    """Frame rows as oracle rows."""
    plain: dict[str, list[Any]] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        plain[name] = column.to_pylist()
    return [_row(kind, plain, at) for at in range(batch.num_rows)]


def _row(kind: str, plain: dict[str, list[Any]], at: int) -> Row:
    position = plain["_source"][at]
    source = Source(**position)
    names = ["ind", *(column.name for column in KINDS[kind].columns)]
    values = {name: _value(plain[name][at]) for name in names}
    reject = plain["_reject"][at]
    if reject is not None:
        assert set(values.values()) == {None}, f"a rejected row holds clean values: {values}"
        for name in ("_errors", "_rescued_data", "_fingerprint"):
            assert plain[name][at] is None, f"a rejected row holds {name}"
        found = Reject(reject["code"], reject["payload"], reject["detail"])
        return Row(source, plain["_hash"][at], found)
    errors = tuple((e["column"], e["code"], e["value"]) for e in plain["_errors"][at])
    return Row(
        source,
        plain["_hash"][at],
        None,
        values,
        errors,
        plain["_rescued_data"][at],
        plain["_fingerprint"][at],
    )


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def assert_same(got: Sequence[Row], want: Sequence[Row]) -> None:
    """Equal row for row, naming the first field that differs."""
    for number, (one, other) in enumerate(zip(got, want, strict=False)):
        for name in Row.__dataclass_fields__:
            mine, its = getattr(one, name), getattr(other, name)
            if name == "reject":
                mine, its = _comparable(mine, its)
            assert mine == its, f"row {number}, {name}: core {mine!r}, oracle {its!r}"
            assert repr(mine) == repr(its), f"row {number}, {name}: core {mine!r}, oracle {its!r}"
    assert len(got) == len(want), f"core {len(got)} rows, oracle {len(want)}"


def _without_place(detail: str) -> str:
    found = json.loads(detail)
    if isinstance(found, dict):
        found.pop("at", None)
    return json.dumps(found, sort_keys=True)


def _comparable(mine: Reject | None, its: Reject | None) -> tuple[Any, Any]:
    """Details are free text except where the contract fixes them as JSON.

    Where a cause shows is compared nowhere: the core names a token's start, the oracle a byte.
    """
    if mine is None or its is None:
        return mine, its
    details = [
        _without_place(one.detail) if its.detail is not None and one.detail is not None else None
        for one in (mine, its)
    ]
    left, right = ((one.code, one.payload) for one in (mine, its))
    return (left, details[0]), (right, details[1])


def check(kind: str, payloads: Iterable[bytes | None], **options: Any) -> list[Row]:
    """Cleans by core and oracle, asserts that they agree, returns the rows."""
    given = list(payloads)
    got = clean(kind, given, **options)
    assert_same(got, clean_payloads(kind, given, **options))
    return got
