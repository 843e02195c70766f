"""The batch pipeline as one call: what is new in a landing, through to the silver tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from pinlake._books import Books, RunReport, books_of, quality_error
from pinlake._gate import gates
from pinlake._kept import kept_books, streamed_books
from pinlake._kinds import Kind
from pinlake._maintain import maintain
from pinlake._run import Run
from pinlake._runs import open_runs
from pinlake._settings import explain
from pinlake._sink import write_frame
from pinlake._source import clean_landing
from pinlake._steps import BOOKED, Steps, Watcher
from pinlake._tables import Warehouse
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake.config import Config

# Kinds written side by side: on two cores a second job fills the gaps that Delta's commits leave.
SIDE_BY_SIDE = 3

# How the core says that a landing has no topic of a kind.
_NO_TOPIC = "no topic of kind"


def run_batch(
    spark: SparkSession,
    config: Config,
    *,
    progress: Watcher | None = None,
) -> RunReport:
    """Reads what is new in the landing and writes it to the tables, kind by kind.

    `config` is what `pinlake.config.load` returns; it needs `landing` and `warehouse`. Kinds are
    written side by side, each with its own run, plan and books. Kinds that the landing has no
    topic of are left out with a note, unless `kind` asks for them. Names that look like no object
    or file of records are passed over, with a note and in the books. `progress` is called
    whenever a kind has done a step, with the kind, a word about it, and over all kinds the
    records read so far and the share of the work that is done, an estimate out of the steps.

    >>> from pinlake.config import load
    >>> report = run_batch(spark, load(landing=landing, warehouse=warehouse, kind=["user"]))
    >>> [(books.table.split("/")[-1], books.read.records) for books in report.books]
    [('users`', 1)]

    Raises `QualityError` with the report as its `report` if books do not balance, or, after
    everything is written and marks have moved, if a gate failed: `max_quarantine` (share of the
    records read that are quarantined) or `max_errors` (share of them that are rows with a bad
    field). A failed gate does not undo the run: its records are in the tables or in quarantine, so
    the next run goes on behind them. Other errors as `open_run`, `clean_landing` and
    `write_table`; what other kinds have written by then stays and is booked.
    """
    warehouse, kinds = _asked(config)
    started = time.monotonic()
    runs, notes = _found(
        _opened(spark, config, warehouse, kinds, dry_run=False), strict=bool(config.kind)
    )
    steps = Steps({run.kind.name: run.objects for run in runs}, progress)
    for run in runs:
        steps.say(run.kind.name, f"{run.objects:,} objects to read")
    written = _each(runs, lambda run: _written(spark, config, run, steps))
    for outcome in written:
        if isinstance(outcome, Exception) and _report_of(outcome) is None:
            raise outcome
    books = tuple(b for outcome in written for b in _books(outcome))
    failures = tuple(text for b in books for text in gates(b, config))
    seconds = time.monotonic() - started
    report = RunReport(books, seconds, failures, tuple(notes))
    unbalanced = [str(outcome) for outcome in written if isinstance(outcome, Exception)]
    if unbalanced or failures:
        raise quality_error("; ".join([*unbalanced, *failures]), report)
    return report


def plan_batch(spark: SparkSession, config: Config) -> list[dict[str, Any]]:
    """What `run_batch` would read, a dictionary a kind; nothing is written.

    Keys: `kind`, `objects`, `resumes` (whether a plan that was not finished comes first),
    `skipped` (names passed over and why, the first hundred), `skipped_count`. Raises as `open_run`.
    """
    warehouse, kinds = _asked(config)
    opened = _opened(spark, config, warehouse, kinds, dry_run=True)
    runs, _ = _found(opened, strict=bool(config.kind))
    return [
        {
            "kind": run.kind.name,
            "objects": run.objects,
            "resumes": run.resumed,
            "skipped": run.skipped,
            "skipped_count": run.skipped_count,
        }
        for run in runs
    ]


STEPS = ("all", "check", "clean", "maintain", "gate")
"""The steps of a scheduled job."""


def run_step(
    spark: SparkSession, config: Config, step: str = "all", *, date: str | None = None
) -> RunReport:
    """One step of a scheduled job, for notebooks and jobs that call it by name.

    - `check`: what is new in the landing; nothing is written.
    - `clean`, `all`: `run_batch` over the kinds asked for, gates included.
    - `maintain`: compaction, removal of old files, statistics.
    - `gate`: the books of each kind's last run of a landing, or of all runs of `date` (YYYY-MM-DD,
      UTC, by ingestion time), micro-batches of streams too, against balance and the gates of
      `config`.

    >>> from pinlake.config import load
    >>> settings = load(landing=landing, warehouse=warehouse, kind=["geo"])
    >>> [run_step(spark, settings, "check").books[0].objects for _ in range(2)]
    [1, 1]
    >>> run_step(spark, settings).books[0].inserted.records, run_step(spark, settings, "gate").ok
    (1, True)

    Raises `QualityError` with the report as its `report` if books do not balance or a gate fails,
    `ConfigError` for an unknown step or a date that is none; others as the steps' functions.
    """
    if step not in STEPS:
        raise ConfigError(explain(f"unknown step {step!r}", step, STEPS))
    if step == "check":
        return _checked(spark, config)
    if step == "maintain":
        return _maintained(spark, config)
    if step == "gate":
        return _gate(spark, config, date)
    return run_batch(spark, config)


def run_source(
    spark: SparkSession,
    config: Config,
    *,
    tell: Callable[[str], None] = print,
    stop: Event | None = None,
) -> RunReport:
    """Brings what `config` names into the tables: `stream.source` as a stream, else the landing as
    `run_batch` does. The source alone decides; what comes out is the same.

    A stream says a line a micro-batch by `tell` and goes on until `stop` is set, or, with
    `stream.once`, until what is there now was written. Its report holds the books of all its
    micro-batches since, a line a kind.

    >>> from pinlake.config import load
    >>> stream = {"source": f"landing:{landing}", "once": True}
    >>> settings = load(warehouse=warehouse, kind=["geo"], stream=stream)
    >>> report = run_source(spark, settings, tell=lambda line: None)
    >>> report.ok, report.books[0].inserted.records
    (True, 1)

    Raises `SourceError` in one line, with how to go on, if a query dies; others as `run_stream`
    and `run_batch`.
    """
    if not config.stream.source:
        return run_batch(spark, config)
    from pinlake._feeds import feeds
    from pinlake._follow import follow

    warehouse = Warehouse.of(str(config.warehouse), dict(config.tables))
    begun, started, since = feeds(spark, config), time.monotonic(), time.time_ns() // 1000
    views = follow(begun, lambda views, fresh: tell(str(fresh)) if fresh else None, stop or Event())
    books = streamed_books(spark, warehouse, {f.kind.name: f.checkpoint for f in begun}, since)
    notes = tuple(f"{v.kind}: {v.batches:,} micro-batches of {v.source}" for v in views)
    return RunReport(books, time.monotonic() - started, notes=notes)


def _checked(spark: SparkSession, config: Config) -> RunReport:
    warehouse, kinds = _asked(config)
    opened = _opened(spark, config, warehouse, kinds, dry_run=True)
    runs, notes = _found(opened, strict=bool(config.kind))
    books = tuple(
        replace(books_of(run, warehouse.silver(run.kind)), objects=run.objects, state="to read")
        for run in runs
    )
    return RunReport(books, notes=tuple(notes))


def _maintained(spark: SparkSession, config: Config) -> RunReport:
    warehouse, kinds = _asked(config)
    done = maintain(spark, warehouse, kinds)
    notes = tuple(
        f"{row['table']}: {row['files_before']} files, now {row['files']}"
        + "".join(f"; {what} failed: {why}" for what, why in row["failed"].items())
        for row in done
    )
    return RunReport(seconds=sum(row["seconds"] for row in done), notes=notes)


def _gate(spark: SparkSession, config: Config, date: str | None) -> RunReport:
    warehouse, kinds = _asked(config)
    books = kept_books(spark, warehouse, kinds, date)
    failures = [text for one in books for text in gates(one, config)]
    failures += [f"{one.kind}: {text}" for one in books for text in one.problems]
    report = RunReport(books, failures=tuple(failures))
    if failures:
        raise quality_error("; ".join(failures), report)
    return report


def _asked(config: Config) -> tuple[Warehouse, list[Kind]]:
    for name in ("landing", "warehouse"):
        if not getattr(config, name):
            raise ConfigError(f"no {name} given: set it in pinlake.toml, or pass it to load()")
    warehouse = Warehouse.of(str(config.warehouse), dict(config.tables))
    return warehouse, [Kind.of(plan) for plan in config.plans().values()]


def _each(items: list[Any], step: Callable[[Any], Any]) -> list[Any]:
    """Results in order; an exception stands where a result would: one kind must not stop others."""

    def attempt(item: Any) -> Any:
        try:
            return step(item)
        except Exception as error:
            return error

    if len(items) == 1:
        return [attempt(items[0])]
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="pinlake") as pool:
        return list(pool.map(attempt, items))


def _opened(
    spark: SparkSession, config: Config, warehouse: Warehouse, kinds: list[Kind], *, dry_run: bool
) -> list[Run | Exception]:
    return open_runs(
        spark,
        warehouse,
        kinds,
        str(config.landing),
        full=config.full,
        epoch=config.epoch,
        gap_patience=config.gap_patience,
        options=config.storage,
        dry_run=dry_run,
    )


def _found(opened: list[Run | Exception], *, strict: bool) -> tuple[list[Run], list[str]]:
    """The runs, and notes on kinds that the landing does not have."""
    runs = [run for run in opened if isinstance(run, Run)]
    errors = [error for error in opened if isinstance(error, Exception)]
    absent = [e for e in errors if isinstance(e, SourceError) and _NO_TOPIC in str(e)]
    serious = [error for error in errors if error not in absent]
    if serious:
        raise serious[0]
    if absent and (strict or not runs):
        raise absent[0]
    return runs, [str(error) for error in absent]


def _written(spark: SparkSession, config: Config, run: Run, steps: Steps) -> RunReport:
    name = run.kind.name
    if run.nothing_new:
        steps.say(name, "nothing new")
        return RunReport((Books.nothing_new(run, run.warehouse.silver(run.kind)),))
    frame = clean_landing(
        spark,
        run.kind,
        run.landing,
        run=run,
        invalid=config.invalid,
        access=config.access,
        options=config.storage,
    )
    run = replace(run, reached=partial(steps.reached, name))
    report = write_frame(frame, run, run.warehouse.silver(run.kind))
    steps.reached(name, BOOKED, report.books[0].read.records)
    return report


def _report_of(error: Exception) -> RunReport | None:
    report = getattr(error, "report", None)
    return report if isinstance(report, RunReport) else None


def _books(outcome: Any) -> tuple[Books, ...]:
    report = outcome if isinstance(outcome, RunReport) else _report_of(outcome)
    return () if report is None else report.books
