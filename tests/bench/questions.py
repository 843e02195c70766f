"""The eight questions over many posts: ours against how notebooks usually ask them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.data import KINDS, Data
from bench.measure import Figure, Mismatch, alternate, say
from bench.notebook_questions import MEDIANS, QUESTIONS, median
from pinlake import analysis
from pinlake._dedup import posts as joined

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OURS, NOTEBOOKS, PEOPLE = "pinlake", "notebooks", "pinlake, per user"

Rows = list[tuple[Any, ...]]
Answers = dict[str, Rows]

# Spark's percentile_approx with its default accuracy is off by one rank in 10,000 at most.
RANK = 1 / 10_000


def questions(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(h): all answers per post against the same asked over three views, and per user."""
    tables = {kind: spark.read.parquet(str(path)) for kind, path in data.tables().items()}
    for kind, table in tables.items():
        table.createOrReplaceTempView(f"{kind}_view")
    posts = joined(*(tables[kind] for kind in KINDS))
    contenders: dict[str, Callable[[], Answers]] = {
        OURS: lambda: _collected(analysis.answers(posts, per="post")),
        NOTEBOOKS: lambda: {name: _rows(ask(spark)) for name, ask in QUESTIONS.items()},
        PEOPLE: lambda: _collected(analysis.answers(posts, per="user")),
    }
    say("  warming up")
    alternate(contenders, 1, check=lambda results: _check(results, spark))
    took = alternate(contenders, rounds, check=lambda results: _check(results, spark))
    what = f"ten answers over {data.sizes.records:,} posts"
    usual = "three views joined, percentile_approx, row_number"
    return [
        Figure("h", f"{what}, exact", took[OURS], usual, took[NOTEBOOKS], 1),
        Figure("h", f"{what}, per user", took[PEOPLE], usual, took[NOTEBOOKS]),
    ]


def _collected(frames: dict[str, DataFrame]) -> Answers:
    return {name: _rows(frame) for name, frame in frames.items()}


def _rows(frame: DataFrame) -> Rows:
    return [tuple(row) for row in frame.collect()]


def _check(results: dict[str, Answers], spark: SparkSession) -> None:
    """Counts are equal; of a tie theirs is one of ours; a median is within its stated rank."""
    ours, theirs = results[OURS], results[NOTEBOOKS]
    for name, rows in theirs.items():
        if name in MEDIANS:
            _near(name, rows, spark)
        elif name == "country_of_top_user" or name.startswith("top_"):
            if not set(rows) <= set(ours[name]):
                raise Mismatch(f"{name}: {sorted(set(rows) - set(ours[name]), key=repr)[:3]}")
            if (
                len({row[0] for row in rows}) != len({row[0] for row in ours[name]})
                and len(rows) > 1
            ):
                raise Mismatch(f"{name}: {len(rows)} groups, not as many as ours")
        elif sorted(rows) != sorted(ours[name]):
            raise Mismatch(f"{name}: {len(rows)} rows differ from ours")


def _near(name: str, theirs: Rows, spark: SparkSession) -> None:
    """Theirs lies between the values one rank in 10,000 beside the middle."""
    value = "percentile_disc({}) WITHIN GROUP (ORDER BY follower_count)"
    around = f"array({value.format(0.5 - RANK)}, {value.format(0.5 + RANK)})"
    bounds = {row[:-1]: row[-1] for row in _rows(spark.sql(median(name, around)))}
    if {row[:-1] for row in theirs} != set(bounds):
        raise Mismatch(f"{name}: other groups than ours")
    for *group, about in theirs:
        low, high = bounds[tuple(group)]
        if not low <= about <= high:
            raise Mismatch(f"{name} {group}: {about} is not within {low} and {high}")
