"""From a database that holds the real tables over every hop, and `verify` behind each.

Every step is the command, as a person would type it, with real components behind it.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.api import api, client, stack
from support.cli import pinlake
from support.components import Kafka, Kinesalite, LocalStack, MariaDB
from support.firehose import delivery

KINDS = ("pin", "geo", "user")
TABLES = ("pinterest_data.jsonl", "geolocation_data.csv", "user_data.csv")
RECORDS = 2019 + 2 * 11154
# What the slow stand-ins carry.
POSTS = 500
PATIENCE = 180.0


@dataclass(frozen=True)
class Line:
    """A pipeline of one user id from the database on, in a folder of its own."""

    folder: Path
    user: str
    source: str
    env: dict[str, str | None]

    def run(self, *words: str | Path, code: int = 0) -> str:
        """What a command prints; fails if it ends otherwise."""
        done = pinlake(*words, cwd=self.folder, env=self.env)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    def emulate(self, target: str, *more: str) -> dict[str, Any]:
        """Sends what the database holds; the report."""
        words = ("--from", self.source, "--to", target, "--user-id", self.user)
        told = self.run("emulate", *words, "--ledger", "run.ledger", "--json", *more)
        report: dict[str, Any] = json.loads(told)
        assert report["written"] == report["generated"] > 0
        return report

    def explained(self, target: str, sent: int) -> None:
        """Fails unless every record is explained, and is there."""
        told = self.run("verify", "--ledger", "run.ledger", "--against", target, "--json")
        verdict = json.loads(told)
        assert verdict["unexplained"] == 0
        assert verdict["sent"] == verdict["arrived"] == sent


@pytest.fixture(scope="module")
def database(mariadb: MariaDB, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with the real tables."""
    folder = tmp_path_factory.mktemp("tables")
    for name in TABLES:
        (folder / name).symlink_to(real_data / "real" / name)
    url = f"mysql://{mariadb.user}@127.0.0.1:{mariadb.port}/{mariadb.database}"
    env: dict[str, str | None] = {"PINLAKE_MYSQL_PASSWORD": mariadb.password}
    words = ("load", folder, "--to", url, "--replace")
    done = pinlake(*words, cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    return url


@pytest.fixture
def line(database: str, mariadb: MariaDB, localstack: LocalStack, tmp_path: Path) -> Line:
    """A pipeline with the local AWS."""
    at = f'endpoint = "{localstack.endpoint}"'
    text = f'[kinesis]\n{at}\n[storage]\n{at}\nallow_http = "true"\n'
    Path(tmp_path, "pinlake.toml").write_text(text, encoding="utf-8")
    env: dict[str, str | None] = {
        "PINLAKE_MYSQL_PASSWORD": mariadb.password,
        "AWS_ACCESS_KEY_ID": localstack.access_key,
        "AWS_SECRET_ACCESS_KEY": localstack.secret_key,
        "AWS_REGION": localstack.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Line(tmp_path, f"u{uuid.uuid4().hex[:8]}", database, env)


@pytest.fixture
def bucket(localstack: LocalStack) -> str:
    """An empty bucket."""
    name = f"hop-{uuid.uuid4().hex[:8]}"
    client(localstack, "s3").create_bucket(Bucket=name)
    return name


def test_kafka(line: Line, kafka: Kafka) -> None:
    at = f"kafka://{kafka.plain}"
    line.run("topics", "create", "--at", at, "--user-id", line.user)
    assert line.emulate(at)["generated"] == RECORDS
    line.explained(at, RECORDS)


def test_kinesis(line: Line, kinesalite: Kinesalite) -> None:
    text = f'[kinesis]\nendpoint = "{kinesalite.endpoint}"\n'
    Path(line.folder, "pinlake.toml").write_text(text, encoding="utf-8")
    at = "kinesis://us-east-1"
    line.run("streams", "create", "--at", at, "--user-id", line.user, "--shards", "2")
    assert line.emulate(at)["generated"] == RECORDS
    line.explained(at, RECORDS)


@pytest.fixture(scope="module")
def url(localstack: LocalStack) -> Iterator[str]:
    """The deployed API."""
    with api(localstack) as deployed:
        yield f"gateway+{deployed}"


def test_gateway_to_kinesis(line: Line, url: str) -> None:
    line.run("streams", "create", "--at", url, "--user-id", line.user, "--shards", "1")
    sent = line.emulate(url, "--count", str(POSTS))["generated"]
    line.explained(url, sent)
    line.explained("kinesis://us-east-1", sent)
    line.run("streams", "delete", "--at", url, "--user-id", line.user)


@pytest.mark.long
def test_kinesis_to_firehose_to_s3_to_tables(line: Line, localstack: LocalStack) -> None:
    bucket = f"hop-{line.user}"
    streams = tuple(f"streaming-{line.user}-{kind}" for kind in KINDS)
    with stack(localstack, delivery(bucket, streams, from_streams=True)):
        sent = line.emulate("kinesis://us-east-1", "--count", str(POSTS))["generated"]
        line.explained("kinesis://us-east-1", sent)
        _until_delivered(localstack, bucket, sent)
        line.explained(f"objects:s3://{bucket}", sent)
        line.run("run", "--landing", f"s3://{bucket}", "--warehouse", "tables")
        line.explained("tables:tables", sent)


def _until_delivered(localstack: LocalStack, bucket: str, records: int) -> None:
    """Waits until the objects hold so many records; they are put one behind the other."""
    s3 = client(localstack, "s3")
    until = time.monotonic() + PATIENCE
    held: dict[str, int] = {}
    while sum(held.values()) < records:
        assert time.monotonic() < until, held
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for one in page.get("Contents", []):
                if one["Key"] not in held:
                    body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                    held[one["Key"]] = body.count(b'{"ind')
        time.sleep(0.5)


def test_landing_to_tables(line: Line, bucket: str) -> None:
    at = f"s3://{bucket}"
    report = line.emulate(f"landing:{at}", "--flush-size", "100")
    assert (report["generated"], report["objects"]) == (RECORDS, 21 + 2 * 112)
    line.explained(f"landing:{at}", RECORDS)
    line.run("run", "--landing", at, "--warehouse", "tables")
    line.explained("tables:tables", RECORDS)
