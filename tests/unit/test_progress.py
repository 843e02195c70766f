"""Progress where nobody watches: lines on a stream; and work that Ctrl-C can stop."""

from __future__ import annotations

import _thread
import io
import os
import pty
import re
import threading
import time

import pytest

from pinlake._progress import Progress, duration, follow
from pinlake._steps import BOOKED, READ, Steps


def test_a_line_every_few_seconds_with_count_rate_and_time_left() -> None:
    stream = io.StringIO()
    with Progress("emulate", total=1000, unit="posts", stream=stream, every=0.05) as progress:
        progress.at(1)
        time.sleep(0.06)
        progress.at(400)
        progress.at(401)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("emulate: 400 of 1,000 posts, ")
    assert "/s, " in lines[0]
    assert lines[0].endswith(" left")
    assert lines[1].startswith("emulate: 401 posts in ")


def test_a_share_of_the_work_tells_the_time_left() -> None:
    stream = io.StringIO()
    with Progress("clean", stream=stream, every=0) as progress:
        time.sleep(0.1)
        progress.at(500, 0.5)
    line = stream.getvalue().splitlines()[0]
    assert line.startswith("clean: 500 records, ")
    assert line.endswith(" s left")


def test_steps_that_take_longer_than_reckoned_leave_no_time_left_to_tell() -> None:
    """The share of the work stands still between two steps; the time left must not grow."""
    progress = Progress("run", stream=io.StringIO())
    with progress:
        time.sleep(0.2)
        progress.at(500, 0.5)
        first = progress.line()
        time.sleep(0.1)
        progress.at(500, 0.5)
        assert first.endswith("0.2 s left")
        assert progress.line().endswith("0.1 s left")
        time.sleep(0.15)
        progress.at(500, 0.5)
        assert re.search(r"records, [\d,]+/s, after 0\.\d s$", progress.line())


def test_kinds_that_are_written_side_by_side_add_up() -> None:
    shown = Progress("run", stream=io.StringIO())
    steps = Steps({"pin": 3, "geo": 1, "user": 0}, shown.noted)
    steps.say("pin", "3 objects to read")
    steps.say("user", "nothing new")
    assert shown.counted() == (0, 0.0)
    steps.reached("geo", READ, 20)
    assert shown.counted() == (20, READ / 4)
    steps.reached("pin", READ, 300)
    assert shown.counted() == (320, READ)
    steps.reached("geo", BOOKED, 20)
    steps.reached("pin", BOOKED, 300)
    assert shown.counted() == (320, 1.0)
    shown.at(*shown.counted())
    said = "run: pin 300 records booked, user nothing new, geo 20 records booked: 320 records, "
    assert shown.line().startswith(said)


def test_work_without_counts_says_that_it_goes_on() -> None:
    stream = io.StringIO()
    with Progress("start Spark", stream=stream, every=0) as progress:
        progress.at(0)
    assert stream.getvalue().startswith("start Spark: at work, after ")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""


def test_a_terminal_gets_a_bar() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        with Progress("emulate", total=10, unit="posts", stream=terminal) as progress:
            progress.at(5)
            time.sleep(0.3)
            progress.at(10)
        terminal.flush()
        os.set_blocking(ours, False)
        said = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    assert "emulate" in said
    assert "5 of 10 posts, " in said
    assert " left" in said
    assert "10 posts in" in said


def test_follow_returns_the_result_and_raises_the_error() -> None:
    def broken() -> int:
        raise ValueError("broken")

    stream = io.StringIO()
    assert follow(lambda: 7, Progress("x", stream=stream), count=lambda: 3) == 7
    assert "x: 3 records in" in stream.getvalue()
    with pytest.raises(ValueError, match="broken"):
        follow(broken, Progress("x", stream=stream))


def test_the_first_ctrl_c_drains() -> None:
    done = threading.Event()
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        follow(lambda: done.wait(20), Progress("x", stream=io.StringIO()), stop=done.set)
    assert done.is_set()


def test_ctrl_c_without_a_way_to_drain_stops_at_once() -> None:
    done = threading.Event()
    threading.Timer(0.2, _thread.interrupt_main).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        follow(lambda: done.wait(20), Progress("x", stream=io.StringIO()))
    assert time.monotonic() - start < 5
    done.set()


def test_durations_read_well() -> None:
    assert [duration(0.04), duration(59), duration(61), duration(3700)] == [
        "0.0 s",
        "59.0 s",
        "1 min 1 s",
        "1 h 1 min",
    ]
