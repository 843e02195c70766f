"""A ledger against the tables: whatever goes wrong on purpose is explained, all damage is found."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest

import pinlake
from pinlake import cli
from pinlake.config import load
from pinlake.errors import ConfigError, SourceError
from support.tables import frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FAULTS = {
    "duplicate": 0.05,
    "late": 0.05,
    "reorder": 0.05,
    "drop": 0.02,
    "corrupt": 0.02,
    "invalid_utf8": 0.02,
    "oversize": 0.0005,
    "new_field": 0.05,
    "renamed_field": 0.05,
    "retyped_field": 0.05,
    "missing_field": 0.05,
    "null_value": 0.01,
    "orphan": 0.02,
}


# Of no record.
STRANGER = 99_999_999


@dataclass(frozen=True)
class Made:
    """Posts in a landing, their ledger, and the tables of one run."""

    folder: Path
    report: dict[str, Any]

    @property
    def warehouse(self) -> str:
        return str(self.folder / "lake")

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("verify")
    # Indexes repeat, so that records of one index differ.
    emulator = pinlake.Emulator(order="seed100", count=2_000, faults=FAULTS)
    report = emulator.run(f"landing:{folder}/landing", partitions=3, ledger=folder / "ledger")
    pinlake.run_batch(spark, load(landing=f"{folder}/landing", warehouse=str(folder / "lake")))
    return Made(folder, report)


def judged(spark: SparkSession, made: Made) -> dict[str, Any]:
    found = pinlake.verify_tables(spark, made.ledger, made.warehouse)
    told = {name: found[name]["count"] for name in ("missing", "altered", "doubled", "unexpected")}
    arrived = ("winners", "duplicates", "superseded", "quarantined")
    assert found["arrived"] == sum(found[name] for name in arrived)
    assert found["sent"] == (
        found["arrived"] + told["missing"] + told["altered"] + found["unsettled"] + found["failed"]
    )
    there = sum(found[name] for name in ("winners", "quarantined", "repeats", "replayed"))
    assert found["seen"] == there + told["altered"] + told["doubled"] + told["unexpected"]
    return found


@pytest.mark.once
def test_the_verb_says_so_too(
    spark: SparkSession,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(made.folder)
    # A variable of the tests' own, which the command would refuse.
    monkeypatch.delenv("PINLAKE_TEST_CONNECT", raising=False)
    targets = ("--against", "tables:lake", "--against", "landing:landing")
    assert cli.run(("verify", "--ledger", "ledger", *targets)) == 0
    told = capsys.readouterr().out
    assert "of these, replaced by a later record" in told
    assert told.count("every record is explained") == 2


def test_every_record_is_explained_until_something_is_damaged(
    spark: SparkSession, made: Made
) -> None:
    found = judged(spark, made)
    assert found["unexplained"] == 0, found
    assert found["sent"] == made.report["written"]
    faults = made.report["faults"]
    assert found["withheld"] == faults["drop"] + faults["orphan"]
    counts = {kind: frame(spark, made.warehouse, kind).count() for kind in ("pins", "geo", "users")}
    assert found["rows"] == found["winners"] == sum(counts.values())
    held = frame(spark, made.warehouse, "quarantine")
    assert found["quarantined"] == held.count()
    assert held.where("code = 'too_large'").count() > 0
    assert min(found["duplicates"], found["superseded"], found["orphans"]) > 0

    # What a replay brings by other rules is counted, and what it left where it was is still known.
    plan = json.loads(pinlake.Kind.of("geo").plan)
    mended = pinlake.Kind.of({**plan, "key": "ind_v2"})
    books = pinlake.replay(spark, made.warehouse, [mended], code="missing_key").books[0]
    assert books.inserted.records > 0
    again = judged(spark, made)
    assert (again["unexplained"], again["quarantined"]) == (0, found["quarantined"]), again
    assert again["replayed"] == books.inserted.records + books.updated.records

    lost, changed, twice, stale = _damage(spark, made)
    found = judged(spark, made)
    assert _keys(found["missing"]) == [("pin", lost), ("user", ANY)]
    assert _keys(found["altered"]) == [("pin", stale), ("user", changed)]
    assert _keys(found["doubled"]) == [("user", twice)]
    assert _keys(found["unexpected"]) == [("geo", STRANGER)]
    assert found["unexplained"] == 6
    why = {one["kind"]: one["why"] for one in found["altered"]["shown"]}
    assert why["user"] == "holds the content of no record"
    assert re.fullmatch(r"holds record \d+, which is superseded", why["pin"])


def _keys(findings: dict[str, Any]) -> list[tuple[str, int]]:
    assert findings["count"] == len(findings["shown"])
    return sorted((one["kind"], one["key"]) for one in findings["shown"])


def _damage(spark: SparkSession, made: Made) -> tuple[int, int, int, int]:
    """Damages tables in every way: the keys of the row that is lost, of that with another content,
    of that which is there twice, of that which holds an older version."""

    def sql(words: str) -> list[Any]:
        rows: list[Any] = spark.sql(words.replace("@", made.warehouse)).collect()
        return rows

    def first(table: str, where: str = "true") -> int:
        (row,) = sql(f"SELECT min(ind) FROM delta.`@/{table}` WHERE {where}")
        return int(row[0])

    lost = first("pins")
    changed, twice = first("users"), first("users", "ind > 5000")
    sql(f"DELETE FROM delta.`@/pins` WHERE ind = {lost}")
    sql(f"UPDATE delta.`@/users` SET _fingerprint = X'00' WHERE ind = {changed}")
    sql(f"INSERT INTO delta.`@/users` SELECT * FROM delta.`@/users` WHERE ind = {twice}")
    sql(f"INSERT INTO delta.`@/geo` (ind, _fingerprint) VALUES ({STRANGER}, X'11')")
    # A version that another one had won over: both still stand in the stage.
    (stale,) = sql(
        "SELECT s.ind, first(s._fingerprint) AS f FROM delta.`@/_stage_pin` s "
        "JOIN delta.`@/pins` p ON s.ind = p.ind AND s._fingerprint <> p._fingerprint "
        "WHERE s._reject IS NULL AND s._receipt IS NULL GROUP BY s.ind ORDER BY s.ind LIMIT 1"
    )
    older = bytes(stale["f"]).hex()
    sql(f"UPDATE delta.`@/pins` SET _fingerprint = X'{older}' WHERE ind = {stale['ind']}")
    (gone,) = sql(
        "SELECT _source FROM delta.`@/quarantine` WHERE kind = 'user' AND code = 'not_json' LIMIT 1"
    )
    place = gone["_source"]
    sql(
        f"DELETE FROM delta.`@/quarantine` WHERE kind = 'user' AND _source.part = '{place.part}' "
        f"AND _source.seq = '{place.seq}'"
    )
    return lost, changed, twice, stale["ind"]


def test_what_cannot_be_judged_is_said(spark: SparkSession, made: Made, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such table; make it with pinlake run"):
        pinlake.verify_tables(spark, made.ledger, str(tmp_path))
    with pytest.raises(FileNotFoundError, match="none"):
        pinlake.verify_tables(spark, tmp_path / "none", made.warehouse)
    with pytest.raises(ConfigError, match="a warehouse is"):
        pinlake.verify_tables(spark, made.ledger, "")
