"""Streams into tables: what a landing streams is what a batch run makes of it, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake import _fault
from pinlake._follow import plain
from pinlake.config import load
from pinlake.errors import ConfigError, SchemaError
from support.landing import Landing
from support.session import connect_address
from support.tables import fates, frame, held, quarantine, silver, stream_books

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KINDS = ("pin", "geo", "user")
FAULTS = {"duplicate": 0.05, "late": 0.03, "corrupt": 0.02, "new_field": 0.02, "orphan": 0.02}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """600 posts in objects of 40, with duplicates, late ones, rejects and drift."""
    folder = str(tmp_path_factory.mktemp("landing"))
    made = pinlake.Emulator(count=600, user_id="u1", faults=FAULTS)
    made.run(f"landing:{folder}", flush_size=40)
    return folder


def stream(
    spark: SparkSession, warehouse: str, url: str, *kinds: str, **options: str
) -> list[dict[str, Any]]:
    """Streams what a landing holds now; the figures of each query's batches."""
    settings = {"source": f"landing:{url}", "once": True, "options": options}
    config = load(warehouse=warehouse, kind=kinds or KINDS, stream=settings)
    found = []
    for query in pinlake.run_stream(spark, config):
        query.awaitTermination()
        assert query.exception() is None
        found += map(plain, query.recentProgress)
    return found


@pytest.fixture(scope="module")
def batch(spark: SparkSession, landing: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a batch run makes of the landing."""
    warehouse = str(tmp_path_factory.mktemp("batch"))
    report = pinlake.run_batch(spark, load(landing=landing, warehouse=warehouse))
    return held(spark, warehouse), {b.kind: b.read.records for b in report.books}


@pytest.mark.lane
def test_a_stream_of_a_landing_is_what_a_batch_run_is(
    spark: SparkSession, warehouse: str, landing: str, batch: Any
) -> None:
    stream(spark, warehouse, landing, maxFilesPerTrigger="6")
    want, read = batch
    assert held(spark, warehouse) == want
    for kind in KINDS:
        own = stream_books(spark, warehouse, kind)
        assert len(own) > 1
        assert sum(found["read"]["records"] for found in own) == read[kind]
        assert all(found["read"]["records"] == fates(found) for found in own)
        assert all(not found["problems"] for found in own)
        ids = [found["run_id"] for found in own]
        query = ids[0].rsplit("-", 1)[0]
        assert ids == [f"{query}-{n}" for n in range(len(ids))]
    # Nothing new is nothing to write.
    before = {kind: len(stream_books(spark, warehouse, kind)) for kind in KINDS}
    assert not [p for p in stream(spark, warehouse, landing) if p["numInputRows"]]
    assert {kind: len(stream_books(spark, warehouse, kind)) for kind in KINDS} == before


def test_new_objects_are_read_once_and_versions_settled_by_position(
    spark: SparkSession, warehouse: str, tmp_path: Path
) -> None:
    landing = Landing(tmp_path / "landing")
    landing.put("geo", 4, [{"ind": 1, "country": "Peru"}, {"ind": 2, "country": "Chad"}])
    stream(spark, warehouse, landing.url, "geo")
    # What appears late at an earlier position does not win.
    landing.put("geo", 0, [{"ind": 1, "country": "Mali"}, {"ind": 3, "country": "Mali"}, b"{nope"])
    progress = stream(spark, warehouse, landing.url, "geo")
    assert sum(p["numInputRows"] for p in progress) == 1
    rows = silver(spark, warehouse, "geo")
    assert {ind: row["country"] for ind, row in rows.items()} == {1: "Peru", 2: "Chad", 3: "Mali"}
    assert [found["read"]["records"] for found in stream_books(spark, warehouse, "geo")] == [2, 3]
    (reject,) = quarantine(spark, warehouse, "geo")
    assert reject[1:] == ("not_json", b"{nope")


# How delivery streams, and people, name what holds a kind's records.
NAMES = (
    "2026/01/31/{hour:02}/streaming-u1-{kind}-1-2026-01-31-{hour:02}-15-00-6c1f",
    "{kind}/2026/01/31/{hour:02}/part-1",
    "pin/Of_{table}-{hour}.json",
)


@pytest.mark.once
def test_files_are_of_the_kinds_that_a_batch_run_takes_them_for(
    spark: SparkSession, warehouse: str, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    pinlake.Emulator(count=30, user_id="u1", faults=FAULTS).run(f"files:{made}")
    bucket = tmp_path / "bucket"
    for kind, table in zip(KINDS, ("pins", "geo", "users"), strict=True):
        lines = Path(made, f"{kind}.jsonl").read_bytes().splitlines(keepends=True)
        for number, form in enumerate((*NAMES, *NAMES)):
            hour = number // len(NAMES)
            path = bucket / form.format(hour=hour, kind=kind, table=table)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(lines[number :: 2 * len(NAMES)]))
            # A copy that keeps its time is no less new.
            os.utime(path, (path.stat().st_mtime - hour * 30 * 86_400,) * 2)
    loose = bucket / "2025/notes"
    loose.parent.mkdir(parents=True)
    loose.write_bytes(b"{}")
    pinlake.run_batch(spark, load(landing=str(bucket), warehouse=f"{warehouse}/batch"))
    stream(spark, f"{warehouse}/stream", str(bucket), maxFilesPerTrigger="7")
    assert held(spark, f"{warehouse}/stream") == held(spark, f"{warehouse}/batch")


def test_batches_without_a_record_are_no_end(
    spark: SparkSession, warehouse: str, tmp_path: Path
) -> None:
    """What the source brings is another kind's, twice, before there is anything."""
    for number, (kind, payload) in enumerate(
        (("pin", b"{}"), ("pin", b"{}"), ("geo", b'{"ind": 1}'))
    ):
        file = tmp_path / f"files/{kind}-{number}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(payload)
        os.utime(file, (1_700_000_000 + number,) * 2)
    stream(spark, warehouse, str(tmp_path / "files"), "geo", maxFilesPerTrigger="1")
    assert set(silver(spark, warehouse, "geo")) == {1}
    assert [found["read"]["records"] for found in stream_books(spark, warehouse, "geo")] == [1]


def test_both_halves_may_write_one_warehouse(
    spark: SparkSession, warehouse: str, landing: str, batch: Any
) -> None:
    config = load(landing=landing, warehouse=warehouse)
    pinlake.run_batch(spark, config)
    stream(spark, warehouse, landing)
    assert held(spark, warehouse) == batch[0]
    # The landing's own marks are not moved by the stream.
    assert all(b.state == "nothing new" for b in pinlake.run_batch(spark, config).books)


def test_append_keeps_every_accepted_record(
    spark: SparkSession, warehouse: str, landing: str, batch: Any
) -> None:
    users = pinlake.clean_landing_stream(
        spark, "user", landing, options={"maxFilesPerTrigger": "8"}
    )
    words = {"mode": "append", "trigger": "available now"}
    query = pinlake.write_table(
        users, f"{warehouse}/users", checkpoint=f"{warehouse}/check", **words
    )
    query.awaitTermination()
    rejected = len(batch[0]["user quarantine"])
    assert frame(spark, warehouse, "users").count() == batch[1]["user"] - rejected
    assert frame(spark, warehouse, "quarantine").count() == rejected


def test_what_cannot_be_streamed_is_said(spark: SparkSession, warehouse: str, landing: str) -> None:
    users = pinlake.clean_landing_stream(spark, "user", landing)
    with pytest.raises(ConfigError, match="needs a checkpoint"):
        pinlake.write_table(users, f"{warehouse}/users")
    run = pinlake.open_run(spark, warehouse, "user", landing)
    with pytest.raises(ConfigError, match="leave out run"):
        pinlake.write_table(users, f"{warehouse}/users", run=run, checkpoint="c")
    still = pinlake.clean_landing(spark, "user", landing)
    with pytest.raises(ConfigError, match="are a stream's"):
        pinlake.write_table(still, f"{warehouse}/users", checkpoint="c")
    with pytest.raises(SchemaError, match="_fingerprint"):
        pinlake.write_table(users.drop("_fingerprint"), f"{warehouse}/users", checkpoint="c")
    with pytest.raises(FileNotFoundError):
        pinlake.clean_landing_stream(spark, "user", f"{landing}/nowhere")
    for source in ("nowhere", "mysql://x"):
        with pytest.raises(ConfigError, match="no source of streams"):
            pinlake.run_stream(spark, load(warehouse=warehouse, stream={"source": source}))


# The process that dies is a client; batches are written by one that the server starts.
STREAM = """
import sys
from pyspark.sql import SparkSession
import pinlake
from pinlake.config import load
url, warehouse, landing = sys.argv[1:]
spark = SparkSession.builder.remote(url).getOrCreate()
options = {"maxFilesPerTrigger": "5"}
settings = {"source": f"landing:{landing}", "once": True, "options": options}
queries = pinlake.run_stream(spark, load(warehouse=warehouse, stream=settings))
for query in queries:
    query.awaitTermination()
"""


@pytest.fixture
def attempt(spark: SparkSession, landing: str) -> Callable[[str], subprocess.Popen[bytes]]:
    def start(warehouse: str) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", STREAM, connect_address(spark), warehouse, landing]
        return subprocess.Popen(words, stderr=subprocess.PIPE)

    return start


@pytest.mark.once
def test_batches_killed_at_named_points_leave_the_tables_of_undisturbed_ones(
    spark: SparkSession,
    warehouse: str,
    landing: str,
    batch: Any,
    attempt: Callable[[str], subprocess.Popen[bytes]],
) -> None:
    file = Path(os.environ[_fault.VARIABLE].removeprefix("@"))
    # Of one kind: what dies is the same batch each time, until it is let live.
    for point in _fault.STREAM_POINTS:
        file.write_text(f"{point}:pin", encoding="utf-8")
        try:
            with attempt(warehouse) as run:
                told = run.communicate(timeout=300)[1]
            assert run.returncode != 0, (point, told)
        finally:
            file.unlink()
    with attempt(warehouse) as run:
        told = run.communicate(timeout=300)[1]
    assert run.returncode == 0, told
    want, read = batch
    assert held(spark, warehouse) == want
    for kind in KINDS:
        own = stream_books(spark, warehouse, kind)
        assert sum(found["read"]["records"] for found in own) == read[kind]
        assert all(found["read"]["records"] == fates(found) for found in own)


@pytest.mark.once
def test_a_client_that_is_killed_leaves_a_stream_that_goes_on(
    spark: SparkSession,
    warehouse: str,
    batch: Any,
    attempt: Callable[[str], subprocess.Popen[bytes]],
) -> None:
    with attempt(warehouse) as run:
        time.sleep(5)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
    for query in spark.streams.active:
        query.stop()
    with attempt(warehouse) as run:
        told = run.communicate(timeout=300)[1]
    assert run.returncode == 0, told
    assert held(spark, warehouse) == batch[0]
