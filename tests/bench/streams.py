"""(l) Kafka and (m) Kinesis → clean → Delta: pinlake's stream against one of Spark's expressions.

Both read by the same source. First what it takes to read, parse and clean all that is there, with
no table behind it; then the stream as a whole, from the source to a table with one row an `ind`.
Then records are sent at a steady pace, and of each row is asked how long after it arrived at the
broker it could be read in its table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pinlake
from bench import native
from bench.data import KINDS, SEED, Data
from bench.equal import same_frames
from bench.in_spark import noop
from bench.measure import Figure, Mismatch, alternate, say
from bench.sending import aws_environment
from pinlake._core import create_streams, create_topics
from pinlake._feeds import feeds
from pinlake._follow import View, follow
from pinlake.config import load
from support.components import Kafka, Kinesalite
from support.components.component import running

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OURS, THEIRS = "pinlake", "from_json"
REGION = "us-east-1"
# Posts a second.
PACES = {"kafka": (200, 2000), "kinesis": (50, 200)}
# Seconds that each pace is kept up, of which the first do not count.
PACED, WARMS_UP = 75, 15
STEADY_PACE = 200
# Micro-batches follow each other as fast as they can.
TRIGGER = 1


@dataclass
class Log:
    """A broker or service, and how records come there and are read."""

    spark: SparkSession
    url: str
    options: Mapping[str, str]
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def name(self) -> str:
        return self.url.split(":")[0]

    def made(self, kinds: tuple[str, ...]) -> str:
        """Makes topics or streams of a user id of their own, which it gives."""
        user = f"bench{next(self.numbers)}"
        if self.name == "kafka":
            create_topics(self.url, [f"{user}.{kind}" for kind in kinds], partitions=3)
        else:
            streams = [f"streaming-{user}-{kind}" for kind in kinds]
            create_streams(self.url, streams, shards=4, options=self.options)
        return user

    def raw(self, user: str, *, batch: bool, records: int = 0) -> DataFrame:
        """The source's own records."""
        words = {"batch": batch, "options": self._limit(batch, records)}
        if self.name == "kafka":
            servers, topic = self.url.removeprefix("kafka://"), f"{user}.pin"
            return pinlake.read_kafka(self.spark, "pin", servers, topic, **words)
        stream = f"streaming-{user}-pin"
        return pinlake.read_kinesis(self.spark, "pin", stream, region=REGION, **words)

    def clean(self, user: str, *, batch: bool, records: int = 0) -> DataFrame:
        """Clean ones, by pinlake."""
        words = {"batch": batch, "options": self._limit(batch, records)}
        if self.name == "kafka":
            servers, topic = self.url.removeprefix("kafka://"), f"{user}.pin"
            return pinlake.clean_kafka(self.spark, "pin", servers, topic, **words)
        stream = f"streaming-{user}-pin"
        return pinlake.clean_kinesis(self.spark, "pin", stream, region=REGION, **words)

    def _limit(self, batch: bool, records: int) -> dict[str, str]:
        endpoint = {"endpointUrl": self.options["endpoint"]} if self.options else {}
        if batch or not records:
            return endpoint
        limit = "maxOffsetsPerTrigger" if self.name == "kafka" else "maxRecordsPerTrigger"
        return {**endpoint, limit: str(records)}


def kafka(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(l)"""
    with running(Kafka(data.folder / "stream-kafka", free=True)) as broker:
        log = Log(spark, f"kafka://{broker.plain}", {}, data.folder / "l")
        # Four micro-batches.
        figures = compared(log, "l", data.sizes.streamed, data.sizes.streamed // 4, rounds)
        seconds = data.sizes.steady
        name = f"{seconds:,} s at {STEADY_PACE} posts/s, begin and end"
        figures[-1].notes[name] = steady(log, seconds)
        return figures


def kinesis(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(m)"""
    with (
        running(Kinesalite(data.folder / "stream-kinesis", free=True)) as server,
        aws_environment(),
    ):
        options = {"endpoint": server.endpoint}
        log = Log(spark, f"kinesis://{REGION}", options, data.folder / "m")
        # One micro-batch: this Spark ends a query of what is there now after the first.
        return compared(log, "m", data.sizes.put, data.sizes.put, rounds)


def compared(log: Log, line: str, records: int, share: int, rounds: int) -> list[Figure]:
    say(f"  sending {records:,} pins")
    user = log.made(("pin",))
    log.folder.mkdir()
    emulated(log, user, "--kind", "pin", "--count", str(records))
    ours = partial(_accepted, log, user)
    theirs = partial(_from_json, log, user)
    rows = same_frames({OURS: ours(), THEIRS: theirs()})
    if rows != records:
        raise Mismatch(f"{log.name}: {rows:,} of {records:,} records")
    took = alternate({OURS: partial(noop, ours), THEIRS: partial(noop, theirs)}, rounds)
    what = f"{records:,} pins of {log.name} → clean columns"
    rival = "the same source, from_json"
    figures = [Figure(line, what, took[OURS], rival, took[THEIRS], 1.3)]
    streams = Streams(log, user, share)
    say("  warming up")
    streams.check({OURS: streams.ours(), THEIRS: streams.theirs()})
    took = alternate({OURS: streams.ours, THEIRS: streams.theirs}, rounds, check=streams.check)
    notes = {"records a second": f"{records / sorted(took[OURS])[rounds // 2]:,.0f}"}
    for pace in PACES[log.name]:
        notes[f"arrived → visible at {pace:,} posts/s, s"] = latency(log, pace)
    what = "… a stream of them → Delta, one row an ind"
    rival = "the same source, from_json, MERGE"
    return [*figures, Figure(line, what, took[OURS], rival, took[THEIRS], 1, notes)]


def _accepted(log: Log, user: str) -> DataFrame:
    return plain(pinlake.accepted(log.clean(user, batch=True)))


def plain(df: DataFrame) -> DataFrame:
    """The columns that both ways have."""
    return df.select([name for name in df.columns if not name.startswith("_")])


def _from_json(log: Log, user: str) -> DataFrame:
    return native.clean(native.parsed(log.raw(user, batch=True)))


class Streams:
    """Both streams of one topic, each time into a new warehouse."""

    def __init__(self, log: Log, user: str, records: int) -> None:
        self.log, self.user, self.records = log, user, records
        self.numbers = count()

    def ours(self) -> str:
        """Stage, guarded MERGE, quarantine, books."""
        place = self._place(OURS)
        query = pinlake.write_table(
            self.log.clean(self.user, batch=False, records=self.records),
            f"{place}/pins",
            checkpoint=f"{place}/checkpoint",
            trigger="available now",
        )
        _ended(query)
        return place

    def theirs(self) -> str:
        """Latest record an `ind`, MERGE."""
        place = self._place(THEIRS)
        raw = self.log.raw(self.user, batch=False, records=self.records)
        cleaned = native.clean(native.parsed(raw, "_source"), "_source")
        writer = cleaned.writeStream.option("checkpointLocation", f"{place}/checkpoint")
        merge = partial(_merged, f"{place}/pins")
        _ended(writer.trigger(availableNow=True).foreachBatch(merge).start())
        return place

    def check(self, places: dict[str, str]) -> None:
        """The tables hold the same."""
        read = self.log.spark.read.format("delta")
        same_frames({name: plain(read.load(f"{at}/pins")) for name, at in places.items()})

    def _place(self, name: str) -> str:
        return str(self.log.folder / f"{name}-{next(self.numbers)}")


def _merged(place: str, df: DataFrame, batch: int) -> None:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    latest = Window.partitionBy("ind").orderBy(F.desc("_source"))
    rows = df.withColumn("_place", F.row_number().over(latest)).where("_place = 1").drop("_place")
    spark = df.sparkSession
    if not Path(place, "_delta_log").exists():
        rows.write.format("delta").save(place)
        return
    rows.createOrReplaceTempView("latest")
    spark.sql(
        f"MERGE INTO delta.`{place}` t USING latest s ON t.ind = s.ind "
        "WHEN MATCHED AND s._source > t._source THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )


def _ended(query: Any) -> None:
    query.awaitTermination()
    if query.exception() is not None:
        raise query.exception()


# ---- a steady pace ---------------------------------------------------------------------------


def emulated(log: Log, user: str, *words: str) -> None:
    """Sends made records in a process of its own."""
    settings = log.folder / "pinlake.toml"
    lines = [f'{name} = "{value}"' for name, value in log.options.items()]
    settings.write_text("\n".join([f"[{log.name}]", *lines]) + "\n", encoding="utf-8")
    program = Path(sys.executable).with_name("pinlake")
    to = ("--to", log.url, "--user-id", user, "--config", settings, "--seed", str(SEED))
    done = subprocess.run([program, "emulate", *to, *words], capture_output=True, text=True)
    if done.returncode:
        raise Mismatch(f"emulate ended with {done.returncode}: {done.stderr.strip()[-500:]}")


@dataclass
class Live:
    """Streams of the three kinds that run while records are sent."""

    warehouse: str
    views: list[View] = field(default_factory=list)
    batches: list[tuple[float, float]] = field(default_factory=list)
    """When a micro-batch ended, and how long it took."""

    def watch(self, views: Any, fresh: View | None) -> None:
        self.views = list(views)
        if fresh is not None:
            self.batches.append((time.monotonic(), fresh.seconds))

    @property
    def records(self) -> int:
        return sum(view.records for view in self.views)


@contextmanager
def streaming(log: Log, user: str) -> Iterator[Live]:
    """Streams all kinds of a user id into a warehouse until the end."""
    live = Live(str(log.folder / f"live-{user}"))
    options = {"endpointUrl": log.options["endpoint"]} if log.options else {}
    config = load(
        warehouse=live.warehouse,
        user_id=user,
        stream={"source": log.url, "trigger": TRIGGER, "options": options},
        **({log.name: dict(log.options)} if log.options else {}),
    )
    stop, failed = threading.Event(), []

    def work() -> None:
        try:
            follow(feeds(log.spark, config), live.watch, stop)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield live
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]


def paced(log: Log, posts: int, seconds: int) -> Live:
    """Sends so many posts a second for so long, and streams them."""
    user = log.made(KINDS)
    with streaming(log, user) as live:
        _until(live, lambda: len(live.views) == len(KINDS))
        emulated(log, user, "--rate", str(posts), "--count", str(posts * seconds))
        _until(live, lambda: live.records >= len(KINDS) * posts * seconds)
    return live


def _until(live: Live, there: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not there():
        if time.monotonic() > until:
            raise Mismatch(f"{live.records:,} records came out of the stream, no more")
        time.sleep(0.1)


def latency(log: Log, posts: int) -> str:
    """Seconds from a record's arrival until its row can be read: p50, p95, p99 of all rows."""
    say(f"  {posts:,} posts a second for {PACED} s")
    live = paced(log, posts, PACED)
    waited: list[float] = []
    for table in ("pins", "geo", "users"):
        waited += visible_after(log.spark, f"{live.warehouse}/{table}")
    waited.sort()
    return ", ".join(f"p{p} {waited[len(waited) * p // 100]:.1f}" for p in (50, 95, 99))


def visible_after(spark: SparkSession, place: str) -> list[float]:
    """Of each row: seconds from `_arrived_at` to the commit of the MERGE that brought it."""
    history = spark.sql(f"DESCRIBE HISTORY delta.`{place}`").where("operation = 'MERGE'")
    commits = [row[0] for row in history.orderBy("version").select("timestamp").collect()]
    rows = spark.read.format("delta").load(place).select("_first_run_id", "_arrived_at").collect()
    batches = sorted({row[0] for row in rows}, key=lambda name: int(name.rsplit("-", 1)[1]))
    if len(batches) != len(commits):
        raise Mismatch(f"{place}: {len(commits)} MERGEs of {len(batches)} micro-batches")
    when = dict(zip(batches, commits, strict=True))
    counts_from = min(arrived for _, arrived in rows) + timedelta(seconds=WARMS_UP)
    return [(when[run] - at).total_seconds() for run, at in rows if at >= counts_from]


def steady(log: Log, seconds: int) -> str:
    """What Spark's heap holds after a collection, this process's memory, and a micro-batch's time,
    at the beginning and at the end of steady load."""
    say(f"  {STEADY_PACE} posts a second for {seconds:,} s")
    held: list[tuple[float, float]] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(30):
            held.append((_heap(log.spark), _resident()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        live = paced(log, STEADY_PACE, seconds)
    finally:
        done.set()
        thread.join()
    tenth = max(1, len(live.batches) // 10)
    first, last = (
        sum(took for _, took in part) / len(part)
        for part in (live.batches[tenth : 2 * tenth], live.batches[-tenth:])
    )
    begin, end = held[1], held[-1]
    return json.dumps(
        {
            "heap MiB": [round(begin[0]), round(end[0])],
            "driver's Python MiB": [round(begin[1]), round(end[1])],
            "micro-batch s": [round(first, 1), round(last, 1)],
        }
    )


def _heap(spark: SparkSession) -> float:
    runtime = spark._jvm.java.lang.Runtime.getRuntime()  # type: ignore[union-attr]
    runtime.gc()
    return float(runtime.totalMemory() - runtime.freeMemory()) / 2**20


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
