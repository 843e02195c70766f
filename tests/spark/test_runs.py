"""Runs: what is new, in whatever order it comes; plans that were not finished; two at once."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from oracle import Table
from pinlake import _events, pipeline
from pinlake.config import load
from pinlake.errors import ConfigError, SinkError, SourceError
from support.landing import Landing
from support.tables import assert_quarantine, assert_silver, frame, silver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake import Books, Run


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def post(ind: int, country: str = "Albania") -> dict[str, Any]:
    return {"ind": ind, "timestamp": "2020-01-01T00:00:00", "country": country}


def opened(spark: SparkSession, warehouse: str, landing: Landing, **options: Any) -> Run:
    return pinlake.open_run(spark, warehouse, "geo", landing.url, **options)


def written(spark: SparkSession, run: Run) -> Books:
    frame = pinlake.clean_landing(spark, run.kind, run.landing, run=run)
    return pinlake.write_table(frame, run=run).books[0]


def go(spark: SparkSession, warehouse: str, landing: Landing, **options: Any) -> Books:
    return written(spark, opened(spark, warehouse, landing, **options))


def runs(spark: SparkSession, warehouse: str) -> list[tuple[Any, ...]]:
    rows = frame(spark, warehouse, "runs").select("n", "state", "run_id").collect()
    return sorted(tuple(row) for row in rows)


def marks(spark: SparkSession, warehouse: str) -> dict[str, Any]:
    rows = frame(spark, warehouse, "runs").where("state = 'done'").orderBy("n").collect()
    found: dict[str, Any] = json.loads(rows[-1]["marks"])
    return found


@pytest.mark.once
def test_a_landing_over_time(spark: SparkSession, warehouse: str, landing: Landing) -> None:
    """Objects in any order, a gap filled later, one never filled, objects replaced, a new epoch."""
    part, table = "u1.geo/0", Table()
    landing.put("geo", 4, [post(4), post(5)])
    landing.put("geo", 0, [post(0)])
    books = go(spark, warehouse, landing)
    table.write(landing.rows("geo"), "first")
    assert (books.objects, books.read.records, books.inserted.records) == (2, 3, 3)
    assert books.gaps[part]["open"] == 1
    assert marks(spark, warehouse)["parts"][part]["mark"] == 1

    old = list(landing.objects)
    landing.put("geo", 2, [post(2), post(5, "Peru")])  # Peru loses to offset 5
    landing.put("geo", 6, [b"{nope", post(0)])
    landing.put("geo", 9, [post(9)])
    books = go(spark, warehouse, landing)
    table.write(landing.rows("geo", since=old), "second")
    figures = (books.inserted, books.unchanged, books.superseded, books.quarantined)
    assert [figure.records for figure in figures] == [2, 1, 1, 1]
    assert books.conflicts == 0
    assert (books.gaps[part]["filled"], books.gaps[part]["open"]) == (2, 2)
    assert marks(spark, warehouse)["parts"][part]["mark"] == 1

    old = list(landing.objects)
    landing.put("geo", 1, [post(1)])
    books = go(spark, warehouse, landing)
    table.write(landing.rows("geo", since=old), "third")
    assert (books.objects, books.read.records) == (1, 1)
    assert marks(spark, warehouse)["parts"][part]["mark"] == 8
    assert_silver(spark, warehouse, "geo", table)
    assert_quarantine(spark, warehouse, "geo", table)

    # Offset 8 never comes: waited for, then given up and reported, with nothing to read.
    assert opened(spark, warehouse, landing).nothing_new
    books = go(spark, warehouse, landing, gap_patience=0)
    closed = books.gaps[part]["closed"][0]
    assert (closed["from"], closed["to"], closed["why"]) == (8, 9, "patience")
    assert (books.objects, books.read.records) == (0, 0)

    # What comes there later, and what is replaced, only a full run finds.
    landing.put("geo", 1, [post(1)])
    landing.put("geo", 2, [post(2, "Peru"), post(5)])
    landing.put("geo", 6, [b"{nope", post(0), b"{more"])
    landing.put("geo", 8, [b"{other"])
    assert opened(spark, warehouse, landing).nothing_new
    books = go(spark, warehouse, landing, full=True)
    table.write(landing.rows("geo"), "full")
    assert (books.inserted.records, books.updated.records, books.known_rejects) == (0, 1, 1)
    # A reject replaced by another one is another record.
    landing.put("geo", 8, [b"{another"])
    books = go(spark, warehouse, landing, full=True)
    table.write(landing.rows("geo"), "full again")
    assert (books.quarantined.records, books.known_rejects) == (3, 2)
    assert_silver(spark, warehouse, "geo", table)
    assert_quarantine(spark, warehouse, "geo", table)

    # The last object read has changed: made anew, which takes a decision.
    landing.put("geo", 9, [post(9, "Peru")])
    with pytest.raises(SourceError, match=r"made anew.*--full.*epoch"):
        opened(spark, warehouse, landing)
    books = go(spark, warehouse, landing, epoch=1)
    table.write(landing.rows("geo", epoch=1), "anew")
    assert (books.updated.records, books.conflicts) == (1, 1)
    assert_silver(spark, warehouse, "geo", table)
    with pytest.raises(ConfigError, match="never goes back"):
        opened(spark, warehouse, landing)


def test_a_plan_is_taken_over_or_superseded(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    landing.put("geo", 0, [post(0)])
    first = opened(spark, warehouse, landing)
    lost = landing.put("geo", 1, [post(1)])
    second = opened(spark, warehouse, landing)
    assert (second.id, second.n, second.ingested_at) == (first.id, first.n, first.ingested_at)
    assert (first.resumed, second.resumed, second.objects) == (False, True, 1)

    one, other = written(spark, second), written(spark, first)
    assert (one.inserted, one.read) == (other.inserted, other.read)
    assert [row[:2] for row in runs(spark, warehouse)] == [(1, "done"), (1, "planned")]

    # A plan that cannot be read any more.
    stuck = opened(spark, warehouse, landing)
    assert (stuck.n, stuck.objects) == (2, 1)
    lost.unlink()
    with pytest.raises((SourceError, FileNotFoundError), match="planned"):
        written(spark, stuck)
    books = go(spark, warehouse, landing, full=True)
    assert (books.n, books.inserted.records, books.unchanged.records) == (3, 0, 1)
    assert opened(spark, warehouse, landing).nothing_new


@pytest.mark.once
def test_conflicts_between_partitions_are_counted_across_runs(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    landing.put("geo", 0, [post(0), post(1), post(2), post(3)])
    landing.put("geo", 0, [post(4)], partition=1)
    assert go(spark, warehouse, landing).conflicts == 0
    # Commits so old that Delta does not go back to them.
    for commit in Path(warehouse).glob("*/_delta_log/*.json"):
        os.utime(commit, (commit.stat().st_mtime - 30 * 86_400,) * 2)
    landing.put("geo", 4, [post(0, "Peru"), post(4, "Peru")])  # replaces; loses to partition 1
    landing.put("geo", 1, [post(1, "Peru"), post(1, "Chad"), post(2), post(9)], partition=1)
    first, second = (opened(spark, warehouse, landing) for _ in range(2))
    # The second finds the work done, and the table as the first left it.
    for run in (first, second):
        books = written(spark, run)
        figures = (books.inserted, books.updated, books.unchanged, books.superseded)
        assert [figure.records for figure in figures] == [1, 2, 1, 2]
        assert books.conflicts == 2

    # What another landing's run wrote behind this one's plan.
    landing.put("geo", 6, [post(20, "Chad")])
    late = opened(spark, warehouse, landing)
    other = Landing(landing.folder.parent / "other", user_id="a0")
    other.put("geo", 0, [post(20, "Cuba"), post(0, "Cuba")])
    assert go(spark, warehouse, other).conflicts == 1  # loses to u1
    assert written(spark, late).conflicts == 1


def test_a_slow_run_does_not_disturb_a_later_one(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    """It wakes up between the later run's stage and MERGE and overwrites the stage."""
    from pinlake import _target, _write

    landing.put("geo", 0, [post(0), b"{nope"])
    slow = opened(spark, warehouse, landing)
    written(spark, slow)
    landing.put("geo", 2, [post(0, "Peru"), post(2), b"[]"])
    run = opened(spark, warehouse, landing)
    data = pinlake.clean_landing(spark, "geo", landing.url, run=run)
    target = _target.Target(spark, run, run.warehouse.silver(run.kind))
    staged = _write._staged
    late = pinlake.clean_landing(spark, "geo", landing.url, run=slow)

    def interrupted(target: _target.Target, df: Any) -> str:
        stage = staged(target, df)
        pinlake.write_table(late, run=slow)
        return stage

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_write, "_staged", lambda t, df: _once(patch, staged, interrupted, t, df))
        books = _write.write(target, data).books
    assert books.balanced, books.problems
    assert (books.inserted.records, books.updated.records, books.quarantined.records) == (1, 1, 1)
    assert silver(spark, warehouse, "geo")[0]["country"] == "Peru"


def _once(patch: pytest.MonkeyPatch, staged: Any, interrupted: Any, target: Any, df: Any) -> str:
    from pinlake import _write

    patch.setattr(_write, "_staged", staged)
    stage: str = interrupted(target, df)
    return stage


def test_two_runs_at_once_lose_nothing(
    spark: SparkSession, warehouse: str, landing: Landing, tmp_path: Path
) -> None:
    """Two of one landing, and one of another landing of the same kind, on one warehouse."""
    other = Landing(tmp_path / "other", user_id="u2")
    table = Table()
    landing.fill("geo", [post(n % 40) for n in range(60)], per=20)
    landing.put("geo", 60, [b"{nope"])
    other.fill("geo", [post(n, "Peru") for n in range(30, 70)], per=10)
    other.put("geo", 40, [b"{nope"])
    outcomes: list[Any] = []

    def work(which: Landing) -> None:
        try:
            outcomes.append(go(spark, warehouse, which))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=(w,)) for w in (landing, landing, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [type(outcome).__name__ for outcome in outcomes] == ["Books"] * 3, outcomes
    rows = landing.rows("geo") + other.rows("geo")
    table.write(rows, "any")
    assert len(silver(spark, warehouse, "geo")) == len(table.rows) == 70
    held = silver(spark, warehouse, "geo")
    assert {i: r["country"] for i, r in held.items()} == {
        i: r.row.values["country"] for i, r in table.rows.items() if r.row.values
    }
    assert_quarantine(spark, warehouse, "geo", table)
    done = [row for row in runs(spark, warehouse) if row[1] == "done"]
    assert len({row[2] for row in done}) == len(done) == 2
    assert opened(spark, warehouse, landing).nothing_new
    assert opened(spark, warehouse, other).nothing_new


@pytest.mark.once
def test_files_of_other_layouts_are_read_once(
    spark: SparkSession, warehouse: str, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.geo.jsonl").write_bytes(b'{"ind": 1}\n{"ind": 2}\n')
    where = Landing(folder)
    assert go(spark, warehouse, where).inserted.records == 2
    assert opened(spark, warehouse, where).nothing_new
    (folder / "b.geo.jsonl").write_bytes(b'{"ind": 3}\n')
    books = go(spark, warehouse, where)
    assert (books.objects, books.inserted.records) == (1, 1)
    assert opened(spark, warehouse, where).nothing_new
    (folder / "a.geo.jsonl").write_bytes(b'{"ind": 1}\n{"ind": 2, "country": "Peru"}\n')
    books = go(spark, warehouse, where)
    assert (books.objects, books.updated.records, books.unchanged.records) == (1, 1, 1)


def test_formats_old_and_later(spark: SparkSession, warehouse: str, landing: Landing) -> None:
    """Plan and marks as format 1 wrote them are read; later ones are refused."""
    landing.put("geo", 0, [post(0)])
    landing.put("geo", 1, [post(1)])
    landing.put("geo", 2, [post(2)])
    run = opened(spark, warehouse, landing)
    table = f"delta.`{warehouse}/runs`"
    before = {
        "version": 1,
        "files": [],
        "parts": {"u1.geo/0": {"mark": 1, "beyond": [], "gaps": [], "last": None}},
    }
    plan = {
        "version": 1,
        "kind": "geo",
        "url": run.landing,
        "layout": "log",
        "objects": 1,
        "parts": [
            {
                "topic": "u1.geo",
                "part": 0,
                "dir": "topics/u1.geo/partition=0",
                "ranges": [{"first": 1, "count": 1, "step": 1, "digits": 10, "suffix": "json"}],
                "last": None,
            }
        ],
    }
    at = "timestamp'2026-01-01 00:00:00'"

    def rows(form: int = 1, version: int = 1, marks_version: int = 1) -> None:
        planned = json.dumps({"version": version, "landing": plan})
        done = json.dumps({**before, "version": marks_version})
        spark.sql(
            f"INSERT OVERWRITE {table} VALUES "
            f"(7, 'geo', '{run.landing}', 'done', 'n', 'run-7', {at}, {form}, NULL, '{{}}', "
            f"'{done}'), "
            f"(8, 'geo', '{run.landing}', 'planned', 'n', 'run-8', {at}, 1, '{planned}', NULL, "
            f"NULL)"
        ).collect()

    rows(form=_events.RUN_FORMAT + 1)
    with pytest.raises(SinkError, match=r"format 2.*upgrade"):
        opened(spark, warehouse, landing)
    rows(marks_version=9)
    with pytest.raises(SourceError, match="version 9"):
        opened(spark, warehouse, landing, full=True)
    rows(version=9)
    with pytest.raises(SinkError, match="version 9"):
        opened(spark, warehouse, landing)

    rows()
    taken = opened(spark, warehouse, landing)
    assert (taken.id, taken.n, taken.objects, taken.resumed) == ("run-8", 8, 1, True)
    assert taken.ingested_at == 1_767_225_600_000_000
    assert opened(spark, warehouse, landing, dry_run=True).objects == 1
    books = written(spark, taken)
    assert (books.inserted.records, books.gaps) == (1, {})
    assert marks(spark, warehouse)["parts"]["u1.geo/0"]["mark"] == 2

    spark.sql(f"DELETE FROM {table}").collect()
    with pytest.raises(SinkError, match="rows were deleted"):
        opened(spark, warehouse, landing)


def test_tables_of_a_later_release_and_of_others_are_refused(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    landing.put("geo", 0, [post(0)])
    opened(spark, warehouse, landing)
    table = f"delta.`{warehouse}/runs`"
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('pinlake.format' = '2')").collect()
    with pytest.raises(SinkError, match=r"format 2.*upgrade"):
        opened(spark, warehouse, landing)
    spark.sql(f"ALTER TABLE {table} UNSET TBLPROPERTIES ('pinlake.format')").collect()
    with pytest.raises(SinkError, match="did not make"):
        opened(spark, warehouse, landing)


def test_nothing_is_left_behind_by_a_landing_that_is_not_there(
    spark: SparkSession, warehouse: str, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        pinlake.open_run(spark, warehouse, "geo", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="unknown kind"):
        pinlake.open_run(spark, warehouse, "geos", str(tmp_path))
    assert not any(Path(warehouse).iterdir())


def test_names_passed_over_are_told_and_booked(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    """By a run that reads and by one that has nothing new; a partition of nothing else stops it."""
    path = landing.put("geo", 0, [post(0)])
    for offset in range(1, 8):
        Path(f"{path.parent}/u1.geo+0+{offset:010}.json.bz2").write_bytes(b"x")
    settings = load(landing=landing.url, warehouse=warehouse, kind=["geo"])
    assert pipeline.plan_batch(spark, settings)[0]["skipped_count"] == 7
    for state in ("done", "nothing new"):
        report = pinlake.run_batch(spark, settings)
        books = report.books[0]
        assert (books.state, books.skipped, len(books.skipped_names)) == (state, 7, 5)
        assert "u1.geo+0+0000000001.json.bz2 (" in books.skipped_names[0]
        assert len(report.notes) == 1
        assert report.notes[0].startswith("geo: 7 names passed over, not read: topics/u1.geo/")
        assert f"note: {report.notes[0]}" in str(report)
    row = frame(spark, warehouse, "runs").where("state = 'done'").first()
    assert row is not None
    assert json.loads(row["books"])["skipped"] == 7
    path.unlink()
    path.with_name("u1.geo+0+0000000000.json.bz2").write_bytes(b"x")
    with pytest.raises(SourceError, match="none of its 8 names"):
        opened(spark, warehouse, landing, full=True)


def test_a_dry_run_writes_nothing(spark: SparkSession, warehouse: str, landing: Landing) -> None:
    landing.put("geo", 0, [post(0)])
    run = opened(spark, warehouse, landing, dry_run=True)
    assert run.objects == 1
    with pytest.raises(ConfigError, match="dry_run"):
        written(spark, run)
    assert not any(Path(warehouse).iterdir())
