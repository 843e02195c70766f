"""Spark itself on S3, as `s3a://`: landings that it reads for us, and tables that it keeps."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from oracle import Table
from pinlake import _jars
from pinlake.config import load
from pinlake.errors import SourceError
from support.apart import Apart, rows, written
from support.landing import Landing
from support.session import find_jars
from support.tables import assert_quarantine, assert_silver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Put = Callable[[str, bytes], None]
Read = Callable[[str], list[dict[str, Any]]]

# Each means something in a pattern, in a URL or to a shell.
ODD = "odd {a,b} [cd]*?ü%41#\\!"
# What ODD would find as a pattern.
TWIN = "odd a c-1ü%41#!"


@pytest.fixture(scope="module")
def far(s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """A session that has the jars of `s3a://`; the suite's own does without them."""
    find_jars()
    jars = _jars.s3_jars()
    if not jars:
        pytest.fail(
            "no jars in PINLAKE_JARS/s3: python python/pinlake/_jars.py 4.1 .jars/4.1 puts them "
            "there for PINLAKE_JARS=.jars/4.1"
        )
    folder = str(tmp_path_factory.mktemp("apart"))
    apart = Apart(
        {
            "spark.jars": ",".join(_jars.jar_files(os.environ["PINLAKE_JARS"]) + jars),
            "spark.hadoop.fs.s3a.endpoint": s3.endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": s3.options["region"],
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.sql.warehouse.dir": folder,
            "spark.local.dir": folder,
        }
    )
    yield apart
    apart.close()


def user(ind: int) -> bytes:
    return json.dumps({"ind": ind, "first_name": "A", "age": ind % 90}).encode()


def upload(landing: Landing, put: Put, prefix: str, since: set[Path]) -> None:
    for path in landing.objects.keys() - since:
        put(f"{prefix}/{path.relative_to(landing.folder).as_posix()}", path.read_bytes())


@pytest.fixture
def read(spark: SparkSession, far: Apart, s3: Any) -> Read:
    """The rows of a landing of users, the same by both ways of reading it."""

    def read(url: str) -> list[dict[str, Any]]:
        direct = rows(spark, "user", url, access="direct", options=s3.options)
        assert far(rows, "user", url, access="spark", options=s3.options) == direct
        return direct

    return read


def test_a_log_gives_the_rows_of_direct_reading(
    read: Read, bucket: str, put: Put, tmp_path: Path
) -> None:
    made = Landing(tmp_path, user_id=ODD)
    # More paths than Spark lists on its driver.
    end = made.fill("user", [{"ind": n, "age": n} for n in range(33)])
    made.put("user", end, [{"ind": 50}, b"\xff", b"{nope", b""], suffix=".json.gz", end="\n")
    made.put("user", end + 4, [b""])
    made.put("user", 7, [b'{"ind": 60}{"ind": 61}', b"null"], partition=3, digits=20)
    twin = Landing(tmp_path, user_id=TWIN)
    twin.put("user", 0, [{"ind": 70}])
    for landing, prefix in ((made, ODD), (made, TWIN), (twin, ODD)):
        upload(landing, put, f"{prefix}+", set())
    found = read(f"s3://{bucket}/{ODD}+")
    want = [*made.rows("user"), *twin.rows("user")]
    assert len(want) == 33 + 4 + 1 + 3 + 1
    assert [row["_hash"] for row in found] == [
        row.hash for row in sorted(want, key=lambda row: row.source)
    ]
    assert all(row["_arrived_at"] is not None for row in found)


def test_files_give_the_rows_of_direct_reading(read: Read, bucket: str, put: Put) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = io.BytesIO()
    pq.write_table(pa.table({"ind": [90, 91], "first_name": ["é", None]}), table)
    files = {
        "user/2026/11/21/firehose-1": user(1) + user(2),
        "user/2026/11/21/firehose-2.gz": gzip.compress(user(3) + b"\n" + user(4)),
        "user[1].jsonl": user(5) + b"\n" + user(6),
        "user1.jsonl": user(7),
        "user*.jsonl": user(8),
        "user {1,*}.csv": b'ind,first_name\n80,"a\nb"\n81,c\n82\n',
        "user.parquet": table.getvalue(),
        "user/": b"",
    }
    for name, body in files.items():
        put(f"f/{name}", body)
    found = read(f"s3://{bucket}/f")
    inds = sorted(row["ind"] for row in found if row["_reject"] is None)
    assert inds == [1, 2, 3, 4, 5, 6, 7, 8, 80, 81, 82, 90, 91]
    assert [row["ind"] for row in read(f"s3a://{bucket}/f/user[1].jsonl")] == [5, 6]


def test_runs_read_through_spark_and_keep_their_tables_on_s3(
    far: Apart, s3: Any, bucket: str, put: Put, tmp_path: Path
) -> None:
    landing, warehouse = f"s3://{bucket}/data", f"s3a://{bucket}/lake"
    how = {"access": "spark", "storage": s3.options}
    config = load(landing=landing, warehouse=warehouse, kind=["geo"], **how)
    made, table, old = Landing(tmp_path), Table(), set[Path]()

    def check(report: pinlake.RunReport, name: str) -> None:
        want = table.write(made.rows("geo", since=old), name)
        (books,) = report.books
        assert books.balanced
        assert books.objects == len(made.objects) - len(old)
        for fate in ("read", "inserted", "updated", "unchanged", "superseded", "quarantined"):
            assert getattr(books, fate).records == getattr(want, fate), fate
        assert books.read.hash == want.hash

    made.fill("geo", [{"ind": n % 30, "country": f"C{n % 7}"} for n in range(40)], per=10)
    made.put("geo", 40, [b"{nope", {"ind": 3, "latitude": 91, "longitude": 1}], partition=1)
    made.put("geo", 40, [b""])
    upload(made, put, "data", old)
    check(far(written, warehouse, "geo", landing, **how), "first")

    old |= made.objects.keys()
    made.put("geo", 41, [{"ind": 2, "country": "Peru"}, {"ind": 30}], suffix=".json.gz")
    upload(made, put, "data", old)
    check(far(pinlake.run_batch, config), "second")
    far(assert_silver, warehouse, "geo", table)
    far(assert_quarantine, warehouse, "geo", table)
    assert far(pinlake.run_batch, config).books[0].state == "nothing new"
    log = f"lake/{pinlake.Kind.of('geo').table}/_delta_log/"
    commits = s3.client.list_objects_v2(Bucket=bucket, Prefix=log)["Contents"]
    assert len([one for one in commits if one["Key"].endswith(".json")]) == 3


def test_a_session_without_the_jars_is_told_what_is_missing(
    spark: SparkSession, s3: Any, bucket: str, put: Put
) -> None:
    put("topics/x.user/partition=0/x.user+0+0000000000.json", user(1))
    landing = f"s3://{bucket}"
    for step in (
        lambda: rows(spark, "user", landing, access="spark", options=s3.options),
        lambda: pinlake.open_run(spark, f"s3a://{bucket}/lake", "user", landing),
    ):
        with pytest.raises(SourceError, match=r"org\.apache\.hadoop:hadoop-aws:3\.\d") as caught:
            step()
        assert "PINLAKE_JARS" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_endpoint_where_nothing_listens_is_told_at_once(
    spark: SparkSession, s3: Any, bucket: str, put: Put
) -> None:
    put("topics/x.user/partition=0/x.user+0+0000000000.json", user(1))
    setting = "spark.hadoop.fs.s3a.endpoint"
    spark.conf.set(setting, "127.0.0.1:1")
    try:
        with pytest.raises(SourceError, match=rf"^{setting}: 127\.0\.0\.1:1: .*mend the setting$"):
            rows(spark, "user", f"s3://{bucket}", access="spark", options=s3.options)
    finally:
        spark.conf.unset(setting)
