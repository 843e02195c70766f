"""What `pinlake doctor` says of a warehouse on S3 and of a stream's source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinlake import _doctor
from pinlake.config import load

pytestmark = pytest.mark.usefixtures("no_settings")


def test_how_many_drivers_may_write_a_warehouse_on_s3() -> None:
    (one,) = _doctor.places(load(warehouse="s3://lake/tables"))
    assert (one.state, one.remedy.split(" ")[-3:-1]) == ("optional", [_doctor.LOG_STORE, "under"])
    assert "one driver at a time" in one.found
    store = {"spark.delta.logStore.s3a.impl": _doctor.LOG_STORE}
    (many,) = _doctor.places(load(warehouse="s3a://lake/tables", spark=store))
    assert (many.state, many.found) == ("ok", "s3a://lake/tables, by S3DynamoDBLogStore")


def test_what_a_stream_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinesis = load(stream={"source": "kinesis://us-east-1"})
    kafka = load(stream={"source": "kafka://here:9092"})
    monkeypatch.setattr(_doctor, "pyspark_version", lambda: "3.5.8")
    (found,) = _doctor.streams(kinesis)
    assert (found.state, found.remedy) == ("missing", "use Spark 4.0 or later")
    monkeypatch.setattr(_doctor, "pyspark_version", lambda: "4.0.1")
    assert list(_doctor.streams(kinesis)) == []
    # Without a folder of jars Spark fetches them.
    monkeypatch.delenv("PINLAKE_JARS", raising=False)
    assert list(_doctor.streams(kafka)) == []
    monkeypatch.setenv("PINLAKE_JARS", str(tmp_path))
    (found,) = _doctor.streams(kafka)
    assert (found.state, found.remedy) == ("missing", f"pinlake doctor --jars {tmp_path}")
    Path(tmp_path, "spark-sql-kafka-0-10_2.13-4.1.3.jar").touch()
    assert list(_doctor.streams(kafka)) == []
