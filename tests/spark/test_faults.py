"""A run killed at five named points: the next one ends with the tables of an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake import _fault
from support.landing import Landing
from support.session import connect_address
from support.tables import frame, quarantine, silver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Its processes are Connect clients whatever the face of the session.
pytestmark = pytest.mark.once

# The process that dies is a client of a server that goes on, as a notebook is.
RUN = """
import sys
from pyspark.sql import SparkSession
import pinlake
url, warehouse, landing = sys.argv[1:]
spark = SparkSession.builder.remote(url).getOrCreate()
run = pinlake.open_run(spark, warehouse, "geo", landing)
pinlake.write_table(pinlake.clean_landing(spark, "geo", landing, run=run), run=run)
"""


@pytest.fixture
def server(spark: SparkSession) -> str:
    return connect_address(spark)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """Duplicates, a later version, a gap, rejects."""
    made = Landing(tmp_path_factory.mktemp("landing"))
    made.put("geo", 0, [{"ind": n, "country": "Peru"} for n in range(6)])
    made.put("geo", 6, [{"ind": 2, "country": "Chad"}, {"ind": 3, "country": "Peru"}, b"{nope"])
    made.put("geo", 12, [b"", {"ind": 7, "latitude": 91}])
    return made


def attempt(
    server: str, warehouse: str, landing: Landing, point: str = "", seconds: float = 600
) -> int:
    """A run that is killed at a point, or after some seconds."""
    env = {**os.environ, _fault.VARIABLE: point} if point else dict(os.environ)
    words = [sys.executable, "-c", RUN, server, warehouse, landing.url]
    try:
        return subprocess.run(words, env=env, capture_output=True, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL


def written(spark: SparkSession, warehouse: str, landing: Landing) -> pinlake.RunReport:
    run = pinlake.open_run(spark, warehouse, "geo", landing.url)
    return pinlake.write_table(pinlake.clean_landing(spark, "geo", landing.url, run=run), run=run)


def state(spark: SparkSession, warehouse: str) -> dict[str, Any]:
    """All that tables hold, but for times and ids of runs; those by whether they are one run's."""
    rows = {
        ind: {k: v for k, v in row.items() if k not in ("_ingested_at", "_run_id", "_first_run_id")}
        for ind, row in silver(spark, warehouse, "geo").items()
    }
    ids = {r[n] for r in silver(spark, warehouse, "geo").values() for n in ("_run_id",)}
    ids |= {row["_run_id"] for row in frame(spark, warehouse, "quarantine").collect()}
    done = frame(spark, warehouse, "runs").where("state = 'done'").collect()
    assert {row["run_id"] for row in done} == ids
    return {"rows": rows, "quarantine": quarantine(spark, warehouse, "geo"), "runs": len(done)}


def books_of(report: pinlake.RunReport) -> dict[str, Any]:
    books = report.books[0].to_dict()
    for name in ("run_id", "ingested_at", "resumed", "table", "seconds"):
        books.pop(name)
    for gap in books["gaps"]["u1.geo/0"]["gaps"]:
        gap.pop("first_seen")
    return books


def test_killed_anywhere_the_next_run_ends_equal(
    spark: SparkSession, server: str, landing: Landing, tmp_path: Path
) -> None:
    quiet = str(tmp_path / "undisturbed")
    want = books_of(written(spark, quiet, landing))
    held = state(spark, quiet)
    assert (
        *("after-plan", "after-stage", "after-merge", "after-quarantine", "after-books"),
    ) == _fault.POINTS
    for point in _fault.POINTS:
        warehouse = str(tmp_path / point)
        assert attempt(server, warehouse, landing, point) == -signal.SIGKILL, point
        planned = frame(spark, warehouse, "runs").collect()
        assert [row["state"] for row in planned] == ["planned"], point
        report = written(spark, warehouse, landing)
        assert report.books[0].resumed, point
        assert report.books[0].run_id == planned[0]["run_id"], point
        assert books_of(report) == want, point
        assert state(spark, warehouse) == held, point
        assert pinlake.open_run(spark, warehouse, "geo", landing.url).nothing_new, point


@pytest.mark.long
def test_killed_at_any_moment_again_and_again(
    spark: SparkSession, server: str, landing: Landing, tmp_path: Path
) -> None:
    quiet = str(tmp_path / "undisturbed")
    written(spark, quiet, landing)
    held = state(spark, quiet)
    moments = random.Random(7)
    for number in range(3):
        warehouse = str(tmp_path / f"restless-{number}")
        # From before its first commit to behind its last one.
        ends = [
            attempt(server, warehouse, landing, seconds=moments.uniform(1, 12)) for _ in range(6)
        ]
        assert -signal.SIGKILL in ends
        written(spark, warehouse, landing)
        assert state(spark, warehouse) == held, ends
