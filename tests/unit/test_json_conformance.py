"""RFC 8259 exactly: what is accepted, what is refused, and with which code.

Names say what the grammar says: y_ must be accepted, n_ must be refused, i_ is left open by the
RFC and decided by the contract (lone surrogates refused, numbers of any size kept as text).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.core import check
from support.golden import blob, cases, kept


@pytest.fixture(scope="module")
def table(golden: Path) -> list[dict[str, Any]]:
    found = cases(golden, "json")
    assert len(found) > 500
    assert len({case["name"] for case in found}) == len(found)
    for case in found:
        kind = case["name"].split("_")[0]
        assert kind == "i" or (case["code"] is None) == (kind == "y"), case
    return found


def test_in_an_unknown_field(table: list[dict[str, Any]]) -> None:
    rows = check("geo", [b'{"ind":1,"x":' + blob(case) + b"}" for case in table])
    for case, row in zip(table, rows, strict=True):
        assert (row.reject.code if row.reject else None) == case["code"], case
        if row.rescued is not None:
            assert json.loads(row.rescued) == {"x": json.loads(case["text"])}, case


def test_in_a_known_field(table: list[dict[str, Any]]) -> None:
    rows = check("geo", [b'{"country":' + blob(case) + b',"ind":1}' for case in table])
    for case, row in zip(table, rows, strict=True):
        assert (row.reject.code if row.reject else None) == case["code"], case
        if row.values is not None:
            value = json.loads(case["text"])
            assert row.values["country"] == (value if isinstance(value, str) and value else None)
            text = kept(case["text"].strip(" \t\n\r"))
            wrong = value is not None and not isinstance(value, str)
            assert row.errors == ((("country", "wrong_type", text),) if wrong else ()), case


def test_as_an_array_element(table: list[dict[str, Any]]) -> None:
    rows = check("geo", [b"[" + blob(case) + b",1]" for case in table])
    assert rows


def test_as_a_whole_payload(table: list[dict[str, Any]]) -> None:
    check("geo", [blob(case) for case in table])


def test_cut_anywhere() -> None:
    """Every proper prefix of a record is refused, and never read as something shorter."""
    whole = '{"ind": 1, "country": "\\ud83d\\ude00é😀\\n", "x": [1.5e+3, true, {"a": null}, -0]}'
    data = whole.encode("utf-8")
    rows = check("geo", [data[:end] for end in range(1, len(data))])
    assert {row.reject.code if row.reject else None for row in rows} == {"not_json", "invalid_utf8"}


def test_every_single_byte() -> None:
    """All 256 bytes at the places where the grammar looks."""
    frames = [
        (b'{"ind":1,"country":"', b'"}'),
        (b'{"ind":1,"country":"\\', b'"}'),
        (b'{"ind":1,"country":"\\u00', b'1"}'),
        (b'{"ind":1,"x":', b"}"),
        (b'{"ind":1,"x":1', b"}"),
        (b'{"ind":1,"x":1.5', b"}"),
        (b'{"ind":1', b"}"),
        (b"", b'{"ind":1}'),
        (b'{"ind":1}', b""),
        (b'{"ind":1', b',"x":1}'),
        (b"{", b'"ind":1}'),
        (b"[1", b"]"),
        (b"[", b"]"),
        (b"", b""),
    ]
    for head, tail in frames:
        check("geo", [head + bytes([byte]) + tail for byte in range(256)])


@pytest.mark.parametrize("size", [1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129])
def test_block_borders(size: int) -> None:
    """Special bytes at every place around the width of vector registers."""
    payloads = []
    for special in (
        b'"',
        b"\\",
        b"\n",
        b"\x00",
        b"\x1f",
        b"\x80",
        "é".encode(),
        "😀".encode(),
        b"\\n",
    ):
        for at in {0, 1, size // 2, max(size - 1, 0), size}:
            text = b"a" * at + special + b"b" * (size - at)
            payloads.append(b'{"ind":1,"country":"' + text + b'"}')
            payloads.append(b'{"ind":1,"' + text + b'":"' + text + b'"}')
    check("geo", payloads)
