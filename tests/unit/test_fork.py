"""Spark's workers are forked from a warm process: the core works on both sides of a fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import pyarrow as pa
import pytest

import pinlake
from oracle import clean_payloads
from support.core import assert_same, clean

PAYLOADS = [f'{{"ind":{n},"country":"c"}}'.encode() for n in range(2_000)]
TIMEOUT = 60

# The very thing that Python warns of is what is tested.
pytestmark = pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")


def work() -> None:
    assert_same(clean("geo", PAYLOADS), clean_payloads("geo", PAYLOADS))


def in_child(task: Callable[[], None]) -> int:
    """Runs a task in a forked child; its exit code. A child that hangs is killed and fails."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            task()
            code = 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail(f"the forked child still ran after {TIMEOUT} s")


def test_after_use_in_the_parent() -> None:
    work()
    assert in_child(work) == 0
    work()


def test_while_other_threads_work() -> None:
    stop = threading.Event()
    array = pa.array(PAYLOADS, pa.binary())

    def busy() -> None:
        while not stop.is_set():
            pinlake.clean_batch("geo", array)

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            # pyarrow's own locks may be held by another thread at the fork: core only.
            assert in_child(lambda: pinlake.clean_batch("geo", array)) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_children_of_children() -> None:
    work()
    assert in_child(lambda: sys.exit(in_child(work)) if in_child(work) else None) == 0


def test_a_forked_child_ends_by_itself() -> None:
    """A child that leaves through the interpreter's own exit neither hangs nor crashes."""
    script = textwrap.dedent(
        """
        import os, sys
        import pyarrow as pa
        import pinlake

        array = pa.array([b'{"ind":1}'] * 1000, pa.binary())
        pinlake.clean_batch("geo", array)
        child = os.fork()
        pinlake.clean_batch("geo", array)
        if child:
            _, status = os.waitpid(child, 0)
            sys.exit(os.waitstatus_to_exitcode(status))
        """
    )
    done = subprocess.run([sys.executable, "-c", script], timeout=TIMEOUT, check=False)
    assert done.returncode == 0


def test_import_starts_no_thread() -> None:
    script = "import os, pinlake; print(len(os.listdir('/proc/self/task')))"
    done = subprocess.run(
        [sys.executable, "-c", script], timeout=TIMEOUT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "1"


@pytest.mark.parametrize("module", ["pyarrow", "pyspark", "pandas", "numpy"])
def test_import_is_light(module: str) -> None:
    script = f"import sys, pinlake; sys.exit({module!r} in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], timeout=TIMEOUT, check=False).returncode == 0
    )
