"""`pinlake run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pinlake._cli.common import (
    ConfigFile,
    Json,
    Kinds,
    Landing,
    MaxErrors,
    MaxQuarantine,
    Warehouse,
    check_landing,
    check_warehouse,
    examples,
    print_json,
    print_table,
    required,
    tell,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake._books import RunReport
    from pinlake.config import Config

EPILOG = examples(
    "pinlake run --landing ./landing --warehouse ./lake",
    "pinlake run --landing s3://bucket --warehouse ./lake --kind pin --max-quarantine 0.01",
    "pinlake run --landing ./landing --warehouse ./lake --dry-run --json",
)


def run(
    *,
    landing: Landing = None,
    warehouse: Warehouse = None,
    kind: Kinds = None,
    full: Annotated[
        bool | None, typer.Option("--full", help="List and read the whole landing again.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read; write nothing.")
    ] = False,
    invalid: Annotated[
        str | None,
        typer.Option("--invalid", metavar="report|quarantine|fail", help="What a bad field does."),
    ] = None,
    access: Annotated[
        str | None,
        typer.Option("--access", metavar="auto|direct|spark", help="Who reads the landing."),
    ] = None,
    epoch: Annotated[
        int | None,
        typer.Option("--epoch", metavar="N", help="One more when topic or landing is made anew."),
    ] = None,
    gap_patience: Annotated[
        str | None,
        typer.Option("--gap-patience", metavar="24h", help="How long to wait for an offset."),
    ] = None,
    max_quarantine: MaxQuarantine = None,
    max_errors: MaxErrors = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Bring new landing objects into the silver tables, and book every record.

    Reads only what no run has read before. Exit code 1 if a quality gate is exceeded or the
    books do not balance, which also moves no mark.
    """
    from pinlake._cli.books import print_report, shown_if_it_fails
    from pinlake._cli.spark import session
    from pinlake.config import load

    settings = load(
        file=config,
        landing=landing,
        warehouse=warehouse,
        kind=kind or None,
        full=full,
        invalid=invalid,
        access=access,
        epoch=epoch,
        gap_patience=gap_patience,
        max_quarantine=max_quarantine,
        max_errors=max_errors,
    )
    check_landing(required(settings, "landing", "--landing"))
    check_warehouse(required(settings, "warehouse", "--warehouse"), must_exist=False)
    with session(settings.spark) as spark:
        if dry_run:
            _plan(spark, settings, json)
        else:
            with shown_if_it_fails(json):
                report = batch(spark, settings)
            print_report(report, json)


def batch(spark: SparkSession, settings: Config) -> RunReport:
    """One run, which says on stderr what it is at."""
    from pinlake._progress import Progress, follow
    from pinlake.pipeline import run_batch

    shown = Progress("run")
    return follow(
        lambda: run_batch(spark, settings, progress=shown.noted), shown, count=shown.counted
    )


def _plan(spark: SparkSession, settings: Config, json: bool) -> None:
    from pinlake.pipeline import plan_batch

    plans = plan_batch(spark, settings)
    if json:
        print_json(plans)
        return
    print_table(
        ("kind", "objects to read", "resumes a plan", "passed over"),
        [(p["kind"], p["objects"], p["resumes"], p["skipped_count"]) for p in plans],
    )
    for plan in plans:
        for skipped in plan["skipped"]:
            tell(f"{plan['kind']}: passed over {skipped['name']} ({skipped['why']})")
        more = plan["skipped_count"] - len(plan["skipped"])
        if more:
            tell(f"{plan['kind']}: passed over {more:,} more")


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="New landing objects into the silver tables.")(run)
