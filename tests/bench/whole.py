"""The whole job: landing → three Delta tables, and a run that finds nothing new."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pinlake
from bench import notebook
from bench.data import KINDS, USER_ID, Data
from bench.equal import same_tables
from bench.measure import Figure, Mismatch, alternate, say
from pinlake import config

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OURS = "pinlake"
NOTEBOOKS = "notebooks"


class Job:
    """Both ways of doing the job, each into a warehouse of its own."""

    def __init__(self, spark: SparkSession, landing: Path, folder: Path) -> None:
        self.spark = spark
        self.landing = landing
        self.folder = folder
        self.again: list[float] = []

    def warehouse(self, name: str) -> Path:
        """The folder of its tables, another one each round: Delta remembers paths."""
        return self.folder / f"{name}-{len(self.again)}"

    def pinlake(self) -> None:
        """Plan, read, stage, MERGE, quarantine, books."""
        self._run()

    def notebooks(self) -> None:
        """Glob, infer, clean, overwrite."""
        where = str(self.warehouse(NOTEBOOKS))
        notebook.run(self.spark, str(self.landing), USER_ID, where)

    def check(self, results: dict[str, None]) -> None:
        """Compares the tables, runs once more with nothing new, and clears the way."""
        for kind in KINDS:
            name = notebook.TABLES[kind]
            frames = {
                who: self.spark.read.format("delta").load(str(self.warehouse(who) / name))
                for who in results
            }
            both = frames[NOTEBOOKS].columns
            same_tables({who: frame.select(*both).toArrow() for who, frame in frames.items()})
        began = time.perf_counter()
        read = self._run()
        took = time.perf_counter() - began
        if read:
            raise Mismatch(f"the second run read {read:,} records again")
        for who in results:
            shutil.rmtree(self.warehouse(who))
        self.again.append(took)

    def _run(self) -> int:
        settings = config.load(landing=str(self.landing), warehouse=str(self.warehouse(OURS)))
        report = pinlake.run_batch(self.spark, settings)
        return sum(books.read.records for books in report.books)


def whole(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(e) and (f), after a small landing has warmed both up."""
    say("  warming up")
    small = Job(spark, warm_landing(data), data.folder / "warm")
    # Twice: a JVM compiles most of either job only then.
    alternate({OURS: small.pinlake, NOTEBOOKS: small.notebooks}, 2, check=small.check)
    job = Job(spark, data.landing(), data.folder / "whole")
    took = alternate({OURS: job.pinlake, NOTEBOOKS: job.notebooks}, rounds, check=job.check)
    objects = f"3 × {data.sizes.posts:,} objects"
    first = f"first run over {objects}"
    return [
        Figure("e", f"run over {objects} with nothing new", job.again, first, took[OURS]),
        Figure("f", f"{objects} → three tables", took[OURS], "usual notebooks", took[NOTEBOOKS], 3),
    ]


def warm_landing(data: Data) -> Path:
    """The first objects of the landing."""
    folder = data.folder / "landing-to-warm-up"
    for kind in KINDS:
        part = Path("topics", f"{USER_ID}.{kind}", "partition=0")
        (folder / part).mkdir(parents=True)
        for path in sorted((data.landing() / part).iterdir())[:500]:
            shutil.copy(path, folder / part)
    return folder
