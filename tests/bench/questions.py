"""The eight questions over many posts: ours against how notebooks usually ask them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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

# As the SQL of `analysis` names them.
VIEWS = {"pin": "pins", "geo": "geo", "user": "users"}

# Spark's percentile_approx with its default accuracy is off by one rank in 10,000 at most.
RANK = 1 / 10_000


@dataclass(frozen=True)
class Wanted:
    """What the answers are held against; asked once, outside of what is timed."""

    medians: Answers
    """Exact medians per post, by SQL over the joined views: groups, median."""
    around: Answers
    """Groups, and the values one rank in 10,000 beside the middle: lower, upper."""
    people: Answers
    """Everything per user, by the SQL of the same name."""


def questions(spark: SparkSession, data: Data, rounds: int) -> list[Figure]:
    """(h): all answers per post against the same asked over three views, and per user."""
    tables = {kind: spark.read.parquet(str(path)) for kind, path in data.tables().items()}
    for kind, table in tables.items():
        table.createOrReplaceTempView(f"{kind}_view")
        table.createOrReplaceTempView(VIEWS[kind])
    posts = joined(*(tables[kind] for kind in KINDS))
    contenders: dict[str, Callable[[], Answers]] = {
        OURS: lambda: _collected(analysis.answers(posts, per="post")),
        NOTEBOOKS: lambda: {name: _rows(ask(spark)) for name, ask in QUESTIONS.items()},
        PEOPLE: lambda: _collected(analysis.answers(posts, per="user")),
    }
    say("  asking for what the answers have to be")
    wanted = _wanted(spark)
    say("  warming up")
    alternate(contenders, 1, check=lambda results: check(results, wanted))
    took = alternate(contenders, rounds, check=lambda results: check(results, wanted))
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


def _wanted(spark: SparkSession) -> Wanted:
    value = "percentile_disc({}) WITHIN GROUP (ORDER BY follower_count)"
    columns = ("percentile(follower_count, 0.5)", *map(value.format, (0.5 - RANK, 0.5 + RANK)))
    found = {name: _rows(spark.sql(median(name, ", ".join(columns)))) for name in MEDIANS}
    return Wanted(
        medians={name: [row[:-2] for row in rows] for name, rows in found.items()},
        around={name: [(*row[:-3], *row[-2:]) for row in rows] for name, rows in found.items()},
        people={name: _rows(spark.sql(_per_user(name))) for name in analysis.QUESTIONS},
    )


def _per_user(name: str) -> str:
    options = {"per": "user"} if "per" in analysis.QUESTIONS[name].options else {}
    return analysis.sql(name, **options)


def check(results: dict[str, Answers], wanted: Wanted) -> None:
    """Counts are equal; of a tie theirs is one of ours; our medians are exact, theirs within their
    stated rank; ours per user are those of the SQL. Raises `Mismatch`."""
    ours, theirs, people = results[OURS], results[NOTEBOOKS], results[PEOPLE]
    for name, rows in theirs.items():
        if name in MEDIANS:
            _same(name, ours[name], wanted.medians[name])
            _near(name, rows, wanted.around[name])
        elif name == "country_of_top_user" or name.startswith("top_"):
            _tied(name, rows, ours[name])
        else:
            _same(name, ours[name], rows)
    for name, rows in wanted.people.items():
        _same(f"{name} per user", people[name], rows)


def _same(name: str, ours: Rows, wanted: Rows) -> None:
    """The same rows in any order."""
    if sorted(ours, key=repr) != sorted(wanted, key=repr):
        odd = sorted(set(ours) ^ set(wanted), key=repr)[:3]
        raise Mismatch(f"{name}: {len(ours)} rows, {len(wanted)} expected; {odd} differ")


def _tied(name: str, theirs: Rows, ours: Rows) -> None:
    """Theirs are among ours, and what ours have beside them shares the count of its group."""
    within = 0 if name == "country_of_top_user" else 1
    greatest = {row[:within]: row[-1] for row in theirs}
    if not set(theirs) <= set(ours):
        raise Mismatch(f"{name}: {sorted(set(theirs) - set(ours), key=repr)[:3]} not among ours")
    odd = [row for row in ours if greatest.get(row[:within]) != row[-1]]
    if odd or len(set(ours)) != len(ours):
        raise Mismatch(f"{name}: {odd[:3]} of ours are no ties, or rows come twice")


def _near(name: str, theirs: Rows, around: Rows) -> None:
    """Theirs lies between the values one rank in 10,000 beside the middle."""
    bounds = {row[:-2]: row[-2:] for row in around}
    if {row[:-1] for row in theirs} != set(bounds):
        raise Mismatch(f"{name}: other groups than ours")
    for *group, about in theirs:
        low, high = bounds[tuple(group)]
        if not low <= about <= high:
            raise Mismatch(f"{name} {group}: {about} is not within {low} and {high}")
