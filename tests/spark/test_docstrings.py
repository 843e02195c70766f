"""The examples in docstrings that take a session, run with one."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest

import pinlake
from support.examples import examples, run

# One record of each kind for post 7, as the landing holds them.
RECORDS = {
    "pin": b'{"index": 7, "unique_id": "u-7", "title": "Tea", "category": "food", '
    b'"follower_count": "1.5M", "downloaded": 1, "save_location": "Local save in /data/food"}',
    "geo": b'{"ind": 7, "country": "Peru", "latitude": -12.05, "longitude": -77.04, '
    b'"timestamp": "2019-01-01T07:21:13"}',
    "user": b'{"ind": 7, "first_name": "Abigail", "last_name": "Ali", "age": 20, '
    b'"date_joined": "2016-02-27T19:12:19"}',
}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A landing with one object a kind."""
    folder = tmp_path_factory.mktemp("landing")
    for kind, record in RECORDS.items():
        place = folder / "topics" / f"user.{kind}" / "partition=0"
        place.mkdir(parents=True)
        (place / f"user.{kind}+0+0000000000.json").write_bytes(record + b"\n")
    return str(folder)


@pytest.fixture
def names(spark: Any, landing: str, warehouse: str) -> dict[str, Any]:
    """What an example may take as given."""
    value = spark.createDataFrame([(bytearray(RECORDS["pin"]),)], "value binary")
    return {
        "pinlake": pinlake,
        "spark": spark,
        "landing": landing,
        "warehouse": warehouse,
        "df": value,
        "frame": spark.createDataFrame([("79k",), ("many",)], "followers string"),
        "pins": pinlake.clean_landing(spark, "pin", landing),
        "geo": pinlake.clean_landing(spark, "geo", landing),
        "users": pinlake.clean_landing(spark, "user", landing),
    }


@pytest.mark.parametrize("example", examples(on_spark=True), ids=lambda test: test.name)
def test_an_example_is_true(
    example: doctest.DocTest, names: dict[str, Any], tmp_path: Path
) -> None:
    run(example, names, tmp_path)
