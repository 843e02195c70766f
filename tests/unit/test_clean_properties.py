"""Whatever comes in: the core gives what the oracle gives, and never raises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle import KINDS, Row
from support.core import assert_same, check, clean
from support.golden import shown
from support.strategies import any_payload, mutated, payloads_of, records_of

kinds = pytest.mark.parametrize("kind", list(KINDS))
relaxed = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@kinds
@relaxed
@given(data=st.data())
def test_any_record(kind: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(records_of(kind), min_size=1, max_size=6))
    check(kind, [text.encode("utf-8") for text in texts])


@kinds
@relaxed
@given(data=st.data())
def test_any_payload(kind: str, data: st.DataObject) -> None:
    check(kind, data.draw(st.lists(payloads_of(kind), min_size=1, max_size=4)))


@kinds
@relaxed
@given(data=st.data())
def test_broken_payloads(kind: str, data: st.DataObject) -> None:
    check(kind, data.draw(st.lists(mutated(payloads_of(kind)), min_size=1, max_size=4)))


@kinds
@relaxed
@given(payload=st.binary(max_size=200))
def test_any_bytes(kind: str, payload: bytes) -> None:
    check(kind, [payload])


@kinds
@relaxed
@given(data=st.data())
def test_quarantine_of_invalid_fields(kind: str, data: st.DataObject) -> None:
    payloads = data.draw(st.lists(any_payload(kind), max_size=5))
    check(kind, payloads, invalid="quarantine")


@kinds
@relaxed
@given(data=st.data())
def test_splitting_a_batch_changes_nothing(kind: str, data: st.DataObject) -> None:
    payloads = data.draw(st.lists(any_payload(kind), min_size=1, max_size=8))
    at = data.draw(st.integers(0, len(payloads)))
    whole = clean(kind, payloads)
    parts = clean(kind, payloads[:at])
    for row in clean(kind, payloads[at:]):
        seq = f"{int(row.source.seq) + at:020}"
        moved = type(row.source)(
            row.source.epoch, row.source.name, row.source.part, seq, row.source.item
        )
        parts.append(type(row)(moved, *list(vars(row).values())[1:]))
    assert_same(parts, whole)


@kinds
@relaxed
@given(data=st.data())
def test_neighbours_change_nothing(kind: str, data: st.DataObject) -> None:
    """A reader that learns from the records before must not show it."""
    before = data.draw(st.lists(any_payload(kind), max_size=4))
    payload = data.draw(any_payload(kind))
    alone = clean(kind, [payload])
    after = clean(kind, [*before, payload])[-len(alone) :]
    assert [list(vars(row).values())[1:] for row in after] == [
        list(vars(row).values())[1:] for row in alone
    ]


def rendered(kind: str, row: Row) -> bytes:
    """A clean row as a record again."""
    assert row.values is not None
    fields: dict[str, Any] = {"ind": row.values["ind"]}
    for column in KINDS[kind].columns:
        value = row.values[column.name]
        if column.rule == "coordinates":
            fields.update(zip(column.fields, value or (None, None), strict=True))
        else:
            fields[column.fields[0]] = shown(column.name, value)
    return json.dumps(fields, ensure_ascii=False).encode("utf-8")


@kinds
@relaxed
@given(data=st.data())
def test_cleaning_is_idempotent(kind: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(records_of(kind), min_size=1, max_size=6))
    # A prefix is dropped once, so a doubled one is the one value that changes again.
    once = [
        row
        for row in clean(kind, [text.encode("utf-8") for text in texts])
        if row.values is not None
        and not str(row.values.get("save_location")).startswith("Local save in ")
    ]
    again = clean(kind, [rendered(kind, row) for row in once])
    assert [row.values for row in again] == [row.values for row in once]
    assert all(row.errors == () and row.rescued is None for row in again)


@kinds
@relaxed
@given(data=st.data())
def test_key_order_and_blanks_change_no_content(kind: str, data: st.DataObject) -> None:
    fields = json.loads(data.draw(records_of(kind)))
    shuffled = dict(data.draw(st.permutations(list(fields.items()))))
    compact = json.dumps(fields, separators=(",", ":")).encode()
    spread = json.dumps(shuffled, indent=2, ensure_ascii=False).encode("utf-8")
    one, other = clean(kind, [compact, spread])
    assert (one.values, one.rescued) == (other.values, other.rescued)
    assert [error[:2] for error in one.errors or ()] == [error[:2] for error in other.errors or ()]
    if not one.errors:
        assert one.fingerprint == other.fingerprint
