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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pinlake import _core, _tables
from pinlake._events import State, append_planned, mine, states
from pinlake._fault import fault
from pinlake._kinds import Kind
from pinlake._run import GAP_PATIENCE, Run, advanced, landing_key
from pinlake._stamp import Stamp
from pinlake._tables import Warehouse
from pinlake.errors import SinkError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Run", "open_run", "open_runs"]

_PLAN_ATTEMPTS = 8


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

    >>> open_run(spark, warehouse, "geo", landing, dry_run=True).objects
    1

    Raises `SourceError` if the landing cannot be listed or was made anew, `FileNotFoundError` for
    a folder that is not there, `SinkError` if `runs` was written by a later release or lost rows,
    `ConfigError` for an unknown kind, or an epoch below the one in use.
    """
    opened = open_runs(
        spark,
        warehouse,
        [kind],
        landing,
        full=full,
        epoch=epoch,
        gap_patience=gap_patience,
        options=options,
        dry_run=dry_run,
    )[0]
    if isinstance(opened, Exception):
        raise opened
    return opened


def open_runs(
    spark: SparkSession,
    warehouse: str | Warehouse,
    kinds: Sequence[str | Kind],
    landing: str,
    *,
    full: bool = False,
    epoch: int = 0,
    gap_patience: float = GAP_PATIENCE,
    options: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> list[Run | Exception]:
    """`open_run` for several kinds, with one look at `runs` for all of them.

    In the order of `kinds`: a run, or the exception why a kind has none. Raises what concerns all
    of them: a warehouse, a kind or a URL that cannot be used.
    """
    desk = _Desk(
        spark,
        Warehouse.of(warehouse),
        landing,
        landing_key(landing),
        full,
        epoch,
        gap_patience,
        dict(options or {}) or None,
    )
    plans = [Kind.of(kind) for kind in kinds]
    opened = desk.looked_at(plans) if dry_run else desk.opened(plans)
    return [opened[kind.name] for kind in plans]


@dataclass(frozen=True)
class _Desk:
    """What `open_runs` was asked."""

    spark: SparkSession
    warehouse: Warehouse
    landing: str
    key: str
    full: bool
    epoch: int
    gap_patience: float
    options: dict[str, str] | None

    def looked_at(self, kinds: list[Kind]) -> dict[str, Run | Exception]:
        """What runs would do; nothing is written."""
        there = _tables.exists(self.spark, self.warehouse.runs)
        known = self._states(kinds) if there else {kind.name: State() for kind in kinds}

        def look(kind: Kind) -> Run:
            taken = self._taken_over(known[kind.name])
            return replace(taken or self._new(kind, known[kind.name]), n=None)

        return _each(kinds, look)

    def opened(self, kinds: list[Kind]) -> dict[str, Run | Exception]:
        """Plans that stand in `runs`."""
        first: dict[str, Run | Exception] = {}

        def plan_first() -> None:
            # A landing that cannot be read must not leave a warehouse behind.
            first.update(_each(kinds, lambda kind: self._new(kind, State())))
            if all(isinstance(run, Exception) for run in first.values()):
                raise next(run for run in first.values() if isinstance(run, Exception))

        try:
            runs_id = _tables.ensure_runs(self.spark, self.warehouse, first=plan_first)
        except Exception as error:
            if not any(error is run for run in first.values()):
                raise
            return first
        found: dict[str, Run | Exception] = {}
        left = kinds
        for _ in range(_PLAN_ATTEMPTS):
            found.update(self._attempt(left, first))
            first = {}
            left = [kind for kind in left if kind.name not in found]
            if not left:
                break
        for kind in left:
            found[kind.name] = SinkError(
                f"{self.warehouse.runs}: a plan for {kind.name} over {self.key} does not stay; if "
                f"rows were deleted from this table, name another warehouse or restore it "
                f"(RESTORE TABLE)"
            )
        return {
            name: run if isinstance(run, Exception) else replace(run, runs_id=runs_id)
            for name, run in found.items()
        }

    def _attempt(
        self, kinds: list[Kind], first: dict[str, Run | Exception]
    ) -> dict[str, Run | Exception]:
        """Plans or takes over; kinds whose number went to another process are left out."""
        # A table that was not there a moment ago holds nothing; who was quicker takes the number.
        known = {kind.name: State() for kind in kinds} if first else self._states(kinds)

        def plan(kind: Kind) -> Run:
            state = known[kind.name]
            taken = self._taken_over(state)
            if taken is not None:
                return taken
            planned = first.get(kind.name)
            if state != State() or not isinstance(planned, Run):
                planned = self._new(kind, state)
            if planned.n is not None:
                append_planned(self.spark, planned)
            return planned

        tried = _each(kinds, plan)
        new = [r for r in tried.values() if isinstance(r, Run) and r.n and not r.resumed]
        lost = set()
        if new:
            won = mine(self.spark, new)
            lost = {run.kind.name for run in new if run.nonce not in won}
            for run in new:
                fault("after-plan", run.kind.name)
        return {name: run for name, run in tried.items() if name not in lost}

    def _states(self, kinds: list[Kind]) -> dict[str, State]:
        return states(self.spark, self.warehouse, kinds, self.key)

    def _taken_over(self, state: State) -> Run | None:
        """A plan that nobody finished comes first, unless everything is to be read anyway, or the
        landing was made anew since."""
        run = state.unfinished
        if run is None or self.full or run.epoch != self.epoch:
            return None
        return replace(run, gap_patience=self.gap_patience)

    def _new(self, kind: Kind, state: State) -> Run:
        plan = _core.plan_landing(
            kind.plan,
            self.landing,
            marks=state.marks,
            full=self.full,
            epoch=self.epoch,
            options=self.options,
        )
        run = Run(
            kind,
            self.key,
            self.warehouse,
            state.last + 1,
            Stamp.now(kind.name),
            plan,
            secrets.token_hex(8),
            state.marks,
            gap_patience=self.gap_patience,
        )
        return replace(run, n=None) if run.objects == 0 and not _marks_move(run) else run


def _marks_move(run: Run) -> bool:
    """Whether marks change though nothing is read: gaps that were waited for long enough."""
    if run.marks is None:
        return False
    marks, _ = advanced(run, [])
    return bool(json.loads(marks)["parts"] != json.loads(run.marks)["parts"])


def _each(kinds: list[Kind], step: Callable[[Kind], Run]) -> dict[str, Run | Exception]:
    """Results by the kinds' names, side by side; an exception stands where a run would."""

    def attempt(kind: Kind) -> Run | Exception:
        try:
            return step(kind)
        except Exception as error:
            return error

    if len(kinds) == 1:
        return {kinds[0].name: attempt(kinds[0])}
    with ThreadPoolExecutor(len(kinds), thread_name_prefix="pinlake") as pool:
        results: list[Any] = list(pool.map(attempt, kinds))
    return {kind.name: result for kind, result in zip(kinds, results, strict=True)}
