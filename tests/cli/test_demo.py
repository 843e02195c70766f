"""`pinlake demo`: made posts and real records, once and again, and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from support.cli import EXECUTABLE, environment, pinlake, refusal

KINDS = ("pin", "geo", "user")


def figures(report: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Records by kind and fate."""
    fates = ("read", "inserted", "updated", "unchanged", "superseded", "quarantined")
    return {b["kind"]: {fate: b[fate]["records"] for fate in fates} for b in report["books"]}


def balance(books: dict[str, int]) -> bool:
    return books["read"] == sum(count for fate, count in books.items() if fate != "read")


def demo(cwd: Path, *words: str | Path) -> tuple[dict[str, Any], str]:
    done = pinlake("demo", *words, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def lines(landing: str | Path) -> int:
    return sum(len(p.read_bytes().splitlines()) for p in Path(landing).rglob("*.json"))


def test_made_posts_then_again_then_more(tmp_path: Path) -> None:
    first, said = demo(tmp_path, "--posts", "300")
    assert first["ok"]
    assert "landing: made posts, " in said
    assert (tmp_path / first["tables"] / "pins" / "_delta_log").is_dir()
    books = figures(first)
    assert sorted(books) == sorted(KINDS)
    assert all(map(balance, books.values()))
    assert sum(kind["read"] for kind in books.values()) == lines(tmp_path / first["landing"])
    assert sum(kind["quarantined"] for kind in books.values()) > 0
    assert sum(kind["unchanged"] for kind in books.values()) > 0

    page = Path(tmp_path, first["report"]).read_text("utf-8")
    assert page.endswith("</html>\n")
    assert "✓ all balance" in page

    again, said = demo(tmp_path, "--posts", "300")
    assert "holds 1 demo(s); the posts are sent again behind them" in said
    for kind, now in figures(again).items():
        assert now["read"] == books[kind]["read"]
        assert now["quarantined"] == books[kind]["quarantined"]
        assert (now["inserted"], now["updated"]) == (0, 0)

    done = pinlake(
        "run", "--landing", again["landing"], "--warehouse", again["tables"], cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nothing new") == 3


def test_real_records(tmp_path: Path, real_data: Path) -> None:
    report, said = demo(tmp_path, "--from", real_data / "real", "--out", "real")
    assert f"landing: records of {real_data / 'real'}" in said
    stream = {"updated": 0, "unchanged": 2262, "superseded": 0, "quarantined": 0}
    assert figures(report) == {
        "pin": {"read": 4281, "inserted": 2019, **stream},
        "geo": {"read": 13416, "inserted": 11154, **stream},
        "user": {"read": 13416, "inserted": 11154, **stream},
    }
    assert [b["errors"] for b in report["books"]] == [{}, {}, {}]

    # Made posts do not mix with them.
    done = pinlake("demo", "--posts", "20", "--out", "real", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "real holds a demo of other records; this one goes to real-2" in done.stderr
    assert "What to look at next" in done.stdout
    assert f"Report           {tmp_path / 'real-2' / 'report.html'}" in done.stdout
    for table in ("pins", "geo", "users", "quarantine", "runs"):
        assert str(tmp_path / "real-2" / "tables" / table) in done.stdout
        assert (tmp_path / "real-2" / "tables" / table / "_delta_log").is_dir()


def test_ctrl_c_ends_it_at_once_and_the_next_run_makes_it_whole(tmp_path: Path) -> None:
    with subprocess.Popen(
        [EXECUTABLE, "demo", "--posts", "200"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("landing: "):
                break
        time.sleep(5)
        # As a terminal does it: to the whole group, the JVM included.
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert out == ""
    assert err.splitlines()[-1] == "pinlake: stopped"
    assert "Traceback" not in err
    assert "ERROR" not in err
    folder = tmp_path / "pinlake-demo"
    done = pinlake(
        "run", "--landing", folder / "landing", "--warehouse", folder / "tables", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    read = sum(kind["read"] for kind in figures(report).values())
    assert read in (0, lines(folder / "landing"))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--from", "nowhere"), "nowhere: no such file or folder"),
        (("--posts", "0"), "posts"),
        (("--out", "taken"), "taken: a file; give --out a folder"),
        (("--out", "mine"), "mine: holds other things than a demo"),
    ],
)
def test_demo_refuses_in_one_line(tmp_path: Path, words: tuple[str, ...], wanted: str) -> None:
    Path(tmp_path, "taken").write_text("x", encoding="utf-8")
    Path(tmp_path, "mine").mkdir()
    Path(tmp_path, "mine", "file").write_text("x", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    assert wanted in refusal(pinlake("demo", *words, cwd=tmp_path))
    assert sorted(tmp_path.rglob("*")) == before
