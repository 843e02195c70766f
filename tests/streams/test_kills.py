"""Streams of Kafka and Kinesis, stopped and killed again and again: the tables are those of an
undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake import _fault, _stream, _write
from pinlake.errors import SourceError
from support.streaming import FAULTS, KINDS, Source, killed, streamed, streaming
from support.tables import fates, held, stream_books

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

POSTS = 150
# Two micro-batches a kind, or three.
RECORDS = 90
# For `make test-long`.
MORE_POSTS, KILLS = 600, 50


@pytest.fixture(scope="module")
def filled(sources: Any) -> tuple[Source, ...]:
    """A broker and streams that hold the same posts."""
    return sent(sources, POSTS)


def sent(sources: Any, posts: int) -> tuple[Source, ...]:
    both: tuple[Source, ...] = sources()
    for source in both:
        source.send(count=posts, faults=FAULTS)
    return both


def settings(filled: tuple[Source, ...], folder: Path) -> list[Path]:
    """Pipelines of all sources, each into a warehouse of its own below the folder."""
    # A micro-batch of Kinesis takes as much of each of two shards.
    share = {"kafka": RECORDS, "kinesis": RECORDS // 2}
    return [one.settings(folder, folder / one.name, share[one.name]) for one in filled]


@pytest.fixture(scope="module")
def undisturbed(
    spark: SparkSession, filled: tuple[Source, ...], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return let_be(spark, filled, tmp_path_factory.mktemp("undisturbed"))


def let_be(spark: SparkSession, filled: tuple[Source, ...], folder: Path) -> dict[str, Any]:
    """What the tables hold when nothing died, each explained by its ledger."""
    streamed(spark, settings(filled, folder))
    found = {}
    for source in filled:
        explained(spark, source, folder / source.name)
        found[source.name] = held(spark, str(folder / source.name))
    return found


def explained(spark: SparkSession, source: Source, warehouse: Path) -> None:
    """Fails unless the ledger explains every row, and the books every record."""
    verdict = pinlake.verify_tables(spark, source.ledger, str(warehouse))
    assert (verdict["unexplained"], verdict["unsettled"]) == (0, 0), verdict
    assert verdict["sent"] == verdict["arrived"] == source.report["written"]
    read = 0
    for kind in KINDS:
        books = stream_books(spark, str(warehouse), kind)
        assert len(books) > 1
        assert all(one["read"]["records"] == fates(one) for one in books)
        read += sum(one["read"]["records"] for one in books)
    assert read == source.report["written"]


class Stopped(Exception):
    """What a micro-batch ends with at a named point."""


def stop_at(patch: pytest.MonkeyPatch, wanted: str) -> None:
    """Lets every micro-batch end at a point."""

    def fault(point: str, kind: str = "") -> None:
        if point == wanted:
            raise Stopped(point)

    patch.setattr(_write, "fault", fault)
    patch.setattr(_stream, "fault", fault)


@pytest.mark.once
def test_stopped_at_named_points_and_killed_with_its_spark(
    spark: SparkSession,
    filled: tuple[Source, ...],
    undisturbed: dict[str, Any],
    tmp_path: Path,
) -> None:
    files = settings(filled, tmp_path)
    for point in _fault.STREAM_POINTS:
        with pytest.MonkeyPatch.context() as patch:
            stop_at(patch, point)
            with pytest.raises(SourceError, match="the query died"):
                streamed(spark, files)
    for batches in (2, 4):
        with streaming(*files) as run:
            assert run.stdout is not None
            lines = [run.stdout.readline() for _ in range(batches)]
            assert all(lines), run.communicate()
            killed(run)
    streamed(spark, files)
    for source in filled:
        explained(spark, source, tmp_path / source.name)
        assert held(spark, str(tmp_path / source.name)) == undisturbed[source.name]


def worker(run: subprocess.Popen[str]) -> int | None:
    """The id of a Python worker of a process's Spark."""
    told = subprocess.run(
        ["ps", "-o", "pid=,args=", "-s", str(run.pid)], capture_output=True, text=True, check=True
    )
    found = [line.split()[0] for line in told.stdout.splitlines() if "pyspark.daemon" in line]
    return int(found[-1]) if found else None


def killed_somewhere(chance: random.Random, files: list[Path]) -> bool:
    """Kills a driver with its Spark, or a worker, at some moment; whether it came to that."""
    with streaming(*files) as run:
        assert run.stdout is not None
        lines = [run.stdout.readline() for _ in range(chance.randrange(4))]
        time.sleep(chance.uniform(0, 3))
        if run.poll() is not None:
            return False
        victim = worker(run) if chance.random() < 0.4 else None
        if victim is None:
            killed(run)
        else:
            os.kill(victim, signal.SIGKILL)
            # Its query dies, or Spark starts the task again.
            run.communicate(timeout=300)
        return all(lines)


@pytest.mark.long
def test_fifty_kills(spark: SparkSession, sources: Any, tmp_path: Path) -> None:
    chance = random.Random(6)
    filled = sent(sources, MORE_POSTS)
    want = let_be(spark, filled, tmp_path / "undisturbed")
    kills, rounds = 0, 0
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / str(rounds)
        files = settings(filled, folder)
        while kills < KILLS and killed_somewhere(chance, files):
            kills += 1
        streamed(spark, files)
        for source in filled:
            explained(spark, source, folder / source.name)
            assert held(spark, str(folder / source.name)) == want[source.name], (rounds, kills)
