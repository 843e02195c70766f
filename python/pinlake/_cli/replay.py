"""`pinlake replay`."""

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
    required,
)

EPILOG = examples(
    "pinlake replay --warehouse ./lake",
    "pinlake replay --warehouse ./lake --kind pin --code wrapped_record --json",
)


def replay(
    *,
    warehouse: Warehouse = None,
    kind: Kinds = None,
    code: Annotated[
        str | None, typer.Option("--code", metavar="CODE", help="Records of this code only.")
    ] = None,
    invalid: Annotated[
        str | None,
        typer.Option("--invalid", metavar="report|quarantine|fail", help="What a bad field does."),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Feed quarantined records through the rules again, after a fix.

    Each keeps its position, so a later version of a record still wins. What is accepted now
    moves to its table; the rest stays in quarantine.
    """
    from pinlake._cli.books import print_report, shown_if_it_fails
    from pinlake._cli.spark import session
    from pinlake._progress import Progress, follow
    from pinlake._replay import replay as feed_back
    from pinlake._tables import Warehouse as Tables
    from pinlake.config import load

    settings = load(file=config, warehouse=warehouse, kind=kind or None, invalid=invalid)
    root = required(settings, "warehouse", "--warehouse")
    check_warehouse(root, must_exist=True)
    tables = Tables.of(root, settings.tables)
    with session(settings.spark) as spark:
        plans, how = settings.plans().values(), settings.invalid
        with shown_if_it_fails(json):
            shown = Progress("replay")
            report = follow(
                lambda: feed_back(
                    spark, tables, plans, code=code, invalid=how, progress=shown.noted
                ),
                shown,
                count=shown.counted,
            )
        print_report(report, json)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Quarantined records again, after a fix.")(replay)
