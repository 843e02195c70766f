"""Kafka and Kinesis into tables on every Spark that reads them, on either face."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake.config import load
from pinlake.errors import ConfigError
from support import cli
from support.cli import STAND_IN
from support.components import Kafka
from support.components.component import installed
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


@pytest.mark.once
def test_kafka_by_msks_iam(spark: SparkSession, kafka: Kafka, tmp_path: Path) -> None:
    """AWS's own signer inside Spark, before a broker that checks its signatures, over TLS."""
    Path(tmp_path, "jars").mkdir()
    for jar in (*Path(os.environ["PINLAKE_JARS"]).glob("*.jar"), *installed(".jars/iam").glob("*")):
        Path(tmp_path, "jars", jar.name).symlink_to(jar.resolve())
    Path(tmp_path, "pinlake.toml").write_text(
        f'user_id = "iam"\nkind = ["geo"]\n[kafka]\nsecurity = "msk-iam"\n'
        f'region = "{kafka.region}"\nca = "{kafka.certificate.authority}"\n',
        encoding="utf-8",
    )
    env = {
        **STAND_IN,
        "AWS_ACCESS_KEY_ID": kafka.access_key,
        "AWS_SECRET_ACCESS_KEY": kafka.secret_key,
        "AWS_REGION": kafka.region,
        "PINLAKE_JARS": str(tmp_path / "jars"),
    }

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return cli.pinlake(*words, cwd=tmp_path, env={**env, **more})

    at = f"kafka://{kafka.iam}"
    for words in (
        ("topics", "create", "--at"),
        ("emulate", "--count", "50", "--ledger", "l", "--to"),
    ):
        done = run(*words, at)
        assert done.returncode == 0, done.stderr
    stream = ("stream", "--from", at, "--once", "--warehouse", "tables")
    refused = run(*stream, AWS_SECRET_ACCESS_KEY="canary")
    assert refused.returncode == 2
    assert "canary" not in refused.stdout + refused.stderr
    done = run(*stream)
    assert done.returncode == 0, done.stderr
    verdict = pinlake.verify_tables(spark, tmp_path / "l", str(tmp_path / "tables"))
    assert (verdict["unexplained"], verdict["arrived"]) == (0, 50)
