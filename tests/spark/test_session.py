"""The local session: Delta, Arrow to Python workers, and nothing beyond loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.session import MODE

pytestmark = pytest.mark.lane


def test_it_is_the_face_asked_for(spark: Any) -> None:
    assert (".connect." in type(spark).__module__) == (MODE == "connect")


def test_a_delta_table_is_written_merged_and_read(spark: Any, warehouse: str) -> None:
    table = f"{warehouse}/t"
    spark.range(4).write.format("delta").save(table)
    spark.sql(
        f"MERGE INTO delta.`{table}` t USING (SELECT 3L id UNION ALL SELECT 9L) s ON t.id = s.id "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT *"
    )
    read = spark.read.format("delta").load(table).orderBy("id").collect()
    assert [row.id for row in read] == [0, 1, 2, 9]


def test_python_workers_are_this_interpreter(spark: Any) -> None:
    import sys

    def tell(batches: Iterator[Any]) -> Iterator[Any]:
        import sys

        import pyarrow as pa

        for _ in batches:
            yield pa.RecordBatch.from_pydict({"prefix": [sys.prefix]})

    told = spark.range(1, numPartitions=1).mapInArrow(tell, "prefix string").collect()
    assert told[0].prefix == sys.prefix


def test_it_listens_on_loopback_only(spark: Any) -> None:
    assert spark.conf.get("spark.driver.host") == "127.0.0.1"
    assert spark.conf.get("spark.driver.bindAddress") == "127.0.0.1"
