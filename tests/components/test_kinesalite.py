"""Kinesis at volume: sequence numbers of AWS's form, in order, and records that stay."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest

from support.components import Kinesalite


def client(kinesalite: Kinesalite) -> Any:
    """A client; the server looks at the form of a signature only."""
    return boto3.client(
        "kinesis",
        endpoint_url=kinesalite.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def stream(kinesalite: Kinesalite) -> str:
    """A new stream of one shard."""
    name = f"s-{uuid.uuid4().hex[:8]}"
    kinesis = client(kinesalite)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return name


def read(kinesis: Any, stream: str) -> list[dict[str, Any]]:
    """The first records of a stream."""
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    return list(kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"])


def test_records_come_back_in_order_with_sequence_numbers_of_56_digits(
    kinesalite: Kinesalite, stream: str
) -> None:
    kinesis = client(kinesalite)
    sent = [{"Data": str(n).encode(), "PartitionKey": str(n)} for n in range(500)]
    put = kinesis.put_records(StreamName=stream, Records=sent)
    assert put["FailedRecordCount"] == 0
    records = read(kinesis, stream)
    assert [record["Data"] for record in records] == [one["Data"] for one in sent]
    numbers = [record["SequenceNumber"] for record in records]
    assert numbers == [entry["SequenceNumber"] for entry in put["Records"]]
    assert {len(number) for number in numbers} == {56}
    assert sorted(numbers, key=int) == numbers


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_records_are_there_after_a_start_anew(
    kinesalite: Kinesalite, stream: str, end: str
) -> None:
    client(kinesalite).put_record(StreamName=stream, Data=end.encode(), PartitionKey="1")
    getattr(kinesalite, end)()
    kinesalite.start()
    assert [record["Data"] for record in read(client(kinesalite), stream)] == [end.encode()]
