"""Which jars Spark is given."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pyspark
import pytest

from pinlake import _jars
from pinlake._session import settings
from pinlake._spark import _hadoop_aws
from pinlake.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PINLAKE_JARS", str(tmp_path))
    return tmp_path


def test_every_spark_line_that_is_supported_has_its_jars() -> None:
    assert set(_jars.LANES) == {"3.5", "4.0", "4.1", "4.2"}
    for line, lane in _jars.LANES.items():
        assert _jars.lane_of(f"{line}.7") is lane
        assert all(len(name.split(":")) == 3 for name in lane.packages + lane.connect + lane.s3)


def test_the_reader_of_s3_is_of_pysparks_own_hadoop() -> None:
    lane = _jars.lane_of(pyspark.__version__)
    assert lane is not None
    assert lane.s3[0] == _hadoop_aws()


def test_jars_for_some_are_in_no_session_by_themselves(folder: Path) -> None:
    for name in ("delta-spark.jar", "connect/server.jar", "s3/hadoop-aws.jar"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert settings("4.1.4")["spark.jars"] == str(folder / "delta-spark.jar")
    assert _jars.connect_jars() == [str(folder / "connect/server.jar")]
    assert _jars.s3_jars() == [str(folder / "s3/hadoop-aws.jar")]


def test_without_a_folder_spark_fetches_the_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PINLAKE_JARS", raising=False)
    conf = settings("4.1.4")
    assert conf["spark.jars.packages"].startswith("io.delta:delta-spark_4.1_2.13:")
    assert "org.apache.hadoop:*" in conf["spark.jars.excludes"]


def test_a_folder_goes_before_the_pins(folder: Path) -> None:
    (folder / "delta-spark.jar").touch()
    conf = settings("4.1.4")
    assert conf["spark.jars"] == str(folder / "delta-spark.jar")
    assert "spark.jars.packages" not in conf


def test_an_empty_folder_is_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match="holds no jars"):
        settings("4.1.4")


def test_an_unknown_spark_is_told_and_can_be_helped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PINLAKE_JARS", raising=False)
    with pytest.raises(ConfigError, match=r"no Delta jars are known for Spark 4\.9\.0"):
        settings("4.9.0")
    assert settings("4.9.0", {"spark.jars.packages": "a:b:1"})["spark.jars.packages"] == "a:b:1"


def test_the_maven_project_names_the_jars_and_nothing_behind_them() -> None:
    tree = ElementTree.fromstring(_jars.pom(("g:a:1", "h:b:2")))
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = tree.findall("m:dependencies/m:dependency", space)
    assert [one.findtext("m:artifactId", "", space) for one in found] == ["a", "b"]
    for one in found:
        assert one.findtext("m:exclusions/m:exclusion/m:artifactId", "", space) == "*"


def test_the_maven_project_of_s3_leaves_out_what_is_named() -> None:
    tree = ElementTree.fromstring(_jars.pom(("g:a:1",), ("x:*", "y:b")))
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = tree.findall("m:dependencies/m:dependency/m:exclusions/m:exclusion", space)
    names = [tuple(part.text for part in one) for one in found]
    assert names == [("x", "*"), ("y", "b")]
