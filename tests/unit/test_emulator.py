"""The emulator from Python: pure records, faults that readers find again, targets, stops."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pinlake
from pinlake import Emulator
from pinlake.errors import ConfigError
from support.core import clean

KINDS = ("pin", "geo", "user")


def test_made_records_are_clean_and_share_their_indexes() -> None:
    posts = Emulator(count=500, seed=7)
    keys = []
    for kind in KINDS:
        rows = clean(kind, posts.records(kind))
        assert all(row.reject is None and not row.errors and row.rescued is None for row in rows)
        keys.append([row.values["ind"] for row in rows])
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys[0])) == 500
    assert keys[0] == [posts.index(n) for n in range(500)]


def test_records_read_as_python_would_write_them() -> None:
    posts = Emulator(count=2000)
    for kind in KINDS:
        for record in posts.records(kind):
            text = record.decode()
            assert json.dumps(json.loads(text), ensure_ascii=False) == text


@given(seed=st.integers(0, 2**64 - 1), cut=st.integers(0, 400))
@settings(max_examples=20, deadline=None)
def test_a_restart_changes_nothing(seed: int, cut: int) -> None:
    faults = {"duplicate": 0.1, "late": 0.1, "drop": 0.1, "corrupt": 0.1}
    whole = Emulator(count=300, seed=seed, faults=faults)
    again = Emulator(count=300, seed=seed, faults=faults)
    assert whole.records("geo", 0, cut) + again.records("geo", cut) == whole.records("geo")


# What a reader makes of each fault of content; None: a row.
CODES = {
    "corrupt": "not_json",
    "invalid_utf8": "invalid_utf8",
    "oversize": None,
    "new_field": None,
    "retyped_field": None,
    "null_value": "empty_payload",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_tells_what_a_reader_finds(kind: str) -> None:
    faults = dict.fromkeys(CODES, 0.1) | {"late": 0.2, "duplicate": 0.2, "drop": 0.1}
    posts = Emulator(count=400, faults=faults, oversize_bytes=5000)
    planned = [one for one in posts.plan() if one["kind"] == kind and one["sent"]]
    records = posts.records(kind)
    assert len(planned) == len(records)
    for one, row in zip(planned, clean(kind, records), strict=True):
        code = CODES.get(one["content"])
        found = row.reject.code if row.reject else None
        if one["content"] == "retyped_field" and found:
            # The field was the key, and a list is none.
            code = "invalid_key"
        assert found == code, one
        if code is None:
            assert row.values["ind"] == one["index"]
            rescued = one["content"] in ("oversize", "new_field")
            assert (row.rescued is not None) == rescued
    assert {one["content"] for one in planned} == {None, *CODES}


def test_oversize_is_just_over_what_readers_take() -> None:
    [record] = Emulator(count=1, faults={"oversize": 1}).records("user")
    assert len(record) == 10 * 1024 * 1024 + 1
    [row] = clean("user", [record])
    assert row.reject is not None
    assert row.reject.code == "too_large"


def test_each_emission_is_sent_once_plus_duplicates_less_drops() -> None:
    posts = Emulator(count=2000, faults={"duplicate": 0.1, "drop": 0.1, "orphan": 0.1, "late": 0.2})
    counts: Counter[tuple[int, str]] = Counter()
    for one in posts.plan():
        assert one["n"] <= one["slot"] <= one["n"] + 1024
        counts[one["n"], one["kind"]] += one["sent"]
        if one["delivery"] in ("drop", "orphan"):
            assert not one["sent"]
        if one["delivery"] == "orphan":
            assert one["kind"] == "pin"
    assert len(counts) == 6000
    assert set(counts.values()) == {0, 1, 2}


def test_a_landing_is_read_back_and_goes_on(tmp_path: Path) -> None:
    for seed in (1, 2):
        report = Emulator(count=50, seed=seed).run(
            f"landing:{tmp_path}", flush_size=20, partitions=2
        )
        assert report["written"] == 150
    for kind in KINDS:
        found = []
        for part in (0, 1):
            folder = tmp_path / "topics" / f"demo.{kind}" / f"partition={part}"
            offset = 0
            for path in sorted(folder.iterdir()):
                assert path.name == f"demo.{kind}+{part}+{offset:010}.json"
                lines = path.read_bytes().splitlines()
                offset += len(lines)
                found += lines
        made = [record for seed in (1, 2) for record in Emulator(count=50, seed=seed).records(kind)]
        assert sorted(found) == sorted(made)


def test_standard_output_names_kinds_where_there_are_several(capfd: Any) -> None:
    Emulator(count=3).run("-")
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == [*KINDS] * 3
    Emulator(count=3, kinds=["geo"], faults={"corrupt": 0.5}).run("-")
    lines = capfd.readouterr().out.encode().splitlines()
    assert lines == Emulator(count=3, faults={"corrupt": 0.5}).records("geo")
    with pytest.raises(pinlake.errors.ConfigError, match="fault corrupt"):
        Emulator(count=3, faults={"corrupt": 0.5}).run("-")


def test_progress_is_seen_and_a_stop_heard_from_another_thread(tmp_path: Path) -> None:
    posts = Emulator()
    reports: list[dict[str, Any]] = []
    run = threading.Thread(target=lambda: reports.append(posts.run(f"files:{tmp_path}", rate=200)))
    run.start()
    while posts.progress()["posts"] < 20:
        time.sleep(0.01)
    posts.stop()
    run.join(timeout=10)
    [report] = reports
    assert report["ended"] == "stopped"
    assert report["written"] == 3 * report["posts"] == posts.progress()["written"]
    assert len((tmp_path / "geo.jsonl").read_bytes().splitlines()) == report["posts"]


def test_an_interrupt_ends_a_run_cleanly(tmp_path: Path) -> None:
    posts = Emulator()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        posts.run(f"files:{tmp_path}", rate=100)
    lines = (tmp_path / "user.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["ind"] for line in lines] == [
        posts.index(n) for n in range(len(lines))
    ]


def test_real_tables_are_replayed(real_data: Path, tmp_path: Path) -> None:
    posts = Emulator(source=str(real_data / "real"), order="seed100", count=23)
    report = posts.run(f"files:{tmp_path}")
    assert report["posts"] == 23
    stream = (real_data / "real" / "stream.geo.jsonl").read_bytes().splitlines()
    assert (tmp_path / "geo.jsonl").read_bytes().splitlines() == stream[:23]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"order": "random"}, pinlake.errors.ConfigError, "permuted"),
        ({"kinds": ["post"]}, pinlake.errors.ConfigError, "pin, geo or user"),
        ({"kinds": []}, pinlake.errors.ConfigError, "no kind"),
        ({"faults": {"gone": 0.1}}, pinlake.errors.ConfigError, "unknown fault"),
        ({"faults": {"drop": 2}}, pinlake.errors.ConfigError, "no share"),
        ({"source": "nowhere"}, FileNotFoundError, "no such file or folder"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Emulator(**options)


def test_endless_records_need_an_end() -> None:
    posts = Emulator()
    assert posts.posts is None
    assert len(posts.records("pin", 10**12, 10**12 + 5)) == 5
    with pytest.raises(pinlake.errors.ConfigError, match="no end"):
        posts.records("pin")


@pytest.mark.parametrize("setting", [{"seed": -1}, {"seed": 1 << 64}, {"count": -1}, {"seed": "x"}])
def test_numbers_that_are_none_of_64_bits(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="a whole number from 0 to"):
        Emulator(**setting)
