"""From a warehouse's tables to what a report shows.

Every query is small in what it gives back, and few are asked: those that need nothing of each
other run side by side.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pinlake import _tables, analysis
from pinlake._core import __version__
from pinlake._kinds import Kind
from pinlake._report.data import Data, Grid, Table
from pinlake._spark import doing, quoted
from pinlake._tables import Warehouse
from pinlake.errors import SourceError, mask

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What is kept of each part; a page is read by people.
ROWS = 1_000
RUNS = 150
CELLS = 2_000
MONTHS = 600
SAMPLES = 5
PAYLOAD_BYTES = 400
TEXT = 300
# So many posts are brought here once and asked as a frame of their own: the join of three tables
# is then done once, not for each question.
LOCAL_POSTS = 50_000

# Queries at once.
_BESIDE = 4
# What share of the work the first queries are: those of single tables.
_FIRST = 0.4
_QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}

Watch = Callable[[int, float], None]


def collect(
    spark: SparkSession,
    warehouse: str | Warehouse,
    *,
    kinds: Iterable[str | Kind] = ("pin", "geo", "user"),
    progress: Watch | None = None,
) -> Data:
    """Reads what a report shows. Raises `SourceError` if the warehouse holds no table."""
    house = Warehouse.of(warehouse)
    desk = _Desk(spark, house, tuple(map(Kind.of, kinds)))
    return doing(f"report on {house.root}", lambda: desk.collected(progress))


@dataclass(frozen=True)
class _Desk:
    spark: SparkSession
    house: Warehouse
    kinds: tuple[Kind, ...]

    def collected(self, progress: Watch | None) -> Data:
        asked = {kind.name: self.house.silver(kind) for kind in self.kinds}
        asked.update(quarantine=self.house.quarantine, runs=self.house.runs)
        there = _beside({name: self._looking(table) for name, table in asked.items()})
        if not any(there.values()):
            raise SourceError(
                f"{self.house.root}: holds no table of pinlake; make them with pinlake run"
            )
        silver = {kind: asked[kind.name] for kind in self.kinds if there[kind.name]}
        steps: dict[str, Callable[[], Any]] = {}
        if silver:
            steps["tables"] = lambda: self._counts(silver)
            steps["errors"] = lambda: _errors(self._grid(_ERRORS, self._bad_fields(silver)))
        if there["runs"]:
            steps["runs"] = lambda: _runs(self._grid(_RUNS, self.house.runs, limit=RUNS))
            steps["landings"] = lambda: self._grid(_LANDINGS, self.house.runs)
        if there["quarantine"]:
            steps["samples"] = lambda: self._grid(_SAMPLES, self.house.quarantine, limit=None)
        names = {kind.name for kind in silver}
        of_posts = {"pin", "geo", "user"} <= names
        if of_posts:
            steps["posts"] = lambda: self._posts(silver)
        elif "geo" in names:
            steps["posts"] = lambda: self.spark.table(asked["geo"])
        found = _beside(steps, progress, until=_FIRST)
        posts = found.pop("posts", None)
        if posts is not None:
            more = {**_places(posts, of_posts), **(_answers(posts) if of_posts else {})}
            found.update(_beside(more, progress, done=len(steps), since=_FIRST))
        return self._data(found, silver, of_posts, [n for n in asked if not there[n]])

    def _data(
        self,
        found: dict[str, Any],
        silver: dict[Kind, str],
        of_posts: bool,
        missing: list[str],
    ) -> Data:
        counts = found.get("tables", {})
        plain = {kind.name: self.house.names.get(kind.name, kind.table) for kind in self.kinds}
        answers: dict[str, dict[str, Grid]] = {}
        spread: dict[str, Grid] = {}
        for name, value in found.items():
            part, _, rest = name.partition(" ")
            question, _, per = rest.partition(" ")
            if part == "answer":
                answers.setdefault(question, {})[per] = value
            elif part == "spread":
                spread[question] = value
        samples = found.get("samples")
        return Data(
            warehouse=mask(self.house.root),
            made_at=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S"),
            version=__version__,
            tables=tuple(
                Table(plain[k.name], k.name, *counts.get(k.name, (None, 0))) for k in self.kinds
            ),
            answers=answers or None,
            totals=found.get("totals"),
            of_posts=of_posts,
            cells=found.get("cells"),
            months=found.get("months"),
            spread=spread or None,
            runs=found.get("runs"),
            landings=found.get("landings"),
            quarantine=None if samples is None else _codes(samples),
            samples=samples,
            errors=found.get("errors"),
            missing=tuple(plain.get(name, self.house.names.get(name, name)) for name in missing),
        )

    def _looking(self, table: str) -> Callable[[], bool]:
        return lambda: _tables.exists(self.spark, table)

    def _grid(self, sql: str, source: str, *, limit: int | None = ROWS) -> Grid:
        return grid(self.spark.sql(sql.format(source=source)), limit=limit)

    def _counts(self, silver: dict[Kind, str]) -> dict[str, tuple[int, int]]:
        parts = (
            f"SELECT {quoted(kind.name)} AS kind, count(*) AS records, "
            f"count_if(size(_errors) > 0) AS flawed FROM {table}"
            for kind, table in silver.items()
        )
        rows = self.spark.sql(" UNION ALL ".join(parts)).collect()
        return {row["kind"]: (row["records"], row["flawed"]) for row in rows}

    def _bad_fields(self, silver: dict[Kind, str]) -> str:
        return " UNION ALL ".join(
            f"SELECT {quoted(kind.name)} AS kind, e.column, e.code, left(e.value, {TEXT}) AS value "
            f"FROM {table} LATERAL VIEW explode(_errors) AS e"
            for kind, table in silver.items()
        )

    def _posts(self, silver: dict[Kind, str]) -> DataFrame:
        """The posts; a frame of their own if they are few."""
        frames = {kind.name: self.spark.table(table) for kind, table in silver.items()}
        from pinlake._dedup import posts

        joined = posts(frames["pin"], frames["geo"], frames["user"]).select(*_USED)
        # Before Spark 4.0 frames do not come and go as Arrow tables.
        if not hasattr(joined, "toArrow"):
            return joined
        first = joined.limit(LOCAL_POSTS + 1).toArrow()
        if first.num_rows > LOCAL_POSTS:
            return joined
        return self.spark.createDataFrame(first, joined.schema)


_USED = (
    *("ind", "category", "poster_name", "follower_count", "country", "timestamp"),
    *("user_name", "age", "date_joined", "coordinates"),
)


def _beside(
    steps: dict[str, Callable[[], Any]],
    progress: Watch | None = None,
    *,
    done: int = 0,
    since: float = 0.0,
    until: float = 1.0,
) -> dict[str, Any]:
    """The results of steps by name, some at once, in the order of `steps`.

    `done` steps and the share `since` of the work were done before; `until` are after.
    """
    with ThreadPoolExecutor(_BESIDE, thread_name_prefix="pinlake-report") as pool:
        asked = {pool.submit(step): name for name, step in steps.items()}
        try:
            for number, ended in enumerate(as_completed(asked), 1):
                ended.result()
                if progress is not None:
                    progress(done + number, since + (until - since) * number / len(asked))
        except BaseException:
            for left in asked:
                left.cancel()
            raise
    return {name: future.result() for future, name in asked.items()}


def grid(frame: DataFrame, *, limit: int | None = ROWS) -> Grid:
    """The first rows of a frame."""
    rows = (frame if limit is None else frame.limit(limit + 1)).collect()
    kept = rows if limit is None else rows[:limit]
    return Grid(tuple(frame.columns), tuple(map(tuple, kept)), len(rows) > len(kept))


def _short(frame: DataFrame) -> DataFrame:
    """The same with only the beginnings of texts: a country may be as long as a record."""
    from pyspark.sql import functions as F

    cut = [
        F.substring(name, 1, TEXT).alias(name) if kind == "string" else F.col(name)
        for name, kind in frame.dtypes
    ]
    return frame.select(*cut)


def _answers(posts: DataFrame) -> dict[str, Callable[[], Grid]]:
    """A step a question and what counts once."""
    steps: dict[str, Callable[[], Grid]] = {}
    for question in analysis.QUESTIONS.values():
        for per in analysis.PER if "per" in question.options else ("",):
            options = {"per": per} if per else {}

            def step(answer: Any = question.answer, options: dict[str, str] = options) -> Grid:
                return grid(_short(answer(posts, **options)))

            steps[f"answer {question.name} {per}"] = step
    for per in analysis.PER:
        steps[f"spread {per}"] = lambda per=per: grid(_spread(posts, per))  # type: ignore[misc]
    return steps


def _spread(posts: DataFrame, per: str) -> DataFrame:
    """How follower counts are spread within each age group."""
    from pyspark.sql import functions as F

    shares = ", ".join(map(str, _QUANTILES.values()))
    counted = analysis.followers_by_age_group(posts, per=per)
    found = counted.groupBy("age_group").agg(
        F.count("*").alias("number"),
        F.expr(f"percentile(follower_count, array({shares}))").alias("q"),
    )
    quantiles = [F.col("q")[at].alias(name) for at, name in enumerate(_QUANTILES)]
    return found.select("age_group", "number", *quantiles).orderBy("age_group")


def _places(posts: DataFrame, of_posts: bool) -> dict[str, Callable[[], Any]]:
    """Where and when, of posts or of the records of geo alone."""
    from pyspark.sql import functions as F

    # The pole and the date line belong to the last cell.
    corner = [
        F.least(F.floor(F.col("coordinates")[at]), F.lit(last)).cast("int").alias(name)
        for at, last, name in ((0, 89, "latitude"), (1, 179, "longitude"))
    ]
    cells = (
        posts.where("coordinates IS NOT NULL")
        .select(*corner, "country")
        .groupBy("latitude", "longitude")
        .agg(
            F.count("*").alias("posts"),
            F.min("country").alias("country"),
            F.count_distinct("country").alias("countries"),
        )
        .orderBy(F.desc("posts"), "latitude", "longitude")
    )
    months = (
        posts.where("timestamp IS NOT NULL")
        .groupBy(F.date_format("timestamp", "yyyy-MM").alias("month"))
        .agg(F.count("*").alias("posts"))
        .orderBy(F.desc("month"))
    )
    people = F.count_distinct(F.struct(*analysis.PERSON)) if of_posts else F.lit(None)
    totals = posts.agg(
        F.count("*").alias("posts"),
        people.alias("people"),
        F.count_distinct("country").alias("countries"),
        F.count("coordinates").alias("placed"),
        F.count("timestamp").alias("dated"),
        F.min("timestamp").cast("string").alias("first"),
        F.max("timestamp").cast("string").alias("last"),
    )
    return {
        "cells": lambda: grid(_short(cells), limit=CELLS),
        "months": lambda: grid(months, limit=MONTHS),
        "totals": lambda: totals.collect()[0].asDict(),
    }


def _runs(found: Grid) -> Grid:
    """The same with the books read."""
    *names, last = found.columns
    rows = tuple((*row[:-1], json.loads(row[-1] or "{}")) for row in found.rows)
    return Grid((*names, last), rows, found.more)


def _codes(samples: Grid) -> Grid:
    """The counts that stand beside each sample, once."""
    counts = {
        (row["kind"], row["code"]): (row["records"], row["replayed"]) for row in samples.dicts()
    }
    rows = tuple((*key, *numbers) for key, numbers in counts.items())
    return Grid(("kind", "code", "records", "replayed"), rows)


def _errors(found: Grid) -> Grid:
    """A row a column and code, with its commonest values."""
    held: dict[tuple[Any, ...], list[tuple[Any, int]]] = {}
    for kind, column, code, number, value, times in found.rows:
        held.setdefault((kind, column, code, number), []).append((value, times))
    rows = tuple((*key, tuple(values)) for key, values in held.items())
    return Grid(("kind", "column", "code", "number", "samples"), rows, found.more)


# A run that failed and was done again keeps its id: what was done counts.
_RUNS = """
SELECT kind, n, state, unix_micros(ingested_at) AS at, landing, books FROM (
  SELECT *, bool_or(state = 'done') OVER (PARTITION BY kind, landing, run_id) AS redone
  FROM {source} WHERE state IN ('done', 'failed'))
WHERE state = 'done' OR NOT redone ORDER BY ingested_at DESC, kind, state
"""

# A plan is unfinished if nothing was booked since.
_LANDINGS = """
SELECT kind, landing, CAST(count_if(done) AS INT) AS done,
  CAST(count_if(failed AND NOT done) AS INT) AS failed,
  coalesce(max(planned), 0) > coalesce(max(ended), 0) AS unfinished
FROM (SELECT kind, landing, bool_or(state = 'done') AS done, bool_or(state = 'failed') AS failed,
    max(IF(state = 'planned', n, NULL)) AS planned, max(IF(state = 'done', n, NULL)) AS ended
  FROM {source} GROUP BY kind, landing, run_id)
GROUP BY kind, landing ORDER BY kind, landing
"""

_SAMPLES = f"""
SELECT kind, code, records, replayed, left(detail, {TEXT}) AS detail,
  concat_ws(' ', place.name, NULLIF(place.part, ''), place.seq, CAST(place.item AS STRING))
    AS position, bytes, payload
FROM (
  SELECT *, count(*) OVER (PARTITION BY kind, code) AS records,
    count(replay) OVER (PARTITION BY kind, code) AS replayed,
    row_number() OVER (PARTITION BY kind, code ORDER BY place, bytes, payload) AS nth
  FROM (
    SELECT kind, code, detail, _source AS place, _replayed_run_id AS replay,
      length(payload) AS bytes, substring(payload, 1, {PAYLOAD_BYTES}) AS payload
    FROM {{source}}))
WHERE nth <= {SAMPLES} ORDER BY records DESC, kind, code, nth
"""

_ERRORS = f"""
SELECT kind, column, code, number, value, times FROM (
  SELECT *, sum(times) OVER (PARTITION BY kind, column, code) AS number,
    row_number() OVER (PARTITION BY kind, column, code ORDER BY times DESC, value) AS nth
  FROM (SELECT kind, column, code, value, count(*) AS times FROM ({{source}})
    GROUP BY kind, column, code, value))
WHERE nth <= {SAMPLES} ORDER BY number DESC, kind, column, code, nth
"""
