"""`pinlake demo`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinlake._cli.common import ConfigFile, Json, examples, print_json, tell

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake._books import RunReport
    from pinlake._compare import Comparison
    from pinlake.config import Config
    from pinlake.demo import Place

EPILOG = examples(
    "pinlake demo",
    "pinlake demo --posts 20000 --out /tmp/demo",
    "pinlake demo --from ./tables-and-streams",
)

# A demo is some hundred small jobs, each once: plans that are not compiled, not planned anew
# half-way and not spread take two thirds of the time. For tables of real size Spark's own
# settings are the better ones.
_FAST_START = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms1g -Xmn600m",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
}


def demo(
    *,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Real records: tables and streams, by name."),
    ] = None,
    posts: Annotated[
        int | None, typer.Option("--posts", metavar="N", help="How many posts to make.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; else ./pinlake-demo.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Run the whole pipeline here: posts, landing objects, Delta tables, their books, a report.

    Makes posts (with a few faults, so that quarantine has something to hold), or takes real
    records. A second demo in the same folder sends the posts again: the books then show
    duplicates, and the tables stay as they are.
    """
    from pinlake._cli.books import shown_if_it_fails
    from pinlake._cli.spark import session
    from pinlake._progress import Progress, duration, follow
    from pinlake.config import load
    from pinlake.demo import demo as show
    from pinlake.demo import files_of, fill, place

    started = time.monotonic()
    settings = load(file=config, demo={"source": source, "posts": posts, "out": out})
    source = settings.demo.source
    if source is not None:
        files_of(source, settings.plans())
    where = place(settings.demo.out, source, tell=tell)
    # Spark first: what it lacks is said before anything is written.
    with session({**_FAST_START, **settings.spark}) as spark:
        counts = fill(where, settings, source)
        where.note()
        made = "made posts" if source is None else f"records of {source}"
        total = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        tell(f"landing: {made}, {total}")
        shown = Progress("run")
        with shown_if_it_fails(json):
            report = follow(
                lambda: show(spark, settings, where, progress=shown.noted),
                shown,
                count=shown.counted,
            )
        compared = _streamed(spark, settings, where, [books.kind for books in report.books])
        page = _page(spark, settings, where)
    if json:
        places = {
            "landing": str(where.landing),
            "tables": str(where.tables),
            "stream": str(where.stream),
        }
        halves = {one.kind: {**asdict(one), "equal": one.equal} for one in compared}
        made_of = {"report": page and str(page), "compared": halves}
        print_json({**report.to_dict(), **places, **made_of})
    else:
        _print(report, where, page)
        for one in compared:
            print(f"Batch and stream  {one}")
    tell(f"done in {duration(time.monotonic() - started)}")
    if not report.ok or not all(one.equal for one in compared):
        raise typer.Exit(1)


def _streamed(
    spark: SparkSession, settings: Config, where: Place, kinds: list[str]
) -> list[Comparison]:
    """The streaming half, and how its tables compare."""
    from pinlake._progress import Progress, beat
    from pinlake.demo import stream

    with beat(Progress("stream the same landing")):
        return stream(spark, settings, where, kinds)


def _page(spark: SparkSession, settings: Config, where: Place) -> Path | None:
    """The report's place; None, and a line that says why, without plotly."""
    from pinlake._cli.report import write
    from pinlake.errors import ConfigError
    from pinlake.report import check_plotly

    try:
        check_plotly()
    except ConfigError as error:
        tell(f"no report: {error}")
        return None
    write(spark, settings, str(where.tables), where.report)
    return where.report


def _print(report: RunReport, where: Place, page: Path | None) -> None:
    print(report.table())
    print()
    print(f"Landing objects  {where.landing.resolve()}")
    for books in report.books:
        print(f"Delta table      {where.tables.resolve() / books.table.rstrip('`').split('/')[-1]}")
    for name in ("quarantine", "runs"):
        print(f"Delta table      {where.tables.resolve() / name}")
    if page is not None:
        print(f"Report           {page.resolve()}")
    print()
    print("What to look at next")
    if page is not None:
        print(f"  {page}")
        print("      what is in these tables, in a browser: answers, map, books, quarantine")
    print(
        f"""\
  pinlake demo --out {where.folder}
      sends the same posts again: all are duplicates, no table changes
  pinlake run --landing {where.landing} --warehouse {where.tables}
      finds nothing new, reads nothing
  pinlake clean {where.landing} --kind pin --out - | head
      the same rules without Spark"""
    )


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="The whole pipeline, here and now.")(demo)
