"""Kinesis as a source of batches: how far one goes, and a stretch that is read again."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from botocore.config import Config

from pinlake import _core
from pinlake.errors import ConfigError, SourceError
from support.cli import STAND_IN
from support.components import Kinesalite, running
from support.fault_proxy import FaultProxy
from support.fault_proxy import running as proxied

REGION = "us-east-1"
HOUR_MS = 3_600_000
DAY_S = 24 * 3600


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STAND_IN.items():
        monkeypatch.setenv(name, value or "")


def service(endpoint: str) -> Any:
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


class Stream:
    """A stream of the test's own."""

    def __init__(self, endpoint: str, name: str, shards: int) -> None:
        self.endpoint, self.name = endpoint, name
        self.client = service(endpoint)
        self.client.create_stream(StreamName=name, ShardCount=shards)
        self.active()
        self.sent: list[str] = []

    def active(self) -> None:
        while self.summary()["StreamStatus"] != "ACTIVE":
            time.sleep(0.02)

    def summary(self) -> dict[str, Any]:
        found = self.client.describe_stream_summary(StreamName=self.name)
        described: dict[str, Any] = found["StreamDescriptionSummary"]
        return described

    def put(self, count: int) -> None:
        first = len(self.sent)
        texts = [f"record {number}" for number in range(first, first + count)]
        self.sent += texts
        for at in range(0, count, 500):
            entries = [
                {"Data": text.encode(), "PartitionKey": text} for text in texts[at : at + 500]
            ]
            told = self.client.put_records(StreamName=self.name, Records=entries)
            assert told["FailedRecordCount"] == 0

    def shards(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.list_shards(StreamName=self.name)["Shards"]
        return found

    def split(self, shard: str) -> None:
        hashes = next(s for s in self.shards() if s["ShardId"] == shard)["HashKeyRange"]
        middle = (int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"])) // 2
        self.client.split_shard(
            StreamName=self.name, ShardToSplit=shard, NewStartingHashKey=str(middle)
        )
        self.active()

    def merge(self, one: str, other: str) -> None:
        self.client.merge_shards(StreamName=self.name, ShardToMerge=one, AdjacentShardToMerge=other)
        self.active()

    def opened(self, endpoint: str | None = None, **options: Any) -> _core.KinesisStream:
        at = {"endpoint": endpoint or self.endpoint}
        return _core.KinesisStream(f"kinesis://{REGION}", self.name, options=at, **options)


@pytest.fixture
def stream(kinesalite: Kinesalite, request: pytest.FixtureRequest) -> Iterator[Stream]:
    name = f"s{abs(hash(request.node.name)) % 10**9}"
    made = Stream(kinesalite.endpoint, name, 3)
    yield made
    made.client.delete_stream(StreamName=name)


def now() -> int:
    return time.time_ns() // 1_000_000


def ahead(opened: _core.KinesisStream, offset: str, records: int = 1000, **more: Any) -> str:
    settings = {"now": now(), "records": records, "size": 1 << 30, **more}
    return opened.ahead(offset, **settings)


def read(opened: _core.KinesisStream, start: str, end: str) -> list[dict[str, Any]]:
    """The records between two offsets."""
    rows: list[dict[str, Any]] = []
    for stretch, count in _core.kinesis_ranges(start, end):
        found: list[dict[str, Any]] = []
        for batch in opened.read(stretch):
            found += pa.record_batch(batch).to_pylist()
        assert len(found) == count
        rows += found
    return rows


def drained(opened: _core.KinesisStream, offset: str, records: int = 1000) -> tuple[str, list[str]]:
    """Reads on until nothing is new: where that is, and the records."""
    texts: list[str] = []
    while (end := ahead(opened, offset, records)) != offset:
        texts += [row["data"].decode() for row in read(opened, offset, end)]
        offset = end
    return offset, texts


def once(texts: Sequence[str], wanted: Sequence[str]) -> None:
    assert Counter(texts) == Counter(wanted)


def test_batches_have_every_record_once_and_a_stretch_is_the_same_each_time(
    stream: Stream,
) -> None:
    opened = stream.opened()
    offset = opened.begin()
    # An empty stream has nothing, again and again.
    offset = ahead(opened, offset)
    assert (ahead(opened, offset), read(opened, offset, offset)) == (offset, [])
    stream.put(1200)
    texts: list[str] = []
    while (end := ahead(opened, offset, 100)) != offset:
        first, again = read(opened, offset, end), read(opened, offset, end)
        assert first == again
        per_shard = Counter(row["shardId"] for row in first)
        assert max(per_shard.values()) <= 100
        for shard in per_shard:
            numbers = [int(row["sequenceNumber"]) for row in first if row["shardId"] == shard]
            assert numbers == sorted(set(numbers))
        texts += [row["data"].decode() for row in first]
        assert all(row["partitionKey"] == row["data"].decode() for row in first)
        assert {row["stream"] for row in first} == {stream.name}
        offset = end
    once(texts, stream.sent)
    # What is read in one go is what was read in pieces.
    once([row["data"].decode() for row in read(opened, opened.begin(), offset)], stream.sent)


def test_positions_are_those_of_the_contract(stream: Stream) -> None:
    stream.put(5)
    opened = stream.opened()
    begin = opened.begin()
    for stretch, _ in _core.kinesis_ranges(begin, ahead(opened, begin)):
        batch = pa.table(pa.record_batch(next(iter(opened.read(stretch, epoch=2)))))
        plain = pa.table(pa.record_batch(next(iter(opened.read(stretch)))))
        for row, raw in zip(batch.to_pylist(), plain.to_pylist(), strict=True):
            source = row["_source"]
            assert (source["epoch"], source["item"]) == (2, 0)
            assert source["name"] == f"kinesis:{stream.name}"
            assert source["part"] == raw["shardId"]
            assert (len(source["seq"]), int(source["seq"])) == (56, int(raw["sequenceNumber"]))
            assert row["value"] == raw["data"]
            assert row["_arrived_at"] == raw["approximateArrivalTimestamp"] is not None


def test_shards_that_split_and_merge_are_read_parents_first(stream: Stream) -> None:
    opened = stream.opened()
    offset = opened.begin()
    stream.put(300)
    first, second, third = (shard["ShardId"] for shard in stream.shards())
    stream.split(first)
    stream.put(300)
    stream.merge(second, third)
    stream.put(300)
    parents = {
        shard["ShardId"]: [
            shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if name in shard
        ]
        for shard in stream.shards()
    }
    assert sorted(map(len, parents.values())) == [0, 0, 0, 1, 1, 2]
    texts: list[str] = []
    while (end := ahead(opened, offset, 20)) != offset:
        texts += [row["data"].decode() for row in read(opened, offset, end)]
        offset = end
        marks = json.loads(offset)["shards"]
        for shard, own in parents.items():
            if marks[shard]["records"]:
                assert all(marks[parent].get("ended") for parent in own), shard
    once(texts, stream.sent)
    ended = {shard for shard, mark in json.loads(offset)["shards"].items() if mark.get("ended")}
    assert ended == {first, second, third}
    # A reshard while the stream is read on.
    open_shard = next(shard for shard in parents if shard not in ended)
    stream.split(open_shard)
    stream.put(100)
    _, more = drained(opened, offset)
    once(more, stream.sent[900:])


def test_a_stream_that_was_made_anew_stops_loudly(stream: Stream) -> None:
    opened = stream.opened()
    stream.put(10)
    offset, _ = drained(opened, opened.begin())
    stream.client.delete_stream(StreamName=stream.name)
    time.sleep(0.1)
    with pytest.raises(FileNotFoundError, match=f"no stream {stream.name}"):
        ahead(opened, offset)
    # Its age is told by the second.
    time.sleep(1.1)
    stream.client.create_stream(StreamName=stream.name, ShardCount=3)
    stream.active()
    with pytest.raises(SourceError, match=r"deleted and made again.*epoch that is one higher"):
        ahead(opened, offset)
    with pytest.raises(SourceError, match="deleted and made again"):
        ahead(stream.opened(strict=False), offset)


def test_throttles_errors_and_expired_iterators_lose_nothing(stream: Stream) -> None:
    stream.put(1500)
    faults = FaultProxy(stream.endpoint, reads=0.15, expired=0.2)
    with proxied(faults) as proxy:
        opened = stream.opened(proxy.url, fetch=100)
        _, texts = drained(opened, opened.begin(), 200)
    once(texts, stream.sent)
    assert all(faults.counts[what] > 5 for what in ("throttled", "failed", "expired"))


def test_a_long_stretch_without_records_is_passed_though_no_look_sees_its_end(
    stream: Stream,
) -> None:
    stream.put(30)
    # A look of 10 s sees 25 pages.
    faults = FaultProxy(stream.endpoint, empty=40)
    with proxied(faults) as proxy:
        opened = stream.opened(proxy.url)
        begin = opened.begin()
        assert ahead(opened, begin) == begin
        end = ahead(opened, begin)
        assert 40 * 3 <= faults.counts["empty"] < 50 * 3
    once([row["data"].decode() for row in read(stream.opened(), begin, end)], stream.sent)


def test_reading_up_to_a_moment_long_past_ends(stream: Stream) -> None:
    stream.put(1)
    time.sleep(1.1)
    middle = now()
    stream.put(1)
    opened, later = stream.opened(), now() + 12 * HOUR_MS
    # Two shards hear nothing more, one has a record behind the moment: its mark is never renewed.
    end = ahead(opened, opened.begin(), until=middle, now=later)
    assert ahead(opened, end, until=middle, now=later) == end


def test_reading_begins_at_a_moment_and_ends_at_one(stream: Stream) -> None:
    stream.put(30)
    time.sleep(1.1)
    middle = now()
    stream.put(40)
    opened = stream.opened()
    until = ahead(opened, opened.begin(), until=middle)
    once([row["data"].decode() for row in read(opened, opened.begin(), until)], stream.sent[:30])
    # What came later stays out, whenever it is asked.
    assert ahead(opened, until, until=middle) == until
    begin = opened.begin(middle)
    end = ahead(opened, begin)
    once([row["data"].decode() for row in read(opened, begin, end)], stream.sent[30:])


def test_aggregated_records_are_refused_by_name_or_kept(stream: Stream) -> None:
    stream.put(2)
    data = b"\xf3\x89\x9a\xc2" + b"whatever the library wrote"
    stream.client.put_record(StreamName=stream.name, Data=data, PartitionKey="1")
    opened = stream.opened()
    with pytest.raises(SourceError, match=r"Kinesis Producer Library.*aggregated=keep"):
        ahead(opened, opened.begin())
    kept = stream.opened(aggregates=True)
    rows = read(kept, kept.begin(), ahead(kept, kept.begin()))
    assert data in [row["data"] for row in rows]


def test_what_is_no_offset_no_stream_and_no_number_is_said(stream: Stream) -> None:
    opened = stream.opened()
    for text in ("", "{}", "[1]"):
        with pytest.raises(SourceError, match="offset cannot be read"):
            ahead(opened, text)
    later = opened.begin().replace('"version":1', '"version":2')
    with pytest.raises(SourceError, match="upgrade pinlake"):
        ahead(opened, later)
    with pytest.raises(ConfigError, match="1 to 10000"):
        stream.opened(fetch=10_001)
    nobody = _core.KinesisStream(
        f"kinesis://{REGION}", "nobody", options={"endpoint": stream.endpoint}
    )
    with pytest.raises(FileNotFoundError, match="no stream nobody"):
        nobody.begin()


@pytest.fixture(scope="module")
def late_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("skew") / "late.so"
    source = Path(__file__).parents[1] / "support/skew.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


class Yesterdays(Kinesalite):
    """A server that believes that it is 25 hours ago, until it is told better."""

    clock: tuple[str, ...] = ()

    def command(self) -> Sequence[str]:
        return [*self.clock, *super().command()]


def test_records_that_grew_too_old_unread_stop_loudly(late_clock: Path, tmp_path: Path) -> None:
    late = DAY_S + 3600
    server = Yesterdays(tmp_path, free=True)
    server.clock = ("env", f"LD_PRELOAD={late_clock}", f"CLOCK_IS_LATE_BY={late}")
    yesterday = now() - late * 1000
    with running(server):
        stream = Stream(server.endpoint, "old", 1)
        stream.put(10)
        opened = stream.opened()
        begin = opened.begin()
        read_then = opened.ahead(begin, now=yesterday, records=1000, size=1 << 30)
        stream.put(5)
        behind = read_then
    server.clock = ()
    with running(server):
        # What nobody read is older than a day by now: gone.
        with pytest.raises(SourceError, match="old: shardId-000000000000: records may be gone"):
            ahead(opened, behind)
        # The same where nothing was read by then, and where the shard has an end by now.
        nothing = json.loads(behind)
        nothing["shards"]["shardId-000000000000"].update(at={"time": yesterday}, records=0)
        with pytest.raises(SourceError, match="records may be gone"):
            ahead(opened, json.dumps(nothing))
        stream.split("shardId-000000000000")
        with pytest.raises(SourceError, match="shardId-000000000000: records may be gone"):
            ahead(opened, behind)
        ((stretch, _),) = _core.kinesis_ranges(begin, read_then)
        with pytest.raises(SourceError, match=r"10 of 10 records .* are not there any more"):
            list(opened.read(stretch))
        stream.put(3)
        with pytest.raises(SourceError, match="records may be gone"):
            ahead(opened, behind)
        lenient = stream.opened(strict=False)
        end = ahead(lenient, behind)
        once([row["data"].decode() for row in read(lenient, behind, end)], stream.sent[15:])
        # A shard that was read to its tip an hour ago lost nothing, old as its last record is.
        marks = json.loads(behind)
        marks["shards"]["shardId-000000000000"]["tip"] = now() - HOUR_MS
        end = ahead(opened, json.dumps(marks))
        found = read(opened, json.dumps(marks), end)
        once([row["data"].decode() for row in found], stream.sent[15:])
