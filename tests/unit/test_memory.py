"""Memory does not grow with the number of batches."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pyarrow as pa
import pytest

import pinlake
from pinlake import errors

MIB = 1024 * 1024
BATCHES = 10_000
ALLOWED = 4 * MIB


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("kind", ["pin", "geo", "user"])
def test_ten_thousand_batches(kind: str) -> None:
    good = [f'{{"ind":{n},"country":"x","title":"{"t" * 50}","age":2}}'.encode() for n in range(20)]
    bad = [b"rubbish", b"", b'{"ind":1,"age":"x","title":5,"country":[]}', b"\xff", b'{"x":1}']
    payloads = pa.array(good + bad, pa.binary())

    def batches(count: int) -> None:
        for _ in range(count):
            pinlake.dedup_batch(kind, pinlake.clean_batch(kind, payloads))
        gc.collect()

    batches(1_000)
    before = resident()
    batches(BATCHES)
    assert resident() - before <= ALLOWED


def test_errors_hold_nothing() -> None:
    payloads = pa.array([b'{"ind":1,"age":"x"}'] * 20, pa.binary())

    def failures(count: int) -> None:
        for _ in range(count):
            with pytest.raises(errors.QualityError):
                pinlake.clean_batch("user", payloads, invalid="fail")
        gc.collect()

    failures(1_000)
    before = resident()
    failures(BATCHES)
    assert resident() - before <= ALLOWED
