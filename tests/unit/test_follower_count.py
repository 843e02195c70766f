"""The follower count rule on a column of texts."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pinlake
from oracle.rules import count_of
from pinlake import errors
from support.golden import cases


def counts(texts: list[str | None], type_: pa.DataType | None = None) -> list[int | None]:
    return pa.array(pinlake.follower_count(pa.array(texts, type_ or pa.string()))).to_pylist()


def test_cases(golden: Path) -> None:
    found = [case for case in cases(golden, "follower_count") if case["value"].startswith('"')]
    texts = [json.loads(case["value"]) for case in found]
    assert counts(texts) == [case.get("expect") for case in found]


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text("0123456789,.kKmMbB +-eT\n", max_size=14),
            st.from_regex(r"[0-9]{1,3}(,[0-9]{3}){0,5}(\.[0-9]{1,12})?[kKmMbB]?", fullmatch=True),
            st.integers(0, 2**65).map(str),
            st.text(max_size=5),
        )
    )
)
def test_equals_the_oracle(texts: list[str | None]) -> None:
    want = [None if text is None else count_of(text) for text in texts]
    assert counts(texts) == want


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_forms(type_: pa.DataType) -> None:
    assert counts(["79k", None, "x", "1,200"], type_) == [79_000, None, None, 1_200]
    assert counts([], type_) == []


def test_slice_and_chunks() -> None:
    whole = pa.array(["1k", "2k", None, "3k", "4k"])
    assert pa.array(pinlake.follower_count(whole[1:4])).to_pylist() == [2000, None, 3000]
    chunked = pa.chunked_array([whole[:2], whole[2:]])
    assert pa.array(pinlake.follower_count(chunked)).to_pylist() == [1000, 2000, None, 3000, 4000]


def test_result_is_bigint() -> None:
    assert pa.array(pinlake.follower_count(pa.array(["1"]))).type == pa.int64()


@pytest.mark.parametrize("values", [pa.array([1.5]), pa.array([[1]]), "text", None, 5], ids=repr)
def test_others_are_refused(values: object) -> None:
    with pytest.raises((errors.PinlakeError, TypeError, ValueError)):
        pinlake.follower_count(values)
