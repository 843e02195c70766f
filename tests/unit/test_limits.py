"""Size limits: 10 MiB a record, 1 MiB of it kept; memory does not follow hostile input."""

from __future__ import annotations

import json

import pytest
import xxhash

from oracle.scan import MAX_RECORD
from support.core import check

HEAD, TAIL = b'{"ind":1,"country":"', b'"}'


def record(size: int) -> bytes:
    return HEAD + b"x" * (size - len(HEAD) - len(TAIL)) + TAIL


def test_a_record_of_just_the_limit_is_read() -> None:
    (row,) = check("geo", [record(MAX_RECORD)])
    assert row.values is not None
    assert len(row.values["country"]) == MAX_RECORD - len(HEAD + TAIL)


def test_one_byte_more_is_quarantined() -> None:
    data = record(MAX_RECORD + 1)
    (row,) = check("geo", [data])
    assert row.reject is not None
    assert row.reject.code == "too_large"
    assert row.reject.payload == data[: 1024 * 1024]
    assert json.loads(row.reject.detail or "") == {
        "bytes": len(data),
        "xxh3_128": xxhash.xxh3_128_hexdigest(data),
    }


BIG = MAX_RECORD + 1


@pytest.mark.parametrize(
    "payload",
    [
        b'{"ind":1}' + record(BIG) + b'{"ind":2}',
        b'{"ind":1}' + record(BIG + 2)[:-2],
        b"x" * BIG,
        b'{"ind":1} ' + b"\xff" * BIG,
        b"x" + record(1024) * 11_000,
        b"[" * BIG,
        b"[" + record(BIG) + b"]",
        b'[{"ind":1},' + record(BIG) + b"]",
        b'[{"ind":1},' + record(BIG) + b"] x",
        b'[[1],"' + b"y" * BIG + b'"]',
        b'"' + b"y" * BIG + b'"',
        b"1" * BIG,
        b"[1" + b"," * BIG,
    ],
    ids=[
        "between",
        "cut",
        "rubbish",
        "bad bytes",
        "long rest",
        "deep",
        "element",
        "second element",
        "array, then rubbish",
        "text element",
        "text",
        "number",
        "array",
    ],
)
def test_too_large(payload: bytes) -> None:
    rows = check("geo", [payload])
    assert rows[-1].reject is not None
    assert rows[-1].reject.code == "too_large"


@pytest.mark.parametrize(
    ("start", "code", "at"),
    [
        (b'{"ind":2 "x":1}', "not_json", 9),
        (b'{"ind":2,"x":"\xff"}', "invalid_utf8", 14),
        (b"[" * 129, "too_deep", 129),
    ],
)
def test_a_large_rest_says_what_ended_the_reading_and_where(
    start: bytes, code: str, at: int
) -> None:
    first, rest = check("geo", [b'{"ind":1}' + start + record(1024) * 11_000])
    assert first.reject is None
    assert rest.reject is not None
    assert rest.reject.code == "too_large"
    detail = json.loads(rest.reject.detail or "")
    assert (detail["cause"], detail["at"]) == (code, at)


@pytest.mark.parametrize(
    "payload",
    [
        record(1024) * 11_000,
        b"[" + (record(1024) + b",") * 11_000 + record(1024) + b"]",
        b" " * BIG + b'{"ind":1}' + b"\n" * BIG,
        b"[" + record(MAX_RECORD) + b"]",
    ],
    ids=["many", "many in an array", "blanks", "element at the limit"],
)
def test_large_payloads_of_small_records(payload: bytes) -> None:
    rows = check("geo", [payload])
    assert all(row.reject is None for row in rows)


def test_blanks_of_any_size_are_an_empty_payload() -> None:
    (row,) = check("geo", [b" " * BIG])
    assert row.reject is not None
    assert row.reject.code == "empty_payload"
