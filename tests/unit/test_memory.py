"""Memory does not grow with the number of batches."""

from __future__ import annotations

import subprocess
import sys

import pytest

MIB = 1024 * 1024
BATCHES = 10_000
ALLOWED = 4 * MIB

# In a process of its own: in one that holds what other tests left, an arena that grows for them is
# counted as well.
GROWTH = """
import gc, os, sys
import pyarrow as pa
import pinlake

kind, count = sys.argv[1], int(sys.argv[2])
good = [f'{{"ind":{n},"country":"x","title":"{"t" * 50}","age":2}}'.encode() for n in range(20)]
bad = [b"rubbish", b"", b'{"ind":1,"age":"x","title":5,"country":[]}', b"\\xff", b'{"x":1}']
payloads = pa.array(good + bad, pa.binary())
failing = pa.array([b'{"ind":1,"age":"x"}'] * 20, pa.binary())

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def batch():
    if kind != "errors":
        pinlake.dedup_batch(kind, pinlake.clean_batch(kind, payloads))
        return
    try:
        pinlake.clean_batch("user", failing, invalid="fail")
    except pinlake.errors.QualityError:
        return
    raise SystemExit("nothing failed")

def batches(count):
    for _ in range(count):
        batch()
    gc.collect()

batches(1_000)
before = resident()
batches(count)
print(resident() - before)
"""


@pytest.mark.parametrize("kind", ["pin", "geo", "user", "errors"])
def test_ten_thousand_batches(kind: str) -> None:
    words = [sys.executable, "-c", GROWTH, kind, str(BATCHES)]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    assert int(done.stdout) <= ALLOWED


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
