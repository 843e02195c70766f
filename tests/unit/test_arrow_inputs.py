"""The same payloads in every Arrow form give the same rows, or a clear error."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import pinlake
from oracle import clean_payloads
from pinlake import errors
from support.core import assert_same, check, clean, record_batch

TEXTS: list[str | None] = [
    '{"ind":1,"country":"Peru"}',
    None,
    "",
    '{"ind":2,"country":"Côte d\'Ivoire 😀 and some text longer than a view holds inline"}',
    '{"ind":3}{"ind":4}',
    "rubbish",
]
BYTES = [None if text is None else text.encode("utf-8") for text in TEXTS]
WANT = clean_payloads("geo", BYTES)
BINARY = [pa.binary(), pa.large_binary(), pa.binary_view()]
STRING = [pa.string(), pa.large_string(), pa.string_view()]


def array(type_: pa.DataType, offset: int = 0) -> pa.Array:
    given: list[Any] = TEXTS if type_ in STRING else BYTES
    return pa.array(given[:0] + [given[0]] * offset + given, type_)


@pytest.mark.parametrize("type_", BINARY + STRING, ids=str)
def test_types(type_: pa.DataType) -> None:
    assert_same(clean("geo", array(type_)), WANT)


@pytest.mark.parametrize("type_", BINARY + STRING, ids=str)
@pytest.mark.parametrize("offset", [1, 3, 8, 9])
def test_offset(type_: pa.DataType, offset: int) -> None:
    assert_same(clean("geo", array(type_, offset)[offset:]), WANT)


@pytest.mark.parametrize("type_", BINARY + STRING, ids=str)
def test_slices(type_: pa.DataType) -> None:
    whole = array(type_, 5)
    for start in range(len(TEXTS)):
        for size in range(len(TEXTS) - start + 1):
            got = clean("geo", whole.slice(5 + start, size))
            assert_same(got, clean_payloads("geo", BYTES[start : start + size]))


@pytest.mark.parametrize("type_", BINARY + STRING, ids=str)
def test_empty(type_: pa.DataType) -> None:
    assert clean("geo", pa.array([], type_)) == []
    assert clean("geo", array(type_)[2:2]) == []


@pytest.mark.parametrize("type_", BINARY + STRING, ids=str)
def test_only_nulls(type_: pa.DataType) -> None:
    rows = clean("geo", pa.array([None, None], type_))
    assert_same(rows, clean_payloads("geo", [None, None]))
    assert [row.reject.payload for row in rows if row.reject] == [None, None]


@pytest.mark.parametrize("type_", BINARY + STRING, ids=str)
def test_chunks(type_: pa.DataType) -> None:
    whole = array(type_)
    chunked = pa.chunked_array([whole[:2], whole[2:2], whole[2:5], whole[5:]], type_)
    assert_same(clean("geo", chunked), WANT)
    assert clean("geo", pa.chunked_array([], type_)) == []


@pytest.mark.parametrize("type_", [pa.binary(), pa.string()], ids=str)
def test_dictionary(type_: pa.DataType) -> None:
    """A dictionary is decoded."""
    given = array(type_, 2).dictionary_encode()
    assert_same(clean("geo", given[2:]), WANT)
    assert clean("geo", given[:0]) == []


@pytest.mark.parametrize(
    "given",
    [
        pa.array([1, 2]),
        pa.array([1.5]),
        pa.array([["a"]]),
        pa.array([{"a": 1}]),
        pa.array([True]),
    ],
    ids=lambda given: str(given.type),
)
def test_other_types_are_refused_by_name(given: pa.Array) -> None:
    with pytest.raises((errors.PinlakeError, TypeError), match=r"(?i)binary|string"):
        clean("geo", given)


@pytest.mark.parametrize("given", [None, 5, object(), "text", b"bytes", {"a": 1}], ids=repr)
def test_what_is_no_arrow_array_is_refused(given: Any) -> None:
    with pytest.raises((errors.PinlakeError, TypeError, ValueError)):
        pinlake.clean_batch("geo", given)


def test_strings_with_bad_utf8_are_not_trusted() -> None:
    """Spark hands unchecked bytes to Arrow string columns."""
    good = pa.array([b'{"ind":1,"country":"\xff"}', b"\xff", b'{"ind":2}'], pa.binary())
    for type_ in (pa.string(), pa.large_string()):
        base = good if type_ == pa.string() else good.cast(pa.large_binary())
        forged = pa.Array.from_buffers(type_, len(base), base.buffers())
        assert_same(clean("geo", forged), clean_payloads("geo", good.to_pylist()))


def test_nulls_hide_what_lies_under_them() -> None:
    data = pa.array([b'{"ind":1}', b'{"ind":2}'], pa.binary())
    mask = pa.py_buffer(bytes([0b10]))
    holed = pa.Array.from_buffers(pa.binary(), 2, [mask, *data.buffers()[1:]])
    assert_same(clean("geo", holed), clean_payloads("geo", [None, b'{"ind":2}']))


class Foreign:
    """Another library's array: nothing but the PyCapsule interface."""

    def __init__(self, inside: pa.Array | pa.ChunkedArray) -> None:
        self.inside = inside


class ForeignArray(Foreign):
    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self.inside.__arrow_c_array__(requested_schema)


class ForeignStream(Foreign):
    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.inside.__arrow_c_stream__(requested_schema)


def test_other_libraries() -> None:
    whole = array(pa.binary())
    assert_same(clean("geo", ForeignArray(whole)), WANT)
    assert_same(clean("geo", ForeignStream(pa.chunked_array([whole[:3], whole[3:]]))), WANT)


def test_output_types_are_what_spark_binds() -> None:
    """No views, dictionaries, large types; timestamps in µs."""
    batch = record_batch(pinlake.clean_batch("geo", array(pa.binary())))
    allowed = {
        pa.string(),
        pa.binary(),
        pa.int64(),
        pa.int32(),
        pa.float64(),
        pa.bool_(),
        pa.timestamp("us"),
        pa.timestamp("us", "UTC"),
    }

    def walk(type_: pa.DataType) -> None:
        if pa.types.is_struct(type_) or pa.types.is_list(type_):
            for at in range(type_.num_fields):
                walk(type_.field(at).type)
        else:
            assert type_ in allowed, type_

    for field in batch.schema:
        walk(field.type)
    assert batch.schema.field("timestamp").type == pa.timestamp("us")
    assert batch.schema.field("_arrived_at").type == pa.timestamp("us", "UTC")
    batch.validate(full=True)


def test_many_rows_and_batches() -> None:
    payloads: list[bytes | None] = [
        f'{{"ind":{n},"country":"c{n % 7}"}}'.encode() for n in range(25_000)
    ]
    assert len(check("geo", payloads)) == 25_000
