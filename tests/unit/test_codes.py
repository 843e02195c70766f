"""Codes are part of the contract: people filter tables by them."""

from __future__ import annotations

import pyarrow as pa
import pytest

import pinlake
from pinlake import _core, errors
from support.core import check, clean

REJECT = [
    "empty_payload",
    "invalid_utf8",
    "not_json",
    "too_large",
    "too_deep",
    "not_an_object",
    "wrapped_record",
    "missing_key",
    "invalid_key",
    "foreign_record",
    "corrupt_archive",
    "invalid_field",
]
ERROR = [
    "wrong_type",
    "invalid_follower_count",
    "invalid_coordinates",
    "invalid_timestamp",
    "invalid_age",
    "invalid_number",
]


def test_reject_codes() -> None:
    assert _core.reject_codes() == REJECT


def test_error_codes() -> None:
    assert sorted(_core.error_codes()) == sorted(ERROR)


def test_every_word_of_invalid_is_known_or_refused() -> None:
    payloads = pa.array([b'{"ind":1,"country":5}'], pa.binary())
    with pytest.raises(errors.ConfigError, match="invalid"):
        pinlake.clean_batch("geo", payloads, invalid="ignore")


def test_invalid_fail_names_the_records() -> None:
    bad = [f'{{"ind":{n},"country":5}}'.encode() for n in range(9)]
    with pytest.raises(errors.QualityError, match="country") as raised:
        pinlake.clean_batch("geo", pa.array(bad, pa.binary()), invalid="fail")
    assert "wrong_type" in str(raised.value)


def test_invalid_fail_leaves_rejected_records_to_the_quarantine() -> None:
    given = [b"rubbish", b"{}", None, b'{"ind":"x","country":5}', b'{"ind":1,"country":"x"}']
    rows = check("geo", given, invalid="fail")
    codes = [row.reject.code if row.reject else None for row in rows]
    assert codes == ["not_json", "missing_key", "empty_payload", "invalid_key", None]
    with pytest.raises(
        errors.QualityError,
        match=r": 1 bad value\(s\) among 2 records .*: payload 1: country wrong_type 5$",
    ):
        clean("geo", [b"rubbish", b'{"ind":1,"country":5}'], invalid="fail")


def test_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(errors.ConfigError, match="pni"):
        pinlake.clean_batch("pni", pa.array([b"{}"], pa.binary()))
