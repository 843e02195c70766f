"""Tables: how they are made, what they refuse, what is booked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake import _write
from pinlake.config import load
from pinlake.errors import ConfigError, QualityError, SchemaError, SinkError, SourceError
from support.landing import Landing
from support.tables import frame, quarantine, silver

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pinlake import Books


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def payloads(spark: SparkSession, *records: bytes) -> DataFrame:
    source = "struct<epoch:int,name:string,part:string,seq:string,item:int>"
    rows = [
        (bytearray(record), (0, "kafka:u1.geo", "0" * 10, f"{n:020}", 0))
        for n, record in enumerate(records)
    ]
    return spark.createDataFrame(rows, f"value binary, _source {source}")


@pytest.mark.lane
def test_a_write_without_a_plan(spark: SparkSession, warehouse: str) -> None:
    first = payloads(spark, b'{"ind": 1, "country": "Peru", "x": 1}', b'{"ind": 2}', b"{nope")
    report = pinlake.write_table(pinlake.clean(first, "geo"), f"{warehouse}/geo")
    books = report.books[0]
    assert report.ok
    assert (books.read.records, books.inserted.records, books.quarantined.records) == (3, 2, 1)
    assert silver(spark, warehouse, "geo")[1]["_rescued_data"] == '{"x":1}'

    # The same again adds nothing; a later version of one wins, the first run keeps the row.
    more = payloads(spark, b'{"ind": 1, "country": "Peru", "x": 1}', b'{"ind": 2}', b"{nope")
    later = payloads(spark, b"[]", b'{"ind": 9}', b"[]", b'{"ind": 2, "country": "Chad"}')
    both = pinlake.clean(more.unionByName(later.where("_source.seq LIKE '%3'")), "geo")
    again = pinlake.write_table(both, f"{warehouse}/geo").books[0]
    figures = [again.inserted, again.updated, again.unchanged, again.superseded, again.quarantined]
    assert [figure.records for figure in figures] == [0, 1, 1, 1, 1]
    assert again.known_rejects == 1
    row = silver(spark, warehouse, "geo")[2]
    assert (row["country"], row["_first_run_id"], row["_run_id"]) == (
        *("Chad", books.run_id),
        again.run_id,
    )
    assert len(quarantine(spark, warehouse, "geo")) == 1

    stored = frame(spark, warehouse, "runs").where(f"run_id = '{again.run_id}'").collect()[0]
    assert (stored["n"], stored["state"], stored["marks"]) == (None, "done", None)
    assert json.loads(stored["books"]) == again.to_dict()
    assert "geo" in str(report)
    assert json.loads(report.to_json())["books"][0]["read"]["records"] == 3


def test_rows_without_positions(spark: SparkSession, warehouse: str) -> None:
    """They get those of the write: no two are one, and a later write is later."""

    def write(*records: bytes) -> Books:
        df = spark.createDataFrame([(bytearray(r),) for r in records], "value binary")
        clean = pinlake.clean(df, "user")
        assert pinlake.rejected(pinlake.dedup(clean, "user")).count() == (
            pinlake.rejected(clean).count()
        )
        return pinlake.write_table(clean, f"{warehouse}/users").books[0]

    assert write(b'{"ind": 1}', b'{"ind": 5, "age": 21}', b"{bad").balanced
    books = write(b'[{"ind": 5, "age": 22}, 1]', b"{bad-too", b'{"ind": 1}')
    figures = [books.updated, books.unchanged, books.quarantined]
    assert [figure.records for figure in figures] == [1, 1, 2]
    assert books.known_rejects == 0
    assert silver(spark, warehouse, "user")[5]["age"] == 22
    payloads = {payload for _, _, payload in quarantine(spark, warehouse, "user")}
    assert payloads == {b"{bad", b"{bad-too", b"1"}


@pytest.mark.lane
def test_how_tables_are_made(spark: SparkSession, warehouse: str) -> None:
    from pinlake._tables import Warehouse, ensure_quarantine, ensure_silver

    house = Warehouse.of(warehouse)
    geo = pinlake.Kind.of("geo")
    ensure_silver(spark, house.silver(geo), geo)
    ensure_quarantine(spark, house, geo)
    table = f"delta.`{warehouse}/geo`"
    rows = spark.sql(f"DESCRIBE TABLE EXTENDED {table}").collect()
    comments = {row["col_name"]: row["comment"] for row in rows}
    assert comments["country"] == "Country name as posted"
    assert all(comments[name] for name in geo.frame("silver"))
    properties = {row[0]: row[1] for row in spark.sql(f"SHOW TBLPROPERTIES {table}").collect()}
    assert properties["delta.feature.timestampNtz"] == "supported"
    assert properties["delta.constraints.ind_range"] == "ind >= 0"
    detail = spark.sql(f"DESCRIBE DETAIL {table}").collect()[0]
    assert detail["clusteringColumns"] == ["ind"]
    assert dict(frame(spark, warehouse, "geo").dtypes)["timestamp"] == "timestamp_ntz"

    for column, value in (("ind", "-1"), ("ind", "NULL"), ("coordinates", "array(91D, 0D)")):
        ind = value if column == "ind" else "1"
        place = value if column == "coordinates" else "NULL"
        bad = f"INSERT INTO {table} (ind, coordinates) VALUES ({ind}, {place})"
        with pytest.raises(Exception, match=r"CHECK|NOT NULL|NOT_NULL"):
            spark.sql(bad).collect()
    spark.sql(f"INSERT INTO {table} (ind, coordinates) VALUES (0, array(-90D, 180D))").collect()


def test_columns_never_change_by_themselves(spark: SparkSession, warehouse: str) -> None:
    df = pinlake.clean(payloads(spark, b'{"ind": 1}'), "geo")
    pinlake.write_table(df, f"{warehouse}/geo")
    table = f"delta.`{warehouse}/geo`"
    spark.sql(f"ALTER TABLE {table} ADD COLUMN mood STRING").collect()
    with pytest.raises(SchemaError, match="mood"):
        pinlake.write_table(df, f"{warehouse}/geo")
    plan = json.loads(pinlake.Kind.of("geo").plan)
    plan["columns"].append({"name": "mood", "rule": "text"})
    plan["columns"].append({"name": "hat", "rule": "text"})
    wider = pinlake.Kind.of(plan)
    with pytest.raises(SchemaError, match="the frame has no mood, hat"):
        pinlake.write_table(df, f"{warehouse}/geo", kind=wider)
    with pytest.raises(SchemaError, match=r"no column hat.*ADD COLUMN"):
        pinlake.write_table(
            pinlake.clean(payloads(spark, b'{"ind": 1}'), wider), f"{warehouse}/geo", kind=wider
        )
    with pytest.raises(SchemaError, match="meta=True"):
        pinlake.write_table(spark.range(1), f"{warehouse}/users")
    with pytest.raises(ConfigError, match="no built-in kind"):
        pinlake.write_table(df, f"{warehouse}/places")
    with pytest.raises(ConfigError, match="mode="):
        pinlake.write_table(df, f"{warehouse}/geo", mode="upsert")
    spark.range(1).write.format("delta").save(f"{warehouse}/other/users")
    with pytest.raises(SinkError, match="did not make"):
        pinlake.write_table(
            pinlake.clean(payloads(spark, b"{}"), "user"), f"{warehouse}/other/users"
        )


def test_append_keeps_every_accepted_record(spark: SparkSession, warehouse: str) -> None:
    twice = payloads(spark, b'{"ind": 1}', b'{"ind": 1}', b"{nope")
    df = pinlake.clean(twice, "geo")
    books = pinlake.write_table(df, f"{warehouse}/log", kind="geo", mode="append").books[0]
    assert (books.inserted.records, books.quarantined.records, books.balanced) == (2, 1, True)
    assert frame(spark, warehouse, "log").count() == 2


def test_books_that_do_not_balance_fail_the_run(
    spark: SparkSession, warehouse: str, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.put("geo", 0, [{"ind": n} for n in range(5)])
    config = load(landing=landing.url, warehouse=warehouse, kind=["geo"])
    merge = _write._merge

    def leaky(target: Any, stage: str) -> None:
        merge(target, stage)
        spark.sql(f"DELETE FROM {target.table} WHERE ind = 3").collect()
        spark.sql(f"UPDATE {target.table} SET _fingerprint = X'00' WHERE ind = 4").collect()

    with monkeypatch.context() as patch:
        patch.setattr(_write, "_merge", leaky)
        with pytest.raises(QualityError, match="do not balance") as caught:
            pinlake.run_batch(spark, config)
    text = str(caught.value)
    assert "accepted in the stage 5 records, found again in the table 4" in text
    assert "1 rows of this run do not hold the content that was staged" in text
    report = caught.value.report
    assert not report.ok
    assert "DOES NOT BALANCE" in str(report)
    states = [row["state"] for row in frame(spark, warehouse, "runs").collect()]
    assert sorted(states) == ["failed", "planned"]

    # No mark moved: the next run does the same work, and mends it.
    report = pinlake.run_batch(spark, config)
    assert report.ok
    assert report.books[0].resumed
    assert len(silver(spark, warehouse, "geo")) == 5


def test_gates_fail_after_everything_is_written(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    landing.put("geo", 0, [{"ind": 1, "latitude": 99}, {"ind": 2}, b"{nope", b"{}"])
    gated = load(
        landing=landing.url,
        warehouse=warehouse,
        kind=["geo"],
        max_quarantine=0.25,
        max_errors=0.1,
    )
    with pytest.raises(QualityError) as caught:
        pinlake.run_batch(spark, gated)
    text = str(caught.value)
    assert "2 of 4 records quarantined (50.00%)" in text
    assert "missing_key 1, not_json 1" in text
    assert (
        "1 of 4 records with bad fields (25.00%), more than 10.00%: invalid_coordinates 1" in text
    )
    assert len(caught.value.report.failures) == 2
    assert caught.value.report.balanced
    assert len(silver(spark, warehouse, "geo")) == 2
    assert pinlake.run_batch(spark, gated).books[0].state == "nothing new"


def test_kinds_that_are_not_there(spark: SparkSession, warehouse: str, landing: Landing) -> None:
    landing.put("geo", 0, [{"ind": 1}])
    with pytest.raises(SourceError, match="no topic of kind"):
        pinlake.run_batch(spark, load(landing=landing.url, warehouse=warehouse, kind=["pin"]))
    assert not any(Path(warehouse).iterdir())
    report = pinlake.run_batch(spark, load(landing=landing.url, warehouse=warehouse))
    assert [books.kind for books in report.books] == ["geo"]
    assert len(report.notes) == 2
    assert "no topic of kind" in report.notes[0]
    with pytest.raises(ConfigError, match="no landing"):
        pinlake.run_batch(spark, load(warehouse=warehouse))


def test_a_fourth_kind_out_of_a_table(
    spark: SparkSession, warehouse: str, landing: Landing, tmp_path: Path
) -> None:
    (tmp_path / "pinlake.toml").write_text(
        """
        [kinds.board]
        key = "board_id"
        table = "boards"
        columns = [
            { name = "title", placeholders = ["n/a"] },
            { name = "saves", rule = "count" },
            { name = "where_at", rule = "coordinates", fields = ["lat", "lon"] },
            { name = "made", rule = "timestamp" },
            { name = "rating", rule = "number", min = 0, max = 5 },
        ]
        """
    )
    landing.put(
        "board",
        0,
        [
            {"board_id": 1, "title": "n/a", "saves": "1.2k", "lat": 1, "lon": "2", "rating": 4.5},
            {"index": 2, "made": "2020-02-30", "rating": 9, "hue": "red"},
            {"ind": 3, "first_name": "Ann"},
        ],
    )
    config = load(
        file=tmp_path / "pinlake.toml", landing=landing.url, warehouse=warehouse, kind=["board"]
    )
    report = pinlake.run_batch(spark, config)
    assert report.ok
    assert report.books[0].rejects == {"foreign_record": 1}
    rows = {row["ind"]: row for row in frame(spark, warehouse, "boards").collect()}
    assert (rows[1]["title"], rows[1]["saves"], rows[1]["where_at"]) == (None, 1200, [1.0, 2.0])
    assert (rows[1]["rating"], rows[2]["rating"], rows[2]["made"]) == (4.5, None, None)
    assert [e["code"] for e in rows[2]["_errors"]] == ["invalid_timestamp", "invalid_number"]
    assert rows[2]["_rescued_data"] == '{"hue":"red"}'
    properties = spark.sql(f"SHOW TBLPROPERTIES delta.`{warehouse}/boards`").collect()
    assert "delta.constraints.where_at_range" in {row[0] for row in properties}
    assert pinlake.run_batch(spark, config).books[0].state == "nothing new"


def test_nothing_leaks_into_the_session(
    spark: SparkSession, warehouse: str, landing: Landing
) -> None:
    landing.put("geo", 0, [{"ind": 1}, b"{nope"])
    before = _settings(spark)
    pinlake.run_batch(spark, load(landing=landing.url, warehouse=warehouse, kind=["geo"]))
    assert _settings(spark) == before
    assert not [table.name for table in spark.catalog.listTables() if table.isTemporary]


def _settings(spark: SparkSession) -> set[tuple[str, str]]:
    return {(row["key"], row["value"]) for row in spark.sql("SET").collect()}


@pytest.mark.lane
def test_replay_after_a_fix(spark: SparkSession, warehouse: str, landing: Landing) -> None:
    """Records of another spelling of the key, read by a plan that does not know it yet."""
    landing.put("geo", 0, [b'{"ind": 1}', b'[{"ind": 3}, {"place_id": 2, "country": "Peru"}, 4]'])
    landing.put("geo", 2, [b"{nope", b'{"place_id": 5}'])
    run = pinlake.open_run(spark, warehouse, "geo", landing.url)
    pinlake.write_table(pinlake.clean_landing(spark, "geo", landing.url, run=run), run=run)
    before = quarantine(spark, warehouse, "geo")
    assert sorted(code for _, code, _ in before) == [
        *("missing_key", "missing_key", "not_an_object", "not_json")
    ]
    assert pinlake.replay(spark, warehouse, ["geo"], code="not_json").books[0].known_rejects == 1

    plan = json.loads(pinlake.Kind.of("geo").plan)
    mended = pinlake.Kind.of({**plan, "key": "place_id"})
    books = pinlake.replay(spark, warehouse, [mended], code="missing_key").books[0]
    assert (books.read.records, books.inserted.records, books.balanced) == (2, 2, True)
    rows = silver(spark, warehouse, "geo")
    assert set(rows) == {1, 2, 3, 5}
    source = rows[2]["_source"]
    assert (source.seq[-1], source.item) == ("1", 1)
    held = frame(spark, warehouse, "quarantine")
    assert held.where(f"_replayed_run_id = '{books.run_id}'").count() == 2
    assert quarantine(spark, warehouse, "geo") == before

    assert pinlake.replay(spark, warehouse, [mended], code="missing_key").books[0].state == (
        "nothing new"
    )
    rest = pinlake.replay(spark, warehouse, [mended]).books[0]
    assert (rest.read.records, rest.known_rejects) == (2, 2)
    with pytest.raises(ConfigError, match="unknown code"):
        pinlake.replay(spark, warehouse, code="nope")
    with pytest.raises(ConfigError, match="cannot be replayed"):
        pinlake.replay(spark, warehouse, code="too_large")
    with pytest.raises(SourceError, match="no quarantine"):
        pinlake.replay(spark, warehouse + "-other")


def test_upkeep(spark: SparkSession, warehouse: str) -> None:
    for record in (b'{"ind": 1}', b'{"ind": 2}'):
        df = pinlake.clean(payloads(spark, record, b"{nope"), "geo")
        pinlake.write_table(df, f"{warehouse}/geo")
    report = {
        row["table"].split("/")[-1].strip("`"): row for row in pinlake.maintain(spark, warehouse)
    }
    assert set(report) == {"geo", "quarantine", "runs", "_stage_geo"}
    assert all(not row["failed"] for row in report.values()), report
    assert report["geo"]["files"] == 1
    assert report["_stage_geo"]["files"] == 0
    assert len(silver(spark, warehouse, "geo")) == 2
    with pytest.raises(ConfigError, match="168"):
        pinlake.maintain(spark, warehouse, retain_hours=1)
    with pytest.raises(SourceError, match="no tables here"):
        pinlake.maintain(spark, warehouse + "-other")


def test_names_of_a_catalog(spark: SparkSession, tmp_path: Path, landing: Landing) -> None:
    spark.sql("CREATE DATABASE IF NOT EXISTS social").collect()
    landing.put("geo", 0, [{"ind": 1}, b"{nope"])
    config = load(
        landing=landing.url,
        warehouse="spark_catalog.social",
        kind=["geo"],
        tables={
            "geo": "0affd9571f39_geo_table",
            "quarantine": "0affd9571f39_quarantine",
            "runs": "0affd9571f39_runs",
        },
    )
    try:
        told: list[tuple[str, str, int]] = []
        report = pinlake.run_batch(
            spark, config, progress=lambda kind, word, done, share: told.append((kind, word, done))
        )
        assert told == [
            ("geo", "1 objects to read", 0),
            ("geo", "2 records to merge", 2),
            ("geo", "2 records to book", 2),
            ("geo", "2 records booked", 2),
        ]
        assert report.books[0].table == "`spark_catalog`.`social`.`0affd9571f39_geo_table`"
        assert spark.table("spark_catalog.social.0affd9571f39_geo_table").count() == 1
        assert spark.table("spark_catalog.social.0affd9571f39_quarantine").count() == 1
        assert pinlake.run_batch(spark, config).books[0].state == "nothing new"
    finally:
        spark.sql("DROP DATABASE social CASCADE").collect()
