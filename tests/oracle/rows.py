"""Record to row: key and shape checks, rules, `_errors`, `_rescued_data`, `_fingerprint`."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import xxhash

from oracle import rules
from oracle.kinds import KINDS, Column, Kind
from oracle.scan import KEPT_OF_TOO_LARGE, Record, Value, records

KEPT_OF_VALUE = 1000


@dataclass(frozen=True, order=True)
class Source:
    """A record's position; the order of the fields is the total order."""

    epoch: int = 0
    name: str = ""
    part: str = ""
    seq: str = "0" * 20
    item: int = 0

    def at(self, item: int) -> Source:
        return Source(self.epoch, self.name, self.part, self.seq, item)


@dataclass(frozen=True)
class Reject:
    """Why a record is quarantined. `detail` is given where the contract fixes its text."""

    code: str
    payload: bytes | None
    detail: str | None = None


@dataclass(frozen=True)
class Row:
    """What one record became. `values` holds the clean columns by name, None if rejected."""

    source: Source
    hash: int
    reject: Reject | None = None
    values: dict[str, Any] | None = None
    errors: tuple[tuple[str, str, str], ...] | None = None
    rescued: str | None = None
    fingerprint: bytes | None = None


def clean_payloads(
    kind: Kind | str, payloads: Iterable[bytes | None], *, invalid: str = "report"
) -> list[Row]:
    """Rows of payloads that have no position of their own: they are numbered from 0."""
    found: list[Row] = []
    for number, payload in enumerate(payloads):
        found += clean_payload(kind, payload, Source(seq=f"{number:020}"), invalid=invalid)
    return found


def clean_payload(
    kind: Kind | str,
    payload: bytes | None,
    source: Source = Source(),
    *,
    invalid: str = "report",
) -> list[Row]:
    """One row for each record of the payload, numbered on from the position's own item."""
    plan = KINDS[kind] if isinstance(kind, str) else kind
    return [
        _row(plan, record, source.at(source.item + record.item), invalid)
        for record in records(payload)
    ]


def _row(kind: Kind, record: Record, source: Source, invalid: str) -> Row:
    digest = signed(xxhash.xxh3_64_intdigest(record.raw or b""))
    code = record.code or shape_code(kind, record)
    if code is not None:
        return Row(source, digest, _reject(code, record))
    values, errors, rescued = columns(kind, record)
    if errors and invalid == "quarantine":
        return Row(source, digest, Reject("invalid_field", record.raw, errors_json(errors)))
    print_of = fingerprint(kind, values, errors, rescued)
    return Row(source, digest, None, values, errors, rescued, print_of)


def _reject(code: str, record: Record) -> Reject:
    raw = record.raw
    if code != "too_large" or raw is None:
        return Reject(code, raw)
    detail = {"bytes": len(raw), "xxh3_128": xxhash.xxh3_128_hexdigest(raw)}
    if record.cause is not None:
        detail["cause"] = record.cause
    return Reject(code, raw[:KEPT_OF_TOO_LARGE], json.dumps(detail, separators=(",", ":")))


def signed(number: int) -> int:
    """64 bits read as a signed number."""
    return number - 2**64 if number >= 2**63 else number


def key_field(kind: Kind, fields: dict[str, Value]) -> str | None:
    """The field that is the key: the kind's own name before the other ones."""
    return next((name for name in kind.key if name in fields), None)


def shape_code(kind: Kind, record: Record) -> str | None:
    """Why a parsed value is not a record of this kind, tested in the contract's order."""
    value = record.value
    assert value is not None
    if value.type != "object":
        return "not_an_object"
    fields: dict[str, Value] = value.data
    present = [name for name in kind.key if name in fields]
    if len(present) == 1 and fields[present[0]].type == "object":
        return "wrapped_record"
    if not present:
        for name, wrapper in (("records", "array"), ("value", "object")):
            if name in fields and fields[name].type == wrapper:
                return "wrapped_record"
        return "missing_key"
    own = fields[present[0]]
    if own.type == "null":
        return "missing_key"
    try:
        rules.key(own)
    except rules.Invalid as error:
        return str(error)
    others = frozenset(name for other in KINDS.values() for name in other.fields) - kind.fields
    if kind.fields.isdisjoint(fields) and not others.isdisjoint(fields):
        return "foreign_record"
    return None


def columns(
    kind: Kind, record: Record
) -> tuple[dict[str, Any], tuple[tuple[str, str, str], ...], str | None]:
    """Clean values by column name, the errors in plan order, and what the plan does not know."""
    assert record.value is not None
    fields: dict[str, Value] = record.value.data
    own = key_field(kind, fields)
    assert own is not None
    values: dict[str, Any] = {"ind": rules.key(fields[own])}
    errors: list[tuple[str, str, str]] = []
    for column in kind.columns:
        values[column.name] = _column(column, fields, errors)
    unknown = {n: v for n, v in fields.items() if n != own and n not in kind.fields}
    rescued = None if not unknown else canonical(Value("object", unknown, 0, 0))
    return values, tuple(errors), rescued


def _column(
    column: Column,
    fields: dict[str, Value],
    errors: list[tuple[str, str, str]],
) -> Any:
    given = [fields.get(name) for name in column.fields]
    there = [None if _missing(value, column) else value for value in given]
    if column.rule == "coordinates":
        return _coordinates(column, given, there, errors)
    rule = rules.SINGLE["text" if column.rule == "joined" else column.rule]
    found = []
    for name, value in zip(column.fields, there, strict=True):
        if value is None:
            found.append(None)
            continue
        try:
            found.append(rule(value, column))
        except rules.Invalid as error:
            errors.append((name, str(error), canonical(value)[:KEPT_OF_VALUE]))
            found.append(None)
    if column.rule == "joined":
        return " ".join(part for part in found if part is not None) or None
    return found[0]


def _missing(value: Value | None, column: Column) -> bool:
    """Whether a field is absent, null or a placeholder, which any rule takes for null."""
    if value is None or value.type == "null":
        return True
    return value.type == "string" and value.data in column.placeholders


def _coordinates(
    column: Column,
    given: list[Value | None],
    there: list[Value | None],
    errors: list[tuple[str, str, str]],
) -> tuple[float, float] | None:
    if there == [None, None]:
        return None
    latitude, longitude = there
    try:
        return rules.degrees(latitude, 90.0), rules.degrees(longitude, 180.0)
    except rules.Invalid as error:
        texts = ["null" if value is None else canonical(value) for value in given]
        value = f'{{"latitude":{texts[0]},"longitude":{texts[1]}}}'
        errors.append((column.name, str(error), value[:KEPT_OF_VALUE]))
        return None


def canonical(value: Value) -> str:
    """Compact JSON with sorted keys; numbers keep their text."""
    if value.type == "object":
        inside = (f"{_quoted(name)}:{canonical(value.data[name])}" for name in sorted(value.data))
        return "{" + ",".join(inside) + "}"
    if value.type == "array":
        return "[" + ",".join(canonical(item) for item in value.data) + "]"
    if value.type == "string":
        return _quoted(value.data)
    if value.type == "number":
        return str(value.data)
    return json.dumps(value.data)


def _quoted(content: str) -> str:
    return json.dumps(content, ensure_ascii=False)


def errors_json(errors: Iterable[tuple[str, str, str]]) -> str:
    """Errors as the JSON text that stands in a quarantined record's detail."""
    named = [{"column": name, "code": code, "value": value} for name, code, value in errors]
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


def fingerprint(
    kind: Kind,
    values: dict[str, Any],
    errors: Iterable[tuple[str, str, str]],
    rescued: str | None,
) -> bytes:
    """xxh3-128, big-endian, over the content: a null is byte 0, a value byte 1 and its bytes."""
    content = [_nullable(values["ind"], _i64)]
    for column in kind.columns:
        content.append(_nullable(values[column.name], _ENCODE[column.rule]))
    listed = list(errors)
    content.append(b"\x01" + struct.pack("<Q", len(listed)))
    for name, code, value in listed:
        content += [_text(name), _text(code), _nullable(value, _text)]
    content.append(_nullable(rescued, _text))
    return xxhash.xxh3_128_digest(b"".join(content))


def _nullable(value: Any, encode: Any) -> bytes:
    return b"\x00" if value is None else b"\x01" + encode(value)


def _i64(value: int) -> bytes:
    return struct.pack("<q", value)


def _i32(value: int) -> bytes:
    return struct.pack("<i", value)


def _bool(value: bool) -> bytes:
    return struct.pack("<?", value)


def _text(value: str) -> bytes:
    content = value.encode("utf-8")
    return struct.pack("<Q", len(content)) + content


def _pair(value: tuple[float, float]) -> bytes:
    return struct.pack("<dd", *value)


_ENCODE = {
    "text": _text,
    "prefix": _text,
    "joined": _text,
    "count": _i64,
    "timestamp": _i64,
    "age": _i32,
    "boolean": _bool,
    "coordinates": _pair,
}
