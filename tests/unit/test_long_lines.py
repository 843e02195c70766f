"""A line too long for memory's comfort is read as a stream, with the same result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xxhash

from support.core import assert_same
from support.reading import file_rows, read

MIB = 1024 * 1024


def record(ind: int, size: int) -> bytes:
    head, tail = b'{"ind":%d,"country":"' % ind, b'"}'
    return head + b"c" * (size - len(head) - len(tail)) + tail


def many(count: int, size: int = 100_000) -> list[bytes]:
    return [record(number, size) for number in range(count)]


CASES = {
    "records": b"".join(many(300)),
    "records and a short rest": b"".join(many(300)) + b'{"ind":',
    "records and a long rest": b"".join(many(100)) + b"x" + b"".join(many(150)),
    "records and a deep rest": b"".join(many(300)) + b"[" * 200,
    "records and bad bytes": b"".join(many(300)) + b"\xff",
    "bad byte far behind a syntax error": b"x" * (9 * MIB) + b"\xff",
    "a record that is too large": b"".join(many(50)) + record(7, 10 * MIB + 1) + b"".join(many(50)),
    "a record at the limit": b"".join(many(50)) + record(7, 10 * MIB) + b"".join(many(50)),
    "an array": b"[" + b",".join(many(300)) + b"]",
    "an array behind records": b"".join(many(20))
    + b"["
    + b",".join(many(300))
    + b"] "
    + record(1, 50),
    "an array cut short": b"[" + b",".join(many(300)),
    "a small array cut short": b"".join(many(300)) + b"[" + b",".join(many(20)),
    "an array with one too large": b"[" + record(1, 50) + b"," + record(2, 10 * MIB + 1) + b"]",
    "blanks between": (b" " * 300_000).join(many(100)),
    "an object that never ends": b'{"ind":1,"x":[' + (b"1" * 999 + b",") * 12_000,
    "text that never ends": b'"' + b"y" * (20 * MIB),
    "a number without end": b"1" * (20 * MIB),
    "brackets": b"[" * (20 * MIB),
    "blanks": b" " * (30 * MIB),
    "two lines, the first long": b"".join(many(300)) + b"\n" + record(5, 60),
    "a short line, then a long one": record(5, 60)
    + b"\n"
    + b"".join(many(300))
    + b"\r\n"
    + record(6, 60),
    "carriage return": b"".join(many(300)) + b"\r",
    "scalars": b"123 " * 20_000 + b" " * (10 * MIB) + b"456",
}


@pytest.mark.parametrize("tasks", [1, 3])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_oracle(tmp_path: Path, name: str, tasks: int) -> None:
    data = CASES[name]
    path = tmp_path / "geo.json"
    path.write_bytes(data)
    rows, sums = read("geo", tmp_path, tasks)
    want = file_rows("geo", path.as_uri(), data)
    assert_same(rows, want)
    assert (sums.records, sums.hash) == (len(want), sum(row.hash for row in want))


def test_an_array_beyond_64_mib_is_too_large(tmp_path: Path) -> None:
    """An array counts once it has parsed whole, so it has to be held."""
    before, array = record(1, 1_000), b"[" + b",".join(many(680)) + b"]"
    assert len(array) > 64 * MIB
    (tmp_path / "geo.json").write_bytes(before + array + record(2, 1_000))
    rows, sums = read("geo", tmp_path)
    rest = array + record(2, 1_000)
    assert [row.reject.code if row.reject else None for row in rows] == [None, "too_large"]
    assert rows[1].reject is not None
    assert rows[1].reject.payload == rest[:MIB]
    assert json.loads(rows[1].reject.detail or "") == {
        "bytes": len(rest),
        "xxh3_128": xxhash.xxh3_128_hexdigest(rest),
    }
    digest = xxhash.xxh3_64_intdigest(rest)
    assert rows[1].hash == (digest - 2**64 if digest >= 2**63 else digest)
    assert (sums.records, sums.hash) == (2, sum(row.hash for row in rows))
