"""`pinlake analyse`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinlake._cli.common import (
    ConfigFile,
    Warehouse,
    check_warehouse,
    examples,
    print_json,
    print_table,
    required,
    tell,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

EPILOG = examples(
    "pinlake analyse --warehouse ./lake",
    "pinlake analyse top_category_by_country --warehouse ./lake --format csv",
    "pinlake analyse users_joined_by_year --warehouse main.social --per post --save",
)

# Columns and rows of an answer.
Answer = tuple[list[str], list[tuple[Any, ...]]]


class Format(str, Enum):
    """How answers are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def analyse(
    questions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUESTION…]", help="Questions by name; none: all."),
    ] = None,
    *,
    warehouse: Warehouse = None,
    per: Annotated[
        str | None, typer.Option("--per", metavar="user|post", help="What counts once.")
    ] = None,
    ties: Annotated[
        str | None,
        typer.Option("--ties", metavar="all|first", help="Who of those that share a first place."),
    ] = None,
    approximate: Annotated[
        bool | None, typer.Option("--approximate", help="Medians by percentile_approx.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.table,
    save: Annotated[
        bool, typer.Option("--save", help="Also write each as a table of the warehouse.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Answer the eight questions from the silver tables.

    A table is printed under each question; CSV is one answer after the other, each under a line
    with its name; JSON is a list of rows for one question, and {question: rows} for several.
    """
    from pinlake import analysis
    from pinlake._cli.spark import session
    from pinlake._progress import Progress, follow
    from pinlake._tables import Warehouse as Tables
    from pinlake.config import load

    asked = [analysis.question_of(name) for name in questions or ()]
    given = {"per": per, "ties": ties, "approximate": approximate}
    settings = load(file=config, warehouse=warehouse, analyse=given)
    root = required(settings, "warehouse", "--warehouse")
    check_warehouse(root, must_exist=True)
    house = Tables.of(root, settings.tables)
    with session(settings.spark) as spark:
        frames = analysis.answers(
            analysis.posts_of(spark, house),
            [question.name for question in asked],
            **settings.analyse.model_dump(),
        )
        shown = Progress("analyse", unit="questions")
        found: dict[str, Answer] = {}
        follow(
            lambda: _collect(frames, found),
            shown,
            count=lambda: (len(found), len(found) / len(frames)),
        )
        if save:
            for table in analysis.save(frames, house):
                tell(f"table {table}")
    _print(found, form)


def _collect(frames: dict[str, DataFrame], found: dict[str, Answer]) -> None:
    for name, frame in frames.items():
        found[name] = (frame.columns, [tuple(row) for row in frame.collect()])


def _print(found: dict[str, Answer], form: Format) -> None:
    if form is Format.json:
        rows = {
            name: [dict(zip(columns, row, strict=True)) for row in answer]
            for name, (columns, answer) in found.items()
        }
        print_json(rows if len(rows) > 1 else next(iter(rows.values())))
        return
    from pinlake.analysis import QUESTIONS

    for number, (name, (columns, answer)) in enumerate(found.items()):
        if number:
            print()
        if form is Format.csv:
            _print_csv(name if len(found) > 1 else None, columns, answer)
        else:
            print(f"{QUESTIONS[name].asks} ({name})")
            print_table(columns, [_years_as_text(columns, row) for row in answer])


def _years_as_text(columns: Sequence[str], row: Sequence[Any]) -> list[Any]:
    """A year is a name, not a number: no thousands are separated in it."""
    return [
        str(value) if column == "post_year" and value is not None else value
        for column, value in zip(columns, row, strict=True)
    ]


def _print_csv(name: str | None, columns: list[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if name is not None:
        print(f"# {name}")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Answer the eight questions.")(analyse)
