"""`make e2e`: the Lambda pipeline on this machine, over real components, record for record.

Real tables stand in MariaDB. From there three emulators send at once: to a landing in S3, which a
batch run brings into tables; through an API Gateway to Kinesis, and to Kafka, which streams bring
into tables of their own. Then every hop is verified by its ledger, the batch tables are compared
with both streams' tables, and a report is written of each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.api import api, client
from support.components import Kafka, LocalStack, MariaDB, running

PINLAKE = Path(sys.executable).with_name("pinlake")
TABLES = ("pinterest_data.jsonl", "geolocation_data.csv", "user_data.csv")
KINDS = ("pin", "geo", "user")
# As many records as an object of the landing holds.
FLUSH = 1000
# Seconds until the streams must have written what was sent.
PATIENCE = 240.0

_SPARK = {
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.showConsoleProgress": "false",
}


@dataclass
class Hop:
    """One way of the records: where to, what was sent, and what became of it."""

    name: str
    target: str
    ledger: Path
    words: tuple[str, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


class Line:
    """The pipeline of one user id, in a folder of its own."""

    def __init__(self, folder: Path, state: Path, real: Path) -> None:
        self.folder = folder
        self.user = f"e2e{uuid.uuid4().hex[:8]}"
        self.mariadb, self.kafka, self.localstack = (
            kind(state, free=True) for kind in (MariaDB, Kafka, LocalStack)
        )
        self.real = real
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    @property
    def env(self) -> dict[str, str]:
        """What every command knows: who one is, and nothing of settings elsewhere."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINLAKE_", "AWS_"))}
        return {
            **kept,
            "PINLAKE_MYSQL_PASSWORD": self.mariadb.password,
            "AWS_ACCESS_KEY_ID": self.localstack.access_key,
            "AWS_SECRET_ACCESS_KEY": self.localstack.secret_key,
            "AWS_REGION": self.localstack.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *words: str | Path) -> str:
        """What a command prints. Raises `SystemExit` if it fails."""
        done = subprocess.run(
            [PINLAKE, *map(str, words)],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"pinlake {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    @property
    def source(self) -> str:
        """The database."""
        return f"mysql://{self.mariadb.user}@127.0.0.1:{self.mariadb.port}/{self.mariadb.database}"

    def settings(self) -> None:
        at = f'endpoint = "{self.localstack.endpoint}"'
        text = f'[kinesis]\n{at}\n[storage]\n{at}\nallow_http = "true"\n'
        Path(self.folder, "pinlake.toml").write_text(text, encoding="utf-8")

    def load(self) -> None:
        tables = self.folder / "real"
        tables.mkdir()
        for name in TABLES:
            (tables / name).symlink_to(self.real / name)
        self.run("load", tables, "--to", self.source, "--replace")

    def emulate(self, hop: Hop) -> None:
        began = time.monotonic()
        words = ("--from", self.source, "--to", hop.target, "--user-id", self.user)
        told = self.run("emulate", *words, "--ledger", hop.ledger, "--json", *hop.words)
        hop.report, hop.seconds = json.loads(told), time.monotonic() - began
        written = hop.report["written"]
        self.say(f"{hop.name}: {written:,} records sent, {written / hop.seconds:,.0f}/s")


@contextmanager
def deployed(line: Line) -> Iterator[str]:
    """The API before Kinesis, its streams, a bucket and topics."""
    bucket = f"{line.user}-landing"
    client(line.localstack, "s3").create_bucket(Bucket=bucket)
    kafka = f"kafka://{line.kafka.plain}"
    line.run("topics", "create", "--at", kafka, "--user-id", line.user)
    with api(line.localstack) as url:
        gateway = f"gateway+{url}"
        line.run("streams", "create", "--at", gateway, "--user-id", line.user, "--shards", "2")
        yield gateway
        line.run("streams", "delete", "--at", gateway, "--user-id", line.user)
    line.run("topics", "delete", "--at", kafka, "--user-id", line.user)


def streaming(line: Line, spark: Any, name: str, source: str, stop: threading.Event) -> Any:
    """Streams into tables of their own until the stop; what each query did."""
    from pinlake._feeds import feeds
    from pinlake._follow import follow
    from pinlake.config import load

    stream = {"source": source, "trigger": 5}
    config = load(
        file=line.folder / "pinlake.toml",
        warehouse=str(line.folder / name),
        user_id=line.user,
        stream=stream,
    )
    live: dict[str, Any] = {}

    def watch(views: Sequence[Any], fresh: Any) -> None:
        live["views"] = views
        if fresh is not None:
            line.say(
                f"{name}: {fresh.kind} batch {fresh.batch}, {fresh.records:,} records by now, "
                f"{fresh.rate:,.0f}/s"
            )

    thread = threading.Thread(target=lambda: follow(feeds(spark, config), watch, stop))
    thread.start()
    return thread, live


def books(line: Line, spark: Any, name: str) -> Any:
    """The sum of the books of a stream's micro-batches, a line a kind."""
    from pinlake._books import RunReport
    from pinlake._kept import streamed_books
    from pinlake._tables import Warehouse

    warehouse = Warehouse.of(str(line.folder / name))
    rows = spark.sql(f"SELECT DISTINCT kind, landing FROM {warehouse.runs}").collect()
    found = {row["kind"]: row["landing"].removeprefix("stream:") for row in rows}
    return RunReport(streamed_books(spark, warehouse, {kind: found[kind] for kind in KINDS}, 0))


def arrived(live: dict[str, Any]) -> int:
    return sum(view.records for view in live.get("views", ()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make e2e", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    folder = given.out.resolve() / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir()
    line = Line(folder, folder / "services", given.real.resolve())
    with ExitStack() as started:
        for component in (line.mariadb, line.kafka, line.localstack):
            started.enter_context(running(component))
            line.say(f"{component.what} runs")
        line.settings()
        os.environ.update(line.env)
        line.load()
        line.say("MariaDB holds the real tables")
        return piped(line, started.enter_context(deployed(line)))


def piped(line: Line, gateway: str) -> int:
    from pinlake._session import local_session

    landing = f"s3://{line.user}-landing"
    kafka = f"kafka://{line.kafka.plain}"
    region = f"kinesis://{line.localstack.region}"
    flush = ("--flush-size", str(FLUSH))
    hops = {
        "batch": Hop("batch", f"landing:{landing}", line.folder / "landing.ledger", flush),
        "kinesis": Hop("kinesis", gateway, line.folder / "gateway.ledger"),
        "kafka": Hop("kafka", kafka, line.folder / "kafka.ledger"),
    }
    with ThreadPoolExecutor(len(hops)) as pool:
        sending = {name: pool.submit(line.emulate, hop) for name, hop in hops.items()}
        spark = local_session(conf=_SPARK)
        line.say("Spark is there")
        stop = threading.Event()
        streams = {
            "kinesis": streaming(line, spark, "kinesis", region, stop),
            "kafka": streaming(line, spark, "kafka", kafka, stop),
        }
        sending["batch"].result()
        batch(line, spark, landing)
        for sent in sending.values():
            sent.result()
    deadline = time.monotonic() + PATIENCE
    for name, (_, live) in streams.items():
        while arrived(live) < hops[name].report["written"]:
            if time.monotonic() > deadline:
                raise SystemExit(f"{name}: {arrived(live):,} records arrived, no more")
            time.sleep(0.5)
    stop.set()
    for name, (thread, _) in streams.items():
        thread.join()
        print(f"\n{name}:\n{books(line, spark, name)}\n")
    targets = {
        "batch": (f"landing:{landing}",),
        "kinesis": (region, gateway),
        "kafka": (kafka,),
    }
    failed = verified(line, spark, hops, targets) + compared(line, spark)
    written(line, spark)
    line.say("FAILED" if failed else "every record is explained, and both halves hold the same")
    spark.stop()
    return 1 if failed else 0


def batch(line: Line, spark: Any, landing: str) -> None:
    from pinlake.config import load
    from pinlake.pipeline import run_batch

    settings = line.folder / "pinlake.toml"
    config = load(file=settings, landing=landing, warehouse=str(line.folder / "batch"))
    report = run_batch(spark, config)
    line.say(f"batch: {sum(b.read.records for b in report.books):,} records in the tables")
    print(report)


def verified(
    line: Line, spark: Any, hops: dict[str, Hop], targets: dict[str, tuple[str, ...]]
) -> int:
    """Verifies every hop; how many records or rows nothing explains."""
    import pinlake
    from pinlake.config import load

    config = load(file=line.folder / "pinlake.toml")
    unexplained = 0
    for name, hop in hops.items():
        ledger = str(hop.ledger)
        for target in targets[name]:
            options = config.options_of(target.removeprefix("landing:"))
            found = pinlake.verify(ledger, target, options=options or None)
            unexplained += told(line, name, target, found)
        found = pinlake.verify_tables(spark, ledger, str(line.folder / name))
        unexplained += told(line, name, "tables", found)
    return unexplained


def told(line: Line, name: str, target: str, found: dict[str, Any]) -> int:
    line.say(
        f"{name}: {found['sent']:,} records sent, {found['arrived']:,} arrived at {target}, "
        f"{found['repeats']:,} there again, {found['unexplained']:,} unexplained"
    )
    left: int = found["unexplained"] + found["unsettled"]
    return left


def compared(line: Line, spark: Any) -> int:
    """Compares the halves' tables; how many differ."""
    from pinlake._compare import compare
    from pinlake._kinds import Kind
    from pinlake._tables import Warehouse

    first = Warehouse.of(str(line.folder / "batch"))
    different = 0
    for name in ("kinesis", "kafka"):
        second = Warehouse.of(str(line.folder / name))
        for one in compare(spark, first, second, map(Kind.of, KINDS)):
            line.say(f"batch and {name}: {one}")
            different += not one.equal
    return different


def written(line: Line, spark: Any) -> None:
    from pinlake.report import report

    for name in ("batch", "kinesis", "kafka"):
        place = report(spark, str(line.folder / name), line.folder / f"{name}.html")
        line.say(f"report of {name}: {place}")


if __name__ == "__main__":
    sys.exit(main())
