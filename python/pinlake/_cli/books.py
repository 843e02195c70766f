"""How a run's report reaches stdout, and what it makes of the exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from pinlake._cli.common import print_json, tell
from pinlake._progress import duration
from pinlake.errors import QualityError

if TYPE_CHECKING:
    from pinlake._books import RunReport


def print_report(report: RunReport, json: bool) -> None:
    """Prints the books; ends with exit code 1 if they do not balance or a gate failed."""
    if json:
        print_json(report.to_dict())
    else:
        print(report.table(), flush=True)
    tell(f"done in {duration(report.seconds)}" if report.seconds else "done")
    if not report.ok:
        raise typer.Exit(1)


@contextlib.contextmanager
def shown_if_it_fails(json: bool) -> Iterator[None]:
    """Prints the report that a `QualityError` carries before the error goes on."""
    try:
        yield
    except QualityError as error:
        report = getattr(error, "report", None)
        if report is not None:
            print_json(report.to_dict()) if json else print(report.table(), flush=True)
        raise
