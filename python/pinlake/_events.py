"""The rows of the table `runs`: how they are appended and what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pinlake import _core, _tables
from pinlake._kinds import Kind
from pinlake._run import Run
from pinlake._spark import doing, is_lost, one_row, quoted, retried
from pinlake._stamp import Stamp
from pinlake._tables import Warehouse
from pinlake.errors import SinkError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Format of the rows of `runs`; rows of a greater one are refused.
RUN_FORMAT = 1


def append_planned(spark: SparkSession, run: Run) -> None:
    """The plan of a run. Loses to another process in silence: `mine` says who was first."""
    assert run.n is not None
    plan = json.dumps({"version": 1, "landing": json.loads(run.landing_plan)})
    _append_keyed(_event(spark, run, "planned", plan=plan), run, 2 * run.n)


def mine(spark: SparkSession, runs: list[Run]) -> set[str]:
    """The nonces of those runs whose plan stands in the table."""
    any_of = " OR ".join(f"(kind = {quoted(r.kind.name)} AND n = {r.n})" for r in runs)
    sql = (
        f"SELECT nonce FROM {runs[0].warehouse.runs} WHERE state = 'planned' "
        f"AND landing = {quoted(runs[0].landing)} AND ({any_of})"
    )
    return {row["nonce"] for row in spark.sql(sql).collect()}


def append_done(spark: SparkSession, run: Run, *, books: str, marks: str | None) -> None:
    """The end of a run: its books, and the marks move. Loses to another process in silence: that
    one has written the same."""
    frame = _event(spark, run, "done", books=books, marks=marks)
    if run.n is None:
        retried(lambda: _save(frame, run.warehouse), "book the run")
    else:
        _append_keyed(frame, run, 2 * run.n + 1)


def append_replacing(spark: SparkSession, run: Run, conflicts: int) -> None:
    """What a run's MERGE is about to replace; the first to say so has seen the table before it."""
    frame = _event(spark, run, "replacing", books=json.dumps({"conflicts": conflicts}))
    _append_keyed(frame, run, run.n or 0, app=f"{run.app}/replacing")


def replacing(spark: SparkSession, run: Run) -> int:
    """What `append_replacing` said of a run; 0 if nothing."""
    if run.n is None:
        return 0
    sql = (
        f"SELECT books FROM {run.warehouse.runs} WHERE kind = {quoted(run.kind.name)} "
        f"AND landing = {quoted(run.landing)} AND n = {run.n} AND state = 'replacing'"
    )
    return max(
        (int(json.loads(row[0])["conflicts"]) for row in spark.sql(sql).collect()), default=0
    )


def append_failed(spark: SparkSession, run: Run, *, books: str) -> None:
    """Books that do not balance: kept to be looked at; no mark moves."""
    frame = _event(spark, run, "failed", books=books)
    retried(lambda: _save(frame, run.warehouse), "book the run")


def _event(
    spark: SparkSession,
    run: Run,
    state: str,
    *,
    plan: str | None = None,
    books: str | None = None,
    marks: str | None = None,
) -> DataFrame:
    return one_row(
        spark,
        _tables.RUNS_DDL,
        n=run.n,
        kind=run.kind.name,
        landing=run.landing,
        state=state,
        nonce=run.nonce,
        run_id=run.id,
        ingested_at=run.ingested_at,
        format=RUN_FORMAT,
        plan=plan,
        books=books,
        marks=marks,
    )


def _append_keyed(frame: DataFrame, run: Run, version: int, app: str | None = None) -> None:
    """Appends once: a repeated or lower version is skipped by Delta, a simultaneous one fails."""
    keys = {"txnAppId": app or run.app, "txnVersion": str(version)}

    def append() -> None:
        try:
            _save(frame, run.warehouse, **keys)
        except Exception as error:
            if not is_lost(error):
                raise

    doing("write the table of runs", lambda: retried(append, "write the table of runs"))


def _save(frame: DataFrame, warehouse: Warehouse, **options: str) -> None:
    writer = frame.write.format("delta").mode("append").options(**options)
    _tables.save(writer, warehouse.runs)


@dataclass(frozen=True)
class State:
    """What `runs` says about a kind and a landing."""

    last: int = 0
    """Greatest number of a run."""
    marks: str | None = None
    """What was read up to the last `done`."""
    unfinished: Run | None = None
    """The plan that has no `done` yet."""


def states(
    spark: SparkSession, warehouse: Warehouse, kinds: Iterable[Kind], landing: str
) -> dict[str, State]:
    """What `runs` says about kinds and a landing, by the kinds' names; one query as a rule."""
    kinds = list(kinds)
    events = _newest(spark, warehouse, kinds, landing)
    found = {}
    for kind in kinds:
        own = [event for event in events if event["kind"] == kind.name]
        # Runs of other kinds may be all that the newest rows are of.
        if len(events) == _EVENTS * len(kinds) and not _settled(own):
            own = _newest(spark, warehouse, [kind], landing)
        found[kind.name] = _state(spark, warehouse, kind, landing, own)
    return found


def _settled(events: list[dict[str, Any]]) -> bool:
    return any(event["state"] == "done" for event in events)


def _state(
    spark: SparkSession, warehouse: Warehouse, kind: Kind, landing: str, own: list[dict[str, Any]]
) -> State:
    planned = next((event for event in own if event["state"] == "planned"), None)
    done = next((event for event in own if event["state"] == "done"), None)
    if done is None and len(own) >= _EVENTS:
        done = next(iter(_done(spark, warehouse, kind, landing)), None)
    marks = None if done is None else done["marks"]
    if marks is not None and json.loads(marks).get("files"):
        # A run's own files: joined with those of the runs before.
        rows = _done(spark, warehouse, kind, landing)
        marks = _core.merge_marks([row["marks"] for row in reversed(rows) if row["marks"]])
    done_n = 0 if done is None else int(done["n"])
    last = max(done_n, 0 if planned is None else int(planned["n"]))
    if planned is None or last == done_n:
        return State(last, marks)
    return State(last, marks, _taken_over(planned, kind, landing, warehouse, marks))


# Two rows a run; a run that was superseded has one. More are looked at only if no `done` is among
# them.
_EVENTS = 8


def _newest(
    spark: SparkSession, warehouse: Warehouse, kinds: list[Kind], landing: str
) -> list[dict[str, Any]]:
    names = ", ".join(quoted(kind.name) for kind in kinds)
    return _events(
        spark,
        warehouse,
        f"SELECT kind, n, state, nonce, run_id, unix_micros(ingested_at) AS at, format, plan, "
        f"marks FROM {warehouse.runs} WHERE landing = {quoted(landing)} AND kind IN ({names}) "
        f"AND state IN ('planned', 'done') AND n IS NOT NULL "
        f"ORDER BY n DESC LIMIT {_EVENTS * len(kinds)}",
    )


def _done(
    spark: SparkSession, warehouse: Warehouse, kind: Kind, landing: str
) -> list[dict[str, Any]]:
    return _events(
        spark,
        warehouse,
        f"SELECT n, format, marks FROM {warehouse.runs} WHERE landing = {quoted(landing)} "
        f"AND kind = {quoted(kind.name)} AND state = 'done' AND n IS NOT NULL ORDER BY n DESC",
    )


def _events(spark: SparkSession, warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    events = [row.asDict() for row in spark.sql(sql).collect()]
    newest = max((event["format"] for event in events), default=0)
    if newest > RUN_FORMAT:
        raise SinkError(
            f"{warehouse.runs}: holds runs of format {newest}, this release knows up to "
            f"{RUN_FORMAT}; upgrade pinlake"
        )
    return events


def _taken_over(
    planned: dict[str, Any], kind: Kind, landing: str, warehouse: Warehouse, marks: str | None
) -> Run:
    plan = json.loads(planned["plan"])
    if plan.get("version") != 1:
        raise SinkError(
            f"{warehouse.runs}: run {planned['n']} of {kind.name} has a plan of version "
            f"{plan.get('version')}, this release reads version 1"
        )
    return Run(
        kind,
        landing,
        warehouse,
        int(planned["n"]),
        Stamp(planned["run_id"], int(planned["at"])),
        json.dumps(plan["landing"]),
        planned["nonce"],
        marks,
        resumed=True,
    )
