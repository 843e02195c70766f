"""The local AWS: objects, streams, and a stack that carries a record from Kinesis to S3."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from support.api import PATIENCE, client, stack
from support.components import LocalStack
from support.firehose import delivery


@pytest.fixture
def unique() -> str:
    """Part of names that no other test has."""
    return uuid.uuid4().hex[:8]


def objects(s3: Any, bucket: str) -> list[bytes]:
    """The contents of a bucket."""
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]


def test_s3_keeps_an_object(localstack: LocalStack, unique: str) -> None:
    s3 = client(localstack, "s3")
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="topics/a b/é.json", Body=b'{"index": 1}')
    assert objects(s3, unique) == [b'{"index": 1}']


def test_kinesis_keeps_a_record(localstack: LocalStack, unique: str) -> None:
    kinesis = client(localstack, "kinesis")
    kinesis.create_stream(StreamName=unique, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=unique, WaiterConfig={"Delay": 1})
    put = kinesis.put_record(StreamName=unique, Data=b"data", PartitionKey="1")
    start = kinesis.get_shard_iterator(
        StreamName=unique, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    (record,) = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert record["Data"] == b"data"
    assert record["SequenceNumber"] == put["SequenceNumber"]


def test_secrets_manager_keeps_a_secret(localstack: LocalStack, unique: str) -> None:
    manager = client(localstack, "secretsmanager")
    manager.create_secret(Name=unique, SecretString="made up")
    assert manager.get_secret_value(SecretId=unique)["SecretString"] == "made up"


def test_a_stack_carries_a_record_from_kinesis_to_s3(localstack: LocalStack, unique: str) -> None:
    s3 = client(localstack, "s3")
    with stack(localstack, delivery(unique, (unique,), from_streams=True)):
        put = {"StreamName": unique, "Data": b'{"index": 1}', "PartitionKey": "1"}
        client(localstack, "kinesis").put_record(**put)
        until = time.monotonic() + PATIENCE
        while not objects(s3, unique) and time.monotonic() < until:
            time.sleep(0.2)
        assert objects(s3, unique) == [b'{"index": 1}']
    # All its helpers run by now; what it lacks it would have downloaded to there.
    downloads = localstack.folder / "root" / "var" / "lib" / "localstack" / "lib"
    assert list(downloads.rglob("*")) == []
