"""(i) Kafka, (j) Kinesis, (k) API Gateway: the emulator against what else sends the same records.

Each contender is a process of its own, timed from its start to its end, so that what it takes to
begin counts for all of them; the broker or service is the same, started for this comparison. What
arrived is counted and, once, compared record for record.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from bench.data import KINDS, SEED, Data, emulate
from bench.measure import Figure, Mismatch, alternate, say
from pinlake._core import consume_logs, create_streams, create_topics
from support.api import api
from support.components import Kafka, Kinesalite, LocalStack
from support.components.component import java, running

HERE = Path(__file__).parent
PINLAKE = (str(Path(sys.executable).with_name("pinlake")), "emulate", "--seed", str(SEED))
RIVAL = (sys.executable, str(HERE / "rivals.py"))

# Kafka's client and ours are told the same: what the brokers see is equal.
LINGER_MS, CODEC = 50, "lz4"


def kafka(data: Data, rounds: int) -> list[Figure]:
    """(i): made and sent by us; sent from a file by Kafka's own tool and by kcat."""
    records = data.sizes.sent
    folder = data.folder / "sent"
    emulate(folder, records, kinds=("pin",))
    values = folder / "pin.jsonl"
    with running(Kafka(data.folder / "kafka", free=True)) as broker:
        url, numbers = f"kafka://{broker.plain}", count()
        topics: dict[str, str] = {}

        def topic(name: str) -> str:
            topics[name] = f"{name}{next(numbers)}.pin"
            create_topics(url, [topics[name]], partitions=3)
            return topics[name]

        jars = Path(__file__).resolve().parents[2] / ".jars/kafka"
        tool = (java(), "-cp", f"{jars}/*", "org.apache.kafka.tools.ProducerPerformance")
        properties = [
            f"bootstrap.servers={broker.plain}",
            *(f"linger.ms={LINGER_MS}", f"compression.type={CODEC}", "acks=all"),
            "enable.idempotence=true",
        ]
        size = ("--num-records", str(records), "--throughput", "-1")
        took = _processes(
            {
                "pinlake": lambda: [
                    *PINLAKE,
                    *("--to", url, "--kind", "pin", "--count", str(records), "--user-id"),
                    topic("pinlake").removesuffix(".pin"),
                ],
                "ProducerPerformance": lambda: [
                    *(*tool, "--topic", topic("tool"), *size, "--payload-file", str(values)),
                    *("--producer-props", *properties),
                ],
                "kcat": lambda: [
                    *("kcat", "-P", "-b", broker.plain, "-t", topic("kcat"), "-l", str(values)),
                    *("-z", CODEC, "-X", f"linger.ms={LINGER_MS}", "-X", "enable.idempotence=true"),
                    *("-X", "queue.buffering.max.messages=200000", "-X", "acks=all"),
                ],
            },
            rounds,
        )
        # The tool draws its values at random, so that only their number can be compared.
        held = {name: _values(url, topics[name], data.folder) for name in topics}
        if held["pinlake"] != held["kcat"]:
            raise Mismatch("Kafka: what kcat sent is not what we sent")
        if len(held["tool"]) != records:
            raise Mismatch(f"Kafka: ProducerPerformance sent {len(held['tool'])} of {records}")
    best = min(("ProducerPerformance", "kcat"), key=lambda name: sum(took[name].wall))
    notes = {
        "records a second": _rates(records, took),
        "processor seconds": {name: _median(times.processor) for name, times in took.items()},
    }
    what = f"{records:,} pins made and sent to Kafka"
    theirs = f"{best}, from a file"
    return [Figure("i", what, took["pinlake"].wall, theirs, took[best].wall, 0.9, notes)]


def kinesis(data: Data, rounds: int) -> list[Figure]:
    """(j): against put_records of boto3 in a loop, wall and processor time."""
    records = data.sizes.put
    folder = data.folder / "put"
    emulate(folder, records, kinds=("pin",))
    at = "kinesis://us-east-1"
    with running(Kinesalite(data.folder / "kinesalite", free=True)) as server, aws_environment():
        (folder / "pinlake.toml").write_text(f'[kinesis]\nendpoint = "{server.endpoint}"\n')
        options, numbers = {"endpoint": server.endpoint}, count()
        streams: dict[str, str] = {}

        def stream(name: str) -> str:
            user = f"{name}{next(numbers)}"
            streams[name] = f"streaming-{user}-pin"
            create_streams(at, [streams[name]], shards=4, options=options)
            return user

        config = ("--config", str(folder / "pinlake.toml"))
        took = _processes(
            {
                "pinlake": lambda: [
                    *(*PINLAKE, "--to", at, "--kind", "pin", "--count", str(records), *config),
                    *("--user-id", stream("pinlake")),
                ],
                "boto3": lambda: [
                    *(*RIVAL, "kinesis", server.endpoint, str(folder / "pin.jsonl")),
                    f"streaming-{stream('boto3')}-pin",
                ],
            },
            rounds,
        )
        held = {name: _values(at, streams[name], data.folder, options) for name in streams}
        if held["pinlake"] != held["boto3"]:
            raise Mismatch("Kinesis: what boto3 sent is not what we sent")
        start = {
            "pinlake": [*PINLAKE, "--to", at, "--kind", "pin", "--count", "1", *config],
            "boto3": [*RIVAL, "kinesis", server.endpoint, os.devnull, "none"],
        }
        start["pinlake"] += ["--user-id", stream("pinlake")]
        idle = {name: _processor(words) for name, words in start.items()}
    what = f"{records:,} pins put into Kinesis"
    each = {
        name: [max(used - idle[name], 0.01) for used in times.processor]
        for name, times in took.items()
    }
    notes = {
        "records a second": _rates(records, took),
        "processor seconds of a start": {name: round(used, 2) for name, used in idle.items()},
    }
    ours, theirs, rival = took["pinlake"].wall, took["boto3"].wall, "boto3 put_records in a loop"
    return [
        Figure("j", what, ours, rival, theirs, 1.3, notes),
        Figure("j", f"{what}, processor, without starts", each["pinlake"], rival, each["boto3"], 5),
    ]


def gateway(data: Data, rounds: int) -> list[Figure]:
    """(k): against three requests a post, one after the other, as the originals do it."""
    few = data.sizes.posted
    many = few * 10
    folder = data.folder / "posted"
    emulate(folder, few)
    with (
        running(LocalStack(data.folder / "aws", free=True)) as aws,
        aws_environment(),
        api(aws) as url,
    ):
        at, numbers = f"gateway+{url}", count()
        users: dict[str, str] = {}

        def user(name: str) -> str:
            users[name] = f"{name}{next(numbers)}"
            create_streams(at, [f"streaming-{users[name]}-{kind}" for kind in KINDS], shards=1)
            return users[name]

        def ours(name: str, posts: int) -> list[str]:
            return [*PINLAKE, "--to", at, "--count", str(posts), "--user-id", user(name)]

        took = _processes(
            {
                "pinlake": lambda: ours("pinlake", many),
                "originals": lambda: [*RIVAL, "gateway", url, str(folder), user("originals")],
            },
            rounds,
        )
        subprocess.run(ours("few", few), check=True, stdout=subprocess.DEVNULL)
        for kind in KINDS:
            held = [
                _values(at, f"streaming-{users[name]}-{kind}", data.folder)
                for name in ("few", "originals")
            ]
            if held[0] != held[1]:
                raise Mismatch(f"gateway: {kind}: what the originals' way sent is not what we sent")
    each = [seconds / many * few for seconds in took["pinlake"].wall]
    what = f"{few:,} posts through the API"
    theirs = took["originals"].wall
    return [Figure("k", what, each, "a request a record, no pauses", theirs, 8)]


class Times:
    """Seconds of the runs of one contender."""

    def __init__(self, wall: list[float], processor: list[float]) -> None:
        self.wall = wall
        self.processor = processor


def _processes(
    contenders: Mapping[str, Callable[[], Sequence[str]]], rounds: int
) -> dict[str, Times]:
    """Runs A B A B …, each a process; what a contender's words make ready is not timed."""
    processor: dict[str, list[float]] = {name: [] for name in contenders}
    words: dict[str, Sequence[str]] = {}

    def run(name: str) -> None:
        processor[name].append(_processor(words[name]))

    order = iter(list(contenders) * (rounds + 1))

    def ready() -> None:
        name = next(order)
        words[name] = contenders[name]()

    work = {name: lambda name=name: run(name) for name in contenders}
    say("  warming up")
    alternate(work, 1, between=ready)
    for used in processor.values():
        used.clear()
    wall = alternate(work, rounds, between=ready)
    return {name: Times(wall[name], processor[name]) for name in contenders}


def _processor(words: Sequence[str]) -> float:
    """Processor seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Mismatch(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _values(
    url: str, name: str, folder: Path, options: Mapping[str, str] | None = None
) -> list[str]:
    """What a topic or a stream holds, in an order of its own."""
    file = folder / "consumed.json"
    consume_logs(url, {name: file}, options=options)
    with file.open(encoding="utf-8") as text:
        records: list[dict[str, Any]] = json.load(text)
    return sorted(json.dumps(record["value"], sort_keys=True) for record in records)


def _rates(records: int, took: Mapping[str, Times]) -> str:
    return ", ".join(f"{name} {records / _median(times.wall):,.0f}" for name, times in took.items())


def _median(values: Sequence[float]) -> float:
    return round(sorted(values)[len(values) // 2], 2)


@contextmanager
def aws_environment() -> Iterator[None]:
    """What AWS's clients need to speak to a stand-in, for as long as it is needed."""
    names = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
