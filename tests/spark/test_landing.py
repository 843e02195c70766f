"""clean_landing, clean, clean_columns: the same rows by every way in."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake import _source
from pinlake.errors import ConfigError, SchemaError, SourceError
from support.core import assert_same, rows_of
from support.landing import Landing

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.lane


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """Several partitions, one and many lines an object, packed ones, tombstones, bad records."""
    made = Landing(tmp_path_factory.mktemp("landing"))
    made.put("user", 0, [{"ind": 1, "first_name": "Ann", "age": 20}])
    made.put(
        "user", 1, [{"ind": 2, "age": "many", "new": [1, {"b": 2, "a": 1}]}, b"null", b""], end="\n"
    )
    made.put("user", 4, [b'{"ind": 3}{"ind": 4}', b'[{"ind": 5},{"ind": 6}]'], end="\n")
    made.put("user", 6, [b"\xff", b"{nope", b'{"ind": -1}'], suffix=".json.gz")
    made.put("user", 0, [{"ind": 1, "first_name": "Bea"}], partition=3, digits=20)
    made.put("user", 7, [b" "], partition=3)
    return made


def collected(frame: DataFrame) -> list[Any]:
    """A frame's rows as the oracle's, in order of their positions."""
    import pyarrow as pa

    names = frame.columns
    rows = [row.asDict(recursive=True) for row in frame.collect()]
    rows.sort(key=lambda row: tuple(row["_source"].values()))
    schema = pa.schema(pinlake._core.schema(pinlake.Kind.of("user").plan, "frame"))
    batch = pa.RecordBatch.from_pylist([{n: row[n] for n in names} for row in rows], schema)
    return rows_of("user", batch)


@pytest.mark.parametrize("access", ["direct", "spark"])
def test_rows_equal_the_oracles(spark: SparkSession, landing: Landing, access: str) -> None:
    frame = pinlake.clean_landing(spark, "user", landing.url, access=access)
    assert tuple(frame.columns) == pinlake.Kind.of("user").frame("frame")
    assert_same(collected(frame), sorted(landing.rows("user"), key=lambda row: row.source))


def test_spark_that_cannot_reach_s3_is_told_how(
    spark: SparkSession, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Hadoop's S3 reader PySpark has the name, not the jar."""
    monkeypatch.setattr(_source._core, "plan_urls", lambda plan: ["s3://bucket/x.json"])
    with pytest.raises(SourceError, match=r'access="spark".*org\.apache\.hadoop:hadoop-aws:3'):
        pinlake.clean_landing(spark, "user", landing.url, access="spark")


@pytest.mark.parametrize("access", ["direct", "spark"])
def test_an_object_of_no_bytes_is_one_empty_payload(
    spark: SparkSession, tmp_path: Path, access: str
) -> None:
    """Also where Spark reads, whose own readers pass over files of no bytes."""
    made = Landing(tmp_path)
    made.put("user", 7, [b""])
    made.put("user", 8, [{"ind": 1}])
    frame = pinlake.clean_landing(spark, "user", made.url, access=access)
    assert_same(collected(frame), made.rows("user"))
    (rejected,) = pinlake.rejected(frame).collect()
    assert rejected["_reject"]["code"] == "empty_payload"
    assert rejected["_arrived_at"] is not None


def test_a_name_that_spark_passes_over_is_told(spark: SparkSession, tmp_path: Path) -> None:
    """Its bytes must not be taken for none."""
    file = tmp_path / "_user.jsonl"
    file.write_bytes(b'{"ind": 1}\n')
    assert pinlake.clean_landing(spark, "user", str(file), access="direct").count() == 1
    with pytest.raises(SourceError, match=r"_user\.jsonl: .*pass over.*rename it"):
        pinlake.clean_landing(spark, "user", str(file), access="spark")


@pytest.mark.parametrize("access", ["direct", "spark"])
def test_receipts_cover_what_was_read(
    spark: SparkSession, landing: Landing, warehouse: str, access: str
) -> None:
    run = pinlake.open_run(spark, warehouse, "user", landing.url, dry_run=True)
    frame = pinlake.clean_landing(spark, "user", landing.url, run=run, access=access)
    rows = landing.rows("user")
    receipts = [r[0] for r in frame.where("_receipt IS NOT NULL").select("_receipt").collect()]
    assert sum(r["records"] for r in receipts) == len(rows)
    assert sum(r["hash"] for r in receipts) == sum(row.hash for row in rows)
    assert sum(r["objects"] for r in receipts) == run.objects == 6
    assert sum(r["lines"] for r in receipts) == 11
    spans = {(r["part"], n) for r in receipts for n in range(r["first"], r["last"] + 1)}
    assert spans == {("0" * 10, n) for n in range(9)} | {("0" * 9 + "3", n) for n in (0, 7)}
    assert {row["_run_id"] for row in pinlake.accepted(frame).select("_run_id").collect()} == {
        run.id
    }


def test_accepted_rejected_dedup_and_bare_columns(spark: SparkSession, landing: Landing) -> None:
    rows = landing.rows("user")
    frame = pinlake.clean_landing(spark, "user", landing.url)
    good = sorted(row.values["ind"] for row in rows if row.values)
    assert sorted(row["ind"] for row in pinlake.accepted(frame).collect()) == good
    assert pinlake.rejected(frame).count() == len(rows) - len(good)
    kept = pinlake.dedup(frame, "user")
    assert kept.count() == len(rows) - 1
    assert [r["user_name"] for r in kept.where("ind = 1").collect()] == ["Bea"]

    bare = pinlake.clean_landing(spark, "user", landing.url, meta=False)
    assert bare.schema == pinlake.user_schema
    assert sorted(row["ind"] for row in bare.collect()) == good
    with pytest.raises(SchemaError, match="meta=True"):
        pinlake.accepted(bare)


def test_payloads_in_a_column(spark: SparkSession) -> None:
    records = [bytearray(b'{"ind": 1, "age": 20}'), bytearray(b"\xff"), None]
    frame = spark.createDataFrame([(r, "x") for r in records], "value binary, more string")
    rows = pinlake.clean(frame, "user").collect()
    assert [row["ind"] for row in rows if row["_reject"] is None] == [1]
    codes = {row["_reject"]["code"] for row in rows if row["_reject"] is not None}
    assert codes == {"invalid_utf8", "empty_payload"}
    text = frame.where("value IS NOT NULL").selectExpr("CAST(value AS STRING) AS body")
    bare = pinlake.clean(text, "user", column="body", meta=False)
    assert [tuple(row) for row in bare.collect()] == [(1, None, 20, None)]
    strict = pinlake.clean(
        spark.createDataFrame([(bytearray(b'{"ind": 1, "age": 999}'),)], "value binary"),
        "user",
        invalid="fail",
    )
    with pytest.raises(Exception, match="invalid_age"):
        strict.collect()

    with pytest.raises(SchemaError, match="no column 'valu'"):
        pinlake.clean(frame, "user", column="valu")
    with pytest.raises(SchemaError, match="payloads are binary"):
        pinlake.clean(spark.range(1), "user", column="id")
    with pytest.raises(ConfigError, match="invalid="):
        pinlake.clean(frame, "user", invalid="drop")


def test_columns_that_are_typed_already(spark: SparkSession) -> None:
    raw = spark.createDataFrame(
        [(1, "Ann", "Lee", 20, "2017-01-01 00:00:00", 7), (2, None, "Lee", 999, "never", None)],
        "ind long, first_name string, last_name string, age int, date_joined string, extra int",
    )
    rows = sorted(pinlake.clean_columns(raw, "user").collect())
    assert [row["user_name"] for row in rows] == ["Ann Lee", "Lee"]
    assert [row["age"] for row in rows] == [20, None]
    assert [row["_rescued_data"] for row in rows] == ['{"extra":7}', None]
    assert [e["code"] for e in rows[1]["_errors"]] == ["invalid_age", "invalid_timestamp"]


def test_posts_and_single_columns(spark: SparkSession, landing: Landing) -> None:
    payload = [(bytearray(b'{"ind": 1, "title": "A", "country": "Peru", "first_name": "Ann"}'),)]
    frame = spark.createDataFrame(payload, "value binary")
    pins, geo, users = (pinlake.clean(frame, kind, meta=False) for kind in ("pin", "geo", "user"))
    joined = pinlake.posts(pins, geo, users)
    assert len(joined.columns) == len(set(joined.columns)) == 12 + 3 + 3
    assert [(r["country"], r["user_name"]) for r in joined.collect()] == [("Peru", "Ann")]

    texts = spark.createDataFrame([("1.5M",), ("many",), (None,)], "followers string")
    counted = texts.select(pinlake.udf.follower_count("followers").alias("n")).collect()
    assert [row["n"] for row in counted] == [1_500_000, None, None]


def test_an_empty_plan_is_an_empty_frame(
    spark: SparkSession, landing: Landing, warehouse: str, tmp_path: Path
) -> None:
    empty = Landing(tmp_path)
    (empty.folder / "topics" / "u1.user" / "partition=0").mkdir(parents=True)
    frame = pinlake.clean_landing(spark, "user", empty.url)
    assert frame.count() == 0
    assert frame.schema == pinlake.clean_landing(spark, "user", landing.url).schema


def test_options_that_do_not_fit(spark: SparkSession, landing: Landing, warehouse: str) -> None:
    run = pinlake.open_run(spark, warehouse, "user", landing.url, dry_run=True)
    with pytest.raises(ConfigError, match="access"):
        pinlake.clean_landing(spark, "user", landing.url, access="fast")
    with pytest.raises(ConfigError, match="of kind 'user'"):
        pinlake.clean_landing(spark, "pin", landing.url, run=run)
    with pytest.raises(ConfigError, match="leave out run"):
        pinlake.clean_landing(spark, "user", landing.url, run=run, meta=False)
    with pytest.raises(FileNotFoundError):
        pinlake.clean_landing(spark, "user", str(landing.folder / "nowhere"))


def test_only_plain_values_cross_to_workers(
    spark: SparkSession, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test")
    made: list[Any] = []
    plain = _source.plain
    monkeypatch.setattr(_source, "plain", lambda f: made.append(f) or plain(f))
    pinlake.clean_landing(spark, "user", landing.url)
    sent = made[0]
    assert b"a-secret" not in pickle.dumps((sent.args, sent.keywords))

    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for v in (*value, *value.values()) for leaf in leaves(v)]
        return [leaf for v in value for leaf in leaves(v)] if isinstance(value, list) else [value]

    kinds = {type(leaf) for leaf in leaves(list(sent.args))}
    assert kinds <= {str, int, bool, type(None)}


def test_as_many_tasks_as_run_at_once(spark: SparkSession, landing: Landing) -> None:
    frame = pinlake.clean_landing(spark, "user", landing.url)
    from pyspark.sql import functions as F

    parts = frame.select(F.spark_partition_id().alias("part")).distinct().count()
    assert parts == 2
