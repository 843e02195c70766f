"""100,000 posts with faults: batch tables = stream tables = what the ledgers say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake._compare import compare
from pinlake._kinds import Kind
from pinlake._tables import Warehouse
from pinlake.config import load
from support.streaming import KINDS, streamed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

POSTS = 100_000
FAULTS = {
    "duplicate": 0.05,
    "late": 0.03,
    "corrupt": 0.01,
    "new_field": 0.02,
    "retyped_field": 0.02,
    "missing_field": 0.02,
    "orphan": 0.02,
}
# Of each shard, or of all partitions.
RECORDS = 50_000


@pytest.mark.long
def test_batch_and_streams_hold_what_the_ledgers_say(
    spark: SparkSession, sources: Any, tmp_path: Path
) -> None:
    landing, ledger = tmp_path / "landing", tmp_path / "landing.ledger"
    emulator = pinlake.Emulator(count=POSTS, faults=FAULTS)
    emulator.run(f"landing:{landing}", flush_size=1000, ledger=str(ledger))
    pinlake.run_batch(spark, load(landing=str(landing), warehouse=str(tmp_path / "batch")))
    explained(spark, ledger, tmp_path / "batch")
    for source in sources():
        source.send(count=POSTS, faults=FAULTS)
        streamed(spark, [source.settings(tmp_path, tmp_path / source.name, RECORDS)])
        explained(spark, source.ledger, tmp_path / source.name)
        halves = [Warehouse.of(str(tmp_path / name)) for name in ("batch", source.name)]
        for one in compare(spark, *halves, map(Kind.of, KINDS)):
            assert one.equal, (source.name, str(one))
            assert one.rows > 0.9 * POSTS


def explained(spark: SparkSession, ledger: Path, warehouse: Path) -> None:
    """Fails unless the ledger explains every row and every record."""
    verdict = pinlake.verify_tables(spark, ledger, str(warehouse))
    assert (verdict["unexplained"], verdict["unsettled"]) == (0, 0), verdict
    assert verdict["sent"] == verdict["arrived"] > 3 * POSTS
