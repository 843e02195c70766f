"""Memory does not grow with the number of batches."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
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


# Peak memory is a process's own, so the reading has one to itself.
MANY_RECORDS = """
import resource, sys
import pyarrow as pa
from pinlake import _core
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
payload = pa.array([b"[" + b"1," * int(sys.argv[1]) + b"1]"], pa.binary())
before = peak()
made = _core.clean_batches(_core.kind_plan("pin"), payload)
rows = sum(pa.record_batch(batch).num_rows for batch in made)
print(rows, peak() - before)
"""


def test_a_payload_of_very_many_records_is_cleaned_in_pieces() -> None:
    words = [sys.executable, "-c", MANY_RECORDS, "1000000"]
    rows, grown = map(int, subprocess.run(words, capture_output=True, check=True).stdout.split())
    assert rows == 1_000_001
    # Some batches' worth; all rows at once took 400 MiB.
    assert grown <= 32 * MIB
