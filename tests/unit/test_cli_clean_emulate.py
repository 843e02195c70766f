"""`pinlake emulate` and `pinlake clean`, the real executable."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.cli import EXECUTABLE, environment, pinlake, refusal


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """A file of five records: a row, its duplicate, a later version, a bad field, not JSON."""
    records = [
        '{"index": 1, "title": "a", "follower_count": "2k"}',
        '{"index": 1, "title": "a", "follower_count": "2k"}',
        '{"index": 1, "title": "b"}',
        '{"index": 2, "title": "c", "follower_count": "many"}',
        "not json",
    ]
    file = tmp_path / "pins.jsonl"
    file.write_text("\n".join(records) + "\n", encoding="utf-8")
    return file


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_emulate_to_stdout_is_data_and_nothing_else(tmp_path: Path) -> None:
    done = pinlake("emulate", "--to", "-", "--kind", "user", "--count", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [set(row) for row in rows(done.stdout)] == [
        {"ind", "first_name", "last_name", "age", "date_joined"}
    ] * 3
    again = pinlake("emulate", "--to", "-", "--kind", "user", "--count", "3", cwd=tmp_path)
    assert again.stdout == done.stdout


def test_emulate_reports_true_counts_and_appends_to_a_landing(tmp_path: Path) -> None:
    words = ("emulate", "--to", "landing:l", "--count", "50", "--flush-size", "20", "--json")
    for _ in range(2):
        done = pinlake(*words, "--fault", "drop=0.1", "--user-id", "a1", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    objects = sorted(Path(tmp_path, "l", "topics").rglob("*.json"))
    lines = sum(len(path.read_bytes().splitlines()) for path in objects)
    assert (told["posts"], told["ended"], 2 * told["written"]) == (50, "count", lines)
    assert told["faults"]["drop"] == 150 - told["written"]
    assert {path.parent.parent.name for path in objects} == {"a1.pin", "a1.geo", "a1.user"}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--to", "carrier://pigeon"), "unknown target"),
        (("--to", "kafka://127.0.0.1:1"), "kafka://127.0.0.1:1: cannot reach a broker"),
        (("--to", "kafka://u:hunter2@h:1"), "holds no user and no password"),
        (("--to", "files:out", "--ledger", "l"), "no place of a record is known there"),
        (("--to", "landing:out", "--resume"), "name the ledger"),
        (("--to", "landing:out", "--resume", "--ledger", "none"), "none"),
        ((), "no target given: use --to landing:DIR"),
        (("--to", "-", "--fault", "corrupt"), "use NAME=SHARE"),
        (("--to", "-", "--fault", "corupt=0.1"), "corupt"),
        (("--to", "-", "--fault", "corrupt=2"), "corrupt"),
        (("--to", "-", "--rate", "fast"), "max, course"),
        (("--to", "-", "--order", "random"), "permuted, sequential, seed100"),
        (("--to", "-", "--kind", "pinn"), "did you mean 'pin'?"),
        (("--to", "-", "--from", "nowhere"), "nowhere"),
        (
            ("--to", "-", "--from", "mysql://root:hunter2@h/db"),
            "holds no password; set PINLAKE_MYSQL_PASSWORD",
        ),
        (("--to", "landing:taken"), "taken"),
        (("--to", "-", "--count", "-1"), "count"),
    ],
)
def test_emulate_refuses_in_one_line(tmp_path: Path, words: tuple[str, ...], wanted: str) -> None:
    Path(tmp_path, "taken").write_text("a file", encoding="utf-8")
    said = refusal(pinlake("emulate", *words, cwd=tmp_path))
    assert wanted in said
    assert "hunter2" not in said


def test_emulate_does_not_overwrite_files(tmp_path: Path) -> None:
    words = ("emulate", "--to", "files:out", "--count", "2")
    assert pinlake(*words, cwd=tmp_path).returncode == 0
    before = Path(tmp_path, "out", "pin.jsonl").read_bytes()
    assert "out" in refusal(pinlake(*words, cwd=tmp_path))
    assert Path(tmp_path, "out", "pin.jsonl").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_an_endless_emulation_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [EXECUTABLE, "emulate", "--to", "landing:l", "--rate", "200", "--json"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        until = time.monotonic() + 60
        while not Path(tmp_path, "l", "topics").exists() and time.monotonic() < until:
            if Path(tmp_path, "l").exists():
                break
            time.sleep(0.05)
        time.sleep(1)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    told = json.loads(out)
    lines = sum(len(p.read_bytes().splitlines()) for p in Path(tmp_path, "l").rglob("*.json"))
    assert told["ended"] == "stopped"
    assert told["written"] == lines > 0


def test_a_signal_before_the_count_is_reached_is_told_by_the_exit_code(tmp_path: Path) -> None:
    with subprocess.Popen(
        [EXECUTABLE, "emulate", "--to", "-", "--rate", "20", "--count", "100000"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        running.stdout.read(1)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err.decode().splitlines()[-1] == "pinlake: stopped"
    assert "Traceback" not in err.decode()


def test_emulate_into_a_pipe_that_closes(tmp_path: Path) -> None:
    with subprocess.Popen(
        [EXECUTABLE, "emulate", "--to", "-"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        err = running.stderr.read().decode()
        running.wait(timeout=60)
    assert running.returncode == 141
    assert "Traceback" not in err


def test_clean_to_stdout(tmp_path: Path, pins: Path) -> None:
    done = pinlake("clean", pins, "--kind", "pin", "--out", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {row["ind"]: row.get("title") for row in rows(done.stdout)}
    assert found == {1: "b", 2: "c"}
    assert "records 5, rows 2, duplicates 1, superseded 1, quarantined 1, flawed 1" in done.stderr


def test_clean_to_parquet_in_a_folder_with_quarantine(tmp_path: Path, pins: Path) -> None:
    import pyarrow.parquet as pq

    done = pinlake(
        "clean", pins, "--kind", "pin", "--out", "out/", "--quarantine", "bad.ndjson", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["records"] == sum(
        told[name] for name in ("rows", "duplicates", "superseded", "quarantined")
    )
    table = pq.read_table(tmp_path / "out" / "pins.parquet")
    assert sorted(table.column("ind").to_pylist()) == [1, 2]
    bad = rows(Path(tmp_path, "bad.ndjson").read_text("utf-8"))
    assert [row["code"] for row in bad] == ["not_json"]


def test_clean_counts_where_no_out_is_given(tmp_path: Path, pins: Path) -> None:
    done = pinlake("clean", pins, "--kind", "pin", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        *("kind", "records", "rows", "duplicates", "superseded", "quarantined", "flawed"),
        *("pin", "5", "2", "1", "1", "1", "1"),
    ]


def test_clean_tells_names_that_it_passes_over(tmp_path: Path) -> None:
    part = tmp_path / "l" / "topics" / "a1.pin" / "partition=0"
    part.mkdir(parents=True)
    odd = [f"a1.pin+0+{offset:010}.json.bz2" for offset in range(7)]
    for name in odd:
        Path(part, name).write_bytes(b"x")
    said = refusal(pinlake("clean", "l", "--kind", "pin", "--out", "o.ndjson", cwd=tmp_path))
    assert "none of its 7 names" in said
    assert "a1.pin+0+<offset> with .json, .json.gz" in said
    Path(part, "a1.pin+0+0000000007.json").write_text('{"index": 7}', encoding="utf-8")
    done = pinlake("clean", "l", "--kind", "pin", "--out", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [row["ind"] for row in rows(done.stdout)] == [7]
    told = [line for line in done.stderr.splitlines() if "passed over" in line]
    assert len(told) == 1
    assert told[0].startswith("pin: 7 names passed over, not read: l/topics/a1.pin/partition=0/")
    assert [name in told[0] for name in odd] == [True] * 5 + [False] * 2


def test_clean_with_placeholders_and_a_kind_of_the_settings(tmp_path: Path) -> None:
    Path(tmp_path, "pinlake.toml").write_text(
        '[kinds.board]\ncolumns = [{ name = "board_title", placeholders = [{ regex = "-+" }] }, '
        '{ name = "saves", rule = "count" }]\n',
        encoding="utf-8",
    )
    file = tmp_path / "boards.jsonl"
    file.write_text('{"index": 1, "board_title": "---", "saves": "1.5k"}\n', encoding="utf-8")
    done = pinlake("clean", file, "--kind", "board", "--out", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    row = rows(done.stdout)[0]
    assert (row["ind"], row.get("board_title"), row["saves"]) == (1, None, 1500)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("nowhere.jsonl", "--kind", "pin"), "nowhere.jsonl"),
        (("pins.jsonl", "--kind", "pinn"), "did you mean 'pin'?"),
        (("pins.jsonl",), "--kind"),
        (("pins.jsonl", "--kind", "pin", "--out", "x.xlsx"), ".parquet"),
        (("pins.jsonl", "--kind", "pin", "--out", "pins.jsonl/x.parquet"), "pins.jsonl"),
        (("pins.jsonl", "--kind", "pin", "--threads", "0"), "--threads"),
        (("pins.jsonl", "--kind", "pin", "--invalid", "fail"), "invalid_follower_count"),
        (("empty", "--kind", "pin"), "empty"),
        (("pins.jsonl", "--kind", "pin", "--out", "/proc/x.parquet"), "write to another place"),
        (("broken.parquet", "--kind", "pin"), "write it anew if it is damaged"),
        (("pins.jsonl", "--kind", "pin", "--out", ""), "--out is empty: name a file"),
        (("pins.jsonl", "--kind", "pin", "--quarantine", ""), "--quarantine is empty"),
        (("pins.jsonl", "--kind", "pin", "--out", "pins.jsonl"), "is an input"),
        (("pins.jsonl", "--kind", "pin", "--quarantine", "pins.jsonl"), "is an input"),
        ((".", "--kind", "pin", "--out", "./"), "lies in an input"),
        (("pins.jsonl", "--kind", "pin", "--out", "o.jsonl", "--quarantine", "o.jsonl"), "two"),
        (("s3://b/in", "--kind", "pin", "--out", "s3a://b/in/"), "lies in an input"),
    ],
)
def test_clean_refuses_in_one_line(
    tmp_path: Path, pins: Path, words: tuple[str, ...], wanted: str
) -> None:
    Path(tmp_path, "empty").mkdir()
    Path(tmp_path, "broken.parquet").write_bytes(b"PAR1 and no more")
    before = pins.read_text(encoding="utf-8")
    done = pinlake("clean", *words, cwd=tmp_path)
    if "fail" in words:  # bad data is a finding
        assert done.returncode == 1
        assert wanted in done.stderr
    else:
        assert wanted in refusal(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("broken.parquet", "empty", "pins.jsonl"),
    ]
    assert pins.read_text(encoding="utf-8") == before
