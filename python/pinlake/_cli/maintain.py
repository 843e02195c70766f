"""`pinlake maintain`."""

from __future__ import annotations

from typing import Annotated

import typer

from pinlake._cli.common import (
    ConfigFile,
    Json,
    Kinds,
    Warehouse,
    check_warehouse,
    examples,
    print_json,
    print_table,
    required,
    tell,
)

EPILOG = examples(
    "pinlake maintain --warehouse ./lake",
    "pinlake maintain --warehouse ./lake --retain-hours 720 --json",
)


def maintain(
    *,
    warehouse: Warehouse = None,
    kind: Kinds = None,
    retain_hours: Annotated[
        float | None,
        typer.Option("--retain-hours", metavar="N", help="Keep files of versions this young."),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Compact the tables, remove files no version needs, renew statistics.

    Safe beside runs. Exit code 1 if a step could not be done on a table.
    """
    from pinlake._cli.spark import session
    from pinlake._maintain import LEAST_RETENTION_HOURS
    from pinlake._maintain import maintain as keep
    from pinlake._progress import Progress, follow
    from pinlake._tables import Warehouse as Tables
    from pinlake.config import load

    settings = load(file=config, warehouse=warehouse, kind=kind or None)
    root = required(settings, "warehouse", "--warehouse")
    check_warehouse(root, must_exist=True)
    hours = LEAST_RETENTION_HOURS if retain_hours is None else retain_hours
    tables = Tables.of(root, settings.tables)
    plans = settings.plans().values()
    with session(settings.spark) as spark:
        shown = Progress("maintain", unit="tables")
        rows = follow(
            lambda: keep(spark, tables, plans, retain_hours=hours, progress=shown.count),
            shown,
            count=shown.counted,
        )
    if json:
        print_json(rows)
    else:
        heads = ("table", "files before", "files", "bytes before", "bytes", "seconds")
        print_table(heads, [[row[head.replace(" ", "_")] for head in heads] for row in rows])
    failed = [(row["table"], step, why) for row in rows for step, why in row["failed"].items()]
    for table, step, why in failed:
        tell(f"{table}: {step} failed: {why}")
    if failed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="OPTIMIZE, VACUUM, table statistics.")(maintain)
