"""`pinlake report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake._cli.common import (
    ConfigFile,
    Warehouse,
    check_warehouse,
    examples,
    required,
    tell,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake.config import Config

EPILOG = examples(
    "pinlake report --warehouse ./lake --out report.html",
    "pinlake report --warehouse main.social --out /tmp/social.html",
)


def report(
    *,
    warehouse: Warehouse = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")],
    config: ConfigFile = None,
) -> None:
    """Write one HTML page about a warehouse: answers, map, books, quarantine, bad fields.

    The page holds all it needs and opens without a network. It is written whole or not at all; a
    page that is there is replaced. Prints where it is.
    """
    from pinlake._cli.spark import session
    from pinlake.config import load
    from pinlake.report import check_out, check_plotly

    settings = load(file=config, warehouse=warehouse)
    root = required(settings, "warehouse", "--warehouse")
    place = check_out(out)
    check_plotly()
    check_warehouse(root, must_exist=True)
    with session(settings.spark) as spark:
        write(spark, settings, root, place)
    print(place.resolve())


def write(spark: SparkSession, settings: Config, warehouse: str, place: Path) -> None:
    """Writes the page, and says on stderr how far it is and how large the page became."""
    from pinlake._progress import Progress, follow
    from pinlake._tables import Warehouse as Tables
    from pinlake.report import report as write_report

    house = Tables.of(warehouse, settings.tables)
    kinds = list(settings.plans().values())
    shown = Progress("report", unit="queries")
    follow(
        lambda: write_report(spark, house, place, kinds=kinds, progress=shown.count),
        shown,
        count=shown.counted,
    )
    tell(f"report: {place.stat().st_size / 1e6:.1f} MB")


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="One HTML page about a warehouse.")(report)
