"""Kafka and Kinesis into tables on every Spark that reads them, on either face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake.config import load
from pinlake.errors import ConfigError
from support.streaming import FAULTS, KINDS, streamed
from support.tables import fates, stream_books

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

POSTS = 60


@pytest.mark.lane
def test_what_a_log_holds_is_what_its_ledger_says(
    spark: SparkSession, sources: Any, tmp_path: Path
) -> None:
    for source in sources():
        file = source.settings(tmp_path, tmp_path / source.name, 10_000)
        source.send(count=POSTS, faults=FAULTS)
        if source.name == "kinesis" and spark.version.startswith("3."):
            with pytest.raises(ConfigError, match=r"Spark has from 4\.0 on; this is 3\.5"):
                pinlake.run_stream(spark, load(file=file))
            continue
        streamed(spark, [file])
        warehouse = tmp_path / source.name
        verdict = pinlake.verify_tables(spark, source.ledger, str(warehouse))
        assert (verdict["unexplained"], verdict["unsettled"]) == (0, 0), verdict
        assert verdict["sent"] == verdict["arrived"] == source.report["written"]
        books = [one for kind in KINDS for one in stream_books(spark, str(warehouse), kind)]
        assert sum(one["read"]["records"] for one in books) == source.report["written"]
        assert all(one["read"]["records"] == fates(one) for one in books)
        # What is there was read: nothing is read again, nothing is booked.
        streamed(spark, [file])
        again = [one for kind in KINDS for one in stream_books(spark, str(warehouse), kind)]
        assert again == books
