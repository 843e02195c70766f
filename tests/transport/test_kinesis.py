"""Emulator, ledger, verify, streams and check with a Kinesis that stands in for AWS's."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.cli import EXECUTABLE, STAND_IN, environment, pinlake, refusal
from support.components import Kinesalite
from support.fault_proxy import FaultProxy, running

KINDS = ("pin", "geo", "user")
AT = ("--at", "kinesis://us-east-1")
ENV = STAND_IN


def settings(folder: Path, endpoint: str, more: str = "") -> None:
    text = f'[kinesis]\nendpoint = "{endpoint}"\n{more}\n'
    Path(folder, "pinlake.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def user(kinesalite: Kinesalite, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A user id of the test's own, whose streams are there."""
    settings(tmp_path, kinesalite.endpoint)
    name = f"u{abs(hash(request.node.name)) % 10**9}"
    made = pinlake(
        "streams", "create", *AT, "--user-id", name, "--shards", "2", cwd=tmp_path, env=ENV
    )
    assert made.returncode == 0, made.stderr
    yield name
    settings(tmp_path, kinesalite.endpoint)
    pinlake("streams", "delete", *AT, "--user-id", name, cwd=tmp_path, env=ENV)


def emulate(user: str, *more: str) -> tuple[str, ...]:
    to = ("--to", AT[1], "--user-id", user, "--ledger", "run.ledger")
    return ("emulate", *to, "--json", *more)


def verdict(folder: Path) -> dict[str, Any]:
    words = ("verify", "--ledger", "run.ledger", "--against", AT[1], "--json")
    found: dict[str, Any] = json.loads(pinlake(*words, cwd=folder, env=ENV).stdout)
    return found


def test_the_real_tables_arrive_record_for_record(
    user: str, tmp_path: Path, real_data: Path
) -> None:
    done = pinlake(*emulate(user, "--from", str(real_data / "real")), cwd=tmp_path, env=ENV)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kinds"] == {"pin": 2019, "geo": 11154, "user": 11154}
    found = verdict(tmp_path)
    assert found["unexplained"] == 0
    assert found["sent"] == found["arrived"] == found["seen"] == 2019 + 2 * 11154
    checked = pinlake(
        *("check", "--from", AT[1], "--user-id", user, "--out", "c"), cwd=tmp_path, env=ENV
    )
    assert checked.returncode == 0, checked.stderr
    for kind, count in report["kinds"].items():
        consumed = json.loads(Path(tmp_path, "c", f"{kind}_consumer.json").read_text("utf-8"))
        assert len({one["offset"] for one in consumed}) == count
        assert all(len(one["offset"]) == 56 for one in consumed)
        assert {one["topic"] for one in consumed} == {f"streaming-{user}-{kind}"}


@pytest.mark.parametrize(
    ("posts", "kinds"),
    [(6_000, 3), pytest.param(34_000, 3, marks=pytest.mark.long)],
)
def test_refused_entries_throttles_errors_and_lost_replies_lose_nothing(
    kinesalite: Kinesalite, user: str, tmp_path: Path, posts: int, kinds: int
) -> None:
    faults = FaultProxy(
        kinesalite.endpoint,
        entries=0.3,
        throttled=0.05,
        failed=0.05,
        lost=0.01,
        first_lost=True,
    )
    with running(faults) as proxy:
        settings(tmp_path, proxy.url)
        done = pinlake(*emulate(user, "--count", str(posts)), cwd=tmp_path, env=ENV)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["written"], report["failed"], report["unknown"]) == (posts * kinds, 0, 0)
    settings(tmp_path, kinesalite.endpoint)
    found = verdict(tmp_path)
    assert found["unexplained"] == 0, found
    assert found["arrived"] == posts * kinds
    # Only what was refused is sent again: what is there twice comes from replies that were lost.
    assert found["seen"] == faults.counts["accepted"]
    assert found["seen"] == found["arrived"] + found["repeats"]
    assert all(faults.counts[what] > 0 for what in ("entries", "throttled", "failed", "lost"))
    assert found["repeats"] > 0


def test_a_run_that_is_killed_while_replies_are_lost_is_explained(
    kinesalite: Kinesalite, user: str, tmp_path: Path
) -> None:
    # Each try is accepted, and no run ever hears of it: it tries again, how often it takes with it.
    faults = FaultProxy(kinesalite.endpoint, lost=1.0)
    words = emulate(user, "--count", "20")
    with running(faults) as proxy:
        settings(tmp_path, proxy.url)
        with subprocess.Popen(
            [EXECUTABLE, *words], cwd=tmp_path, env=environment(ENV), stdout=subprocess.PIPE
        ) as run:
            until(lambda: faults.counts["lost"] >= 12)
            run.send_signal(signal.SIGKILL)
    settings(tmp_path, kinesalite.endpoint)
    done = pinlake(*words, "--resume", cwd=tmp_path, env=ENV)
    assert done.returncode == 0, done.stderr
    found = verdict(tmp_path)
    assert (found["unexplained"], found["arrived"]) == (0, 60), found
    assert found["repeats"] == found["seen"] - 60 > 60


def test_a_stop_tells_of_what_was_under_way(
    kinesalite: Kinesalite, user: str, tmp_path: Path
) -> None:
    faults = FaultProxy(kinesalite.endpoint, silent=20.0)
    with running(faults) as proxy:
        settings(tmp_path, proxy.url)
        with subprocess.Popen(
            [EXECUTABLE, *emulate(user, "--rate", "5")],
            cwd=tmp_path,
            env=environment(ENV),
            stdout=subprocess.PIPE,
        ) as run:
            until(lambda: faults.counts["passed"] >= 3)
            run.send_signal(signal.SIGTERM)
            began = time.monotonic()
            told, _ = run.communicate(timeout=60)
        assert time.monotonic() - began < 8
    report = json.loads(told)
    assert run.returncode == 1
    assert report["generated"] == report["unknown"] > 0
    assert (report["written"], report["failed"]) == (0, 0)
    settings(tmp_path, kinesalite.endpoint)
    found = verdict(tmp_path)
    assert found["unexplained"] == 0, found


def test_a_second_signal_ends_it_at_once(kinesalite: Kinesalite, user: str, tmp_path: Path) -> None:
    faults = FaultProxy(kinesalite.endpoint, silent=20.0)
    with running(faults) as proxy:
        settings(tmp_path, proxy.url)
        with subprocess.Popen(
            [EXECUTABLE, *emulate(user, "--rate", "5")], cwd=tmp_path, env=environment(ENV)
        ) as run:
            until(lambda: faults.counts["passed"] >= 1)
            run.send_signal(signal.SIGINT)
            time.sleep(0.5)
            began = time.monotonic()
            run.send_signal(signal.SIGINT)
            assert run.wait(timeout=20) == -signal.SIGINT
            assert time.monotonic() - began < 1
    # What was under way has no known end: the ledger can be gone on with, and is explained.
    settings(tmp_path, kinesalite.endpoint)
    assert verdict(tmp_path)["unexplained"] == 0


def until(true: Callable[[], bool]) -> None:
    """Waits for something to be so."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_stream_for_all_kinds(kinesalite: Kinesalite, user: str, tmp_path: Path) -> None:
    settings(tmp_path, kinesalite.endpoint, f'stream = "streaming-{user}-pin"')
    done = pinlake(*emulate(user, "--count", "200"), cwd=tmp_path, env=ENV)
    assert done.returncode == 0, done.stderr
    found = verdict(tmp_path)
    assert (found["unexplained"], found["seen"]) == (0, 600)
    # Keys say the kind: who reads one of them knows its records by that.
    check = ("check", "--from", AT[1], "--user-id", user, "--out", "c")
    assert pinlake(*check, cwd=tmp_path, env=ENV).returncode == 0
    shared = Path(tmp_path, "c", f"streaming-{user}-pin_consumer.json").read_text("utf-8")
    keys = Counter(one["key"].split("-")[0] for one in json.loads(shared))
    assert keys == {"pin": 200, "geo": 200, "user": 200}


def test_streams_are_listed_described_and_what_is_not_there_is_said(
    kinesalite: Kinesalite, user: str, tmp_path: Path
) -> None:
    prefix = ("--prefix", f"streaming-{user}-", "--json")
    listed = pinlake("streams", "list", *AT, *prefix, cwd=tmp_path, env=ENV)
    assert [one["name"] for one in json.loads(listed.stdout)] == sorted(
        f"streaming-{user}-{kind}" for kind in KINDS
    )
    told = pinlake("streams", "describe", *AT, "--user-id", user, cwd=tmp_path, env=ENV)
    assert "ACTIVE" in told.stdout
    again = pinlake("streams", "create", *AT, "--user-id", user, cwd=tmp_path, env=ENV)
    assert again.stderr.count("is there already") == 3
    none = ("emulate", "--to", AT[1], "--user-id", "nobody", "--count", "1")
    assert "pinlake streams create" in refusal(pinlake(*none, cwd=tmp_path, env=ENV))
    null = (*emulate(user, "--count", "9"), "--fault", "null_value=0.1")
    assert "fault null_value: kinesis://us-east-1" in refusal(pinlake(*null, cwd=tmp_path, env=ENV))
    large = (*emulate(user, "--count", "9"), "--fault", "oversize=0.1")
    assert "fault oversize" in refusal(pinlake(*large, cwd=tmp_path, env=ENV))
    keyless = {**ENV, "AWS_ACCESS_KEY_ID": None}
    assert "no AWS credentials" in refusal(pinlake(*none, cwd=tmp_path, env=keyless))
    settings(tmp_path, "http://127.0.0.1:1")
    assert "cannot describe stream" in refusal(pinlake(*none, cwd=tmp_path, env=ENV))
