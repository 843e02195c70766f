"""`emulate --ledger`, `--resume` and `verify` as a user types them, over a landing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinlake import Emulator
from support.cli import pinlake, refusal

TO = ("--to", "landing:land", "--ledger", "run.ledger", "--seed", "7")
VERIFY = ("verify", "--ledger", "run.ledger", "--against", "landing:land")
FAULTS = ("duplicate", "late", "drop", "corrupt", "null_value", "orphan", "invalid_utf8")


def test_a_run_is_explained_and_gone_on_with(tmp_path: Path) -> None:
    faults = [word for name in FAULTS for word in ("--fault", f"{name}=0.02")]
    made = pinlake("emulate", *TO, *faults, "--count", "500", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    verdict = json.loads(pinlake(*VERIFY, "--json", cwd=tmp_path).stdout)
    assert verdict["unexplained"] == 0
    assert verdict["sent"] == verdict["arrived"] == verdict["seen"]
    assert verdict["withheld"] > 0 < verdict["orphans"]
    more = pinlake("emulate", *TO, *faults, "--count", "800", "--resume", "--json", cwd=tmp_path)
    assert json.loads(more.stdout)["posts"] == 300
    told = pinlake(*VERIFY, cwd=tmp_path)
    assert told.returncode == 0
    assert "every record is explained" in told.stdout


def test_what_is_lost_is_named_and_ends_with_1(tmp_path: Path) -> None:
    pinlake("emulate", *TO, "--count", "2500", cwd=tmp_path)
    objects = sorted((tmp_path / "land").rglob("demo.geo+*.json"))
    objects[1].unlink()
    told = pinlake(*VERIFY, cwd=tmp_path)
    assert told.returncode == 1
    assert "MISSING: acknowledged, and not there" in told.stdout
    assert "1,000" in told.stdout
    verdict = json.loads(pinlake(*VERIFY, "--json", cwd=tmp_path).stdout)
    assert verdict["missing"]["count"] == verdict["unexplained"] == 1000
    assert {one["kind"] for one in verdict["missing"]["shown"]} == {"geo"}


def test_a_ledger_of_the_first_form_is_still_read(tmp_path: Path, golden: Path) -> None:
    """It was written when ledgers kept no fingerprints: by 4 posts of seed 7, 2 partitions."""
    emulator = Emulator(count=4, seed=7, faults={"corrupt": 0.3})
    emulator.run(f"landing:{tmp_path}/land", partitions=2)
    judge = ("verify", "--ledger", golden / "form_1.ledger", "--against")
    verdict = json.loads(pinlake(*judge, "landing:land", "--json", cwd=tmp_path).stdout)
    assert (verdict["unexplained"], verdict["arrived"]) == (0, 12)
    (tmp_path / "lake" / "pins" / "_delta_log").mkdir(parents=True)
    said = refusal(pinlake(*judge, "tables:lake", cwd=tmp_path))
    assert "form_1.ledger: begun by a version (form 1) that kept no fingerprints" in said


def test_objects_are_judged_by_their_content(tmp_path: Path) -> None:
    """A landing's records as Firehose would leave them: joined, in an object an hour."""
    pinlake("emulate", *TO, "--count", "300", cwd=tmp_path)
    hours = tmp_path / "posts" / "2024" / "01" / "02"
    for hour, kind in enumerate(("pin", "geo", "user")):
        records = [f.read_bytes() for f in (tmp_path / "land").rglob(f"demo.{kind}+*.json")]
        hours.joinpath(f"{hour:02}").mkdir(parents=True)
        hours.joinpath(f"{hour:02}", f"posts-1-{hour}").write_bytes(
            b"".join(records).replace(b"\n", b"")
        )
    judge = ("verify", "--ledger", "run.ledger", "--against", "objects:posts")
    told = pinlake(*judge, cwd=tmp_path)
    assert told.returncode == 0, told.stdout
    (hours / "02" / "posts-1-2").unlink()
    told = pinlake(*judge, "--json", cwd=tmp_path)
    verdict = json.loads(told.stdout)
    assert (told.returncode, verdict["missing"]["count"], verdict["arrived"]) == (1, 300, 600)
    assert {one["kind"] for one in verdict["missing"]["shown"]} == {"user"}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("emulate", *TO), "is there already; --resume goes on with it"),
        (("emulate", *TO[:4], "--seed", "8", "--resume"), "its seed differs"),
        (("verify", "--ledger", "none", "--against", "landing:land"), "none"),
        (("verify", "--ledger", "run.ledger"), "--ledger FILE --against TARGET"),
        (("verify", "--ledger", "run.ledger", "--against", "table:x"), "cannot verify against"),
        (("verify", "--ledger", "run.ledger", "--against", "landing:no"), "no such file or folder"),
        (("verify", "--ledger", "run.ledger", "--against", "objects:no"), "no such file or folder"),
        (
            ("verify", "--ledger", "run.ledger", "--against", "tables:no"),
            "no: no such file or folder",
        ),
        (("verify", "--ledger", "run.ledger", "--against", "tables:land"), "holds no Delta table"),
        (("verify", "--ledger", "run.ledger", "--against", "tables:"), "a warehouse is a folder"),
        (("verify", "--ledger", "text", "--against", "landing:land"), "no ledger of pinlake"),
    ],
)
def test_bad_use_is_one_line(tmp_path: Path, words: tuple[str, ...], wanted: str) -> None:
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    pinlake("emulate", *TO, "--count", "1", cwd=tmp_path)
    assert wanted in refusal(pinlake(*words, cwd=tmp_path))
