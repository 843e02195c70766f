"""Runs: what is planned, by whom, and what was read; kept in the warehouse's table `runs`.

A run of a kind over a landing is a row `planned` and, at the end, a row `done`. Both are appended
under Delta's transaction id `pinlake/<kind>/<landing>` with versions 2n and 2n+1, which makes each
append a compare-and-set: of several processes exactly one plans run n. Who comes second, and who
finds a plan without `done` (its process died, or is still at work), takes that plan over with its
run id and ingestion time: every step of a write gives the same result whoever does it, and how
often. Only a `done` row moves the marks.

Formats: `plan`, `books` and `marks` are JSON with a version inside, and the row's `format` says
what release may read it; a later one is refused.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pinlake import _core, _tables
from pinlake._fault import fault
from pinlake._kinds import Kind
from pinlake._spark import doing, is_lost, one_row, quoted, retried, row
from pinlake._stamp import Stamp
from pinlake._tables import Warehouse
from pinlake.errors import SinkError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Format of the rows of `runs`; rows of a greater one are refused.
RUN_FORMAT = 1

GAP_PATIENCE = 24 * 3600.0

_PLAN_ATTEMPTS = 8


@dataclass(frozen=True)
class Run:
    """A run: what it reads and what its rows are stamped with. Made by `open_run`."""

    kind: Kind
    landing: str
    warehouse: Warehouse
    n: int | None
    """Its number; None where nothing is new: such a run leaves no trace."""
    stamp: Stamp
    landing_plan: str
    """What it reads: the core's plan, JSON."""
    nonce: str = ""
    marks: str | None = None
    """What was read before, JSON."""
    resumed: bool = False
    """Whether the plan was taken over from a process that did not finish, or has not yet."""
    gap_patience: float = GAP_PATIENCE
    runs_id: str = ""

    @property
    def id(self) -> str:
        """The run id: `_run_id` of the rows it writes."""
        return self.stamp.run_id

    @property
    def ingested_at(self) -> int:
        """Ingestion time in µs since 1970 UTC: `_ingested_at` of the rows it writes."""
        return self.stamp.ingested_at

    @property
    def objects(self) -> int:
        """How many objects or files it reads."""
        return int(self._plan["objects"])

    @property
    def epoch(self) -> int:
        """Epoch of the landing."""
        return int(self._plan.get("epoch", 0))

    @property
    def layout(self) -> str:
        """`log` (partitions with offsets) or `files`."""
        return str(self._plan.get("layout", ""))

    @property
    def skipped(self) -> list[dict[str, str]]:
        """Names that are passed over, and why."""
        return list(self._plan.get("skipped", ()))

    @property
    def nothing_new(self) -> bool:
        """Whether there is nothing to read and no mark to move."""
        return self.n is None

    @property
    def app(self) -> str:
        """The transaction id of its rows in `runs`."""
        return _app(self.kind, self.landing)

    @property
    def _plan(self) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(self.landing_plan)
        return plan


def open_run(
    spark: SparkSession,
    warehouse: str | Warehouse,
    kind: str | Kind,
    landing: str,
    *,
    full: bool = False,
    epoch: int = 0,
    gap_patience: float = GAP_PATIENCE,
    options: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> Run:
    """Plans what is new in a landing, or takes over a plan that was not finished.

    `warehouse` is a folder or `catalog.schema`; its table `runs` is made if it is not there.
    `full` lists and reads everything again; it also supersedes an unfinished plan, so it is the
    way out if a plan can no longer be read. `epoch` is raised by one when a topic or a landing
    was made anew. `gap_patience` (seconds): how long offsets that no object holds are waited for.
    With `dry_run` nothing is written, and the run can be looked at, not written.

    Raises `SourceError` if the landing cannot be listed or was made anew, `FileNotFoundError` for
    a folder that is not there, `SinkError` if `runs` was written by a later release or lost rows,
    `ConfigError` for an unknown kind, or an epoch below the one in use.
    """
    kind, warehouse = Kind.of(kind), Warehouse.of(warehouse)
    options = dict(options or {}) or None

    @lru_cache(maxsize=1)
    def plan_of(marks: str | None) -> str:
        return _core.plan_landing(
            kind.plan, landing, marks=marks, full=full, epoch=epoch, options=options
        )

    key = landing_key(landing)
    if dry_run:
        return _looked_at(spark, warehouse, kind, key, plan_of, full)
    # A landing that cannot be read must not leave a warehouse behind.
    runs_id = _tables.ensure_runs(spark, warehouse, first=lambda: plan_of(None))
    for _ in range(_PLAN_ATTEMPTS):
        state = _State.of(spark, warehouse, kind, key)
        # A plan that nobody finished comes first, unless everything is to be read anyway.
        run = None if full or state.epoch not in (None, epoch) else state.unfinished
        if run is None:
            run = _new(state, kind, key, warehouse, plan_of(state.marks), gap_patience)
            if run.n is not None and not _registered(spark, run):
                continue
        return replace(run, gap_patience=gap_patience, runs_id=runs_id)
    raise SinkError(
        f"{warehouse.runs}: a plan for {kind.name} over {key} does not stay; if rows were deleted "
        f"from this table, name another warehouse or restore it (RESTORE TABLE)"
    )


def _looked_at(
    spark: SparkSession,
    warehouse: Warehouse,
    kind: Kind,
    key: str,
    plan_of: Callable[[str | None], str],
    full: bool,
) -> Run:
    """What a run would do; nothing is written."""
    there = _tables.describe(spark, warehouse.runs) is not None
    state = _State.of(spark, warehouse, kind, key) if there else _State()
    if state.unfinished is not None and not full:
        return replace(state.unfinished, n=None)
    stamp = Stamp.now(kind.name)
    return Run(kind, key, warehouse, None, stamp, plan_of(state.marks), marks=state.marks)


def _registered(spark: SparkSession, run: Run) -> bool:
    """Whether this process is the one that planned the run."""
    assert run.n is not None
    plan = json.dumps({"version": 1, "landing": json.loads(run.landing_plan)})
    _append_keyed(_event(spark, run, "planned", plan=plan), run, 2 * run.n)
    planned = _State.of(spark, run.warehouse, run.kind, run.landing).planned
    if planned is None or planned["nonce"] != run.nonce:
        return False
    fault("after-plan", run.kind.name)
    return True


def landing_key(url: str) -> str:
    """A landing as `runs` names it: one text for one place."""
    return _core.landing_url(url)


def _app(kind: Kind, landing: str) -> str:
    return f"pinlake/{kind.name}/{landing}"


def _new(
    state: _State, kind: Kind, key: str, warehouse: Warehouse, plan: str, gap_patience: float
) -> Run:
    stamp = Stamp.now(kind.name)
    run = Run(kind, key, warehouse, None, stamp, plan, secrets.token_hex(8), state.marks)
    if run.objects == 0 and not _marks_move(run, gap_patience):
        return run
    return replace(run, n=state.last + 1)


def _marks_move(run: Run, gap_patience: float) -> bool:
    """Whether marks change though nothing is read: gaps that were waited for long enough."""
    if run.marks is None:
        return False
    marks, _ = advanced(run, [], gap_patience)
    before = json.loads(run.marks)
    return bool(json.loads(marks)["parts"] != before["parts"])


def advanced(
    run: Run, extents: list[tuple[str, str, int, int]], gap_patience: float | None = None
) -> tuple[str, dict[str, Any]]:
    """Marks behind a run, and what became of gaps."""
    patience = run.gap_patience if gap_patience is None else gap_patience
    marks, report = _core.advance_marks(
        run.marks, run.landing_plan, extents, now=run.ingested_at, gap_patience=patience
    )
    return marks, json.loads(report)


def append_done(spark: SparkSession, run: Run, *, books: str, marks: str | None) -> None:
    """The end of a run: its books, and the marks move. Loses to another process in silence: that
    one has written the same."""
    frame = _event(spark, run, "done", books=books, marks=marks)
    if run.n is None:
        retried(lambda: _save(frame, run.warehouse), "book the run")
    else:
        _append_keyed(frame, run, 2 * run.n + 1)


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


def _append_keyed(frame: DataFrame, run: Run, version: int) -> None:
    """Appends once: a repeated or lower version is skipped by Delta, a simultaneous one fails."""

    def append() -> None:
        try:
            _save(frame, run.warehouse, txnAppId=run.app, txnVersion=str(version))
        except Exception as error:
            if not is_lost(error):
                raise

    doing("write the table of runs", lambda: retried(append, "write the table of runs"))


def _save(frame: DataFrame, warehouse: Warehouse, **options: str) -> None:
    writer = frame.write.format("delta").mode("append").options(**options)
    _tables.save(writer, warehouse.runs)


@dataclass(frozen=True)
class _State:
    """What `runs` says about a kind and a landing."""

    last: int = 0
    planned: dict[str, Any] | None = None
    done_n: int = 0
    marks: str | None = None
    run: Run | None = None

    @classmethod
    def of(cls, spark: SparkSession, warehouse: Warehouse, kind: Kind, landing: str) -> _State:
        texts = {"kind": quoted(kind.name), "landing": quoted(landing)}
        found = row(spark.sql(_STATE.format(runs=warehouse.runs, **texts)))
        newest = found.get("format")
        if newest is not None and newest > RUN_FORMAT:
            raise SinkError(
                f"{warehouse.runs}: holds runs of format {newest}, this release knows up to "
                f"{RUN_FORMAT}; upgrade pinlake"
            )
        planned, done = found.get("planned"), found.get("done")
        done_n = 0 if done is None else int(done["n"])
        last = max(done_n, 0 if planned is None else int(planned["n"]))
        with_files = [entry["marks"] for entry in found.get("files") or ()]
        marks = None if done is None else done["marks"]
        if marks is not None and with_files:
            marks = _core.merge_marks([*with_files, marks])
        state = cls(last, planned, done_n, marks)
        if planned is None:
            return state
        return replace(state, run=_taken_over(planned, kind, landing, warehouse, marks))

    @property
    def unfinished(self) -> Run | None:
        """The plan that has no `done` yet."""
        return self.run if self.run is not None and self.last > self.done_n else None

    @property
    def epoch(self) -> int | None:
        """Epoch of the unfinished plan."""
        return None if self.unfinished is None else self.unfinished.epoch


# One row, one job: the newest plan, the newest done, and every done row that names files.
_STATE = """
SELECT max(format) format,
  max_by(struct(n, nonce, run_id, unix_micros(ingested_at) at, plan), n)
    FILTER (WHERE state = 'planned') planned,
  max_by(struct(n, marks), n) FILTER (WHERE state = 'done') done,
  sort_array(collect_list(struct(n, marks))
    FILTER (WHERE state = 'done' AND marks LIKE '%"files":[[%')) files
FROM {runs} WHERE kind = {kind} AND landing = {landing} AND n IS NOT NULL
"""


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
