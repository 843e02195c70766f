"""The report: what is in a warehouse, as one HTML page that needs no network.

`report(spark, warehouse, out)` writes it; `collect` and `page` are its two halves, for those who
want the page elsewhere than in a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pinlake._report.collect import collect
from pinlake._report.data import Data
from pinlake._report.page import check_plotly, page
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake._kinds import Kind
    from pinlake._tables import Warehouse

__all__ = ["Data", "check_out", "check_plotly", "collect", "page", "report"]


def report(
    spark: SparkSession,
    warehouse: str | Warehouse,
    out: str | os.PathLike[str],
    *,
    kinds: Iterable[str | Kind] = ("pin", "geo", "user"),
    progress: Callable[[int, float], None] | None = None,
) -> Path:
    """Writes the report on a warehouse to the file `out`, whole or not at all; returns its path.

    What is not there (a kind's table, quarantine, runs) is said on the page. `progress` is told
    how many queries are done, and what share of all that is.

    >>> run = pinlake.open_run(spark, warehouse, "geo", landing)
    >>> _ = pinlake.write_table(pinlake.clean_landing(spark, "geo", landing, run=run), run=run)
    >>> pinlake.report.report(spark, warehouse, "report.html").name
    'report.html'

    Raises `ConfigError` if plotly is not installed or `out` cannot be a file, `SourceError` if the
    warehouse holds no table of pinlake.
    """
    place = check_out(out)
    check_plotly()
    write(page(collect(spark, warehouse, kinds=kinds, progress=progress)), place)
    return place


def check_out(out: str | os.PathLike[str]) -> Path:
    """The path of a file that can be written.

    >>> check_out("report.html").name
    'report.html'
    >>> check_out("nowhere/report.html")
    Traceback (most recent call last):
        ...
    pinlake.errors.ConfigError: nowhere/report.html: there is no folder nowhere; make it first

    Raises `ConfigError` for a folder, and where its folder is missing or may not be written.
    """
    place = Path(out)
    if place.is_dir():
        raise ConfigError(f"{place}: a folder; give --out a file, such as {place / 'report.html'}")
    if not place.parent.is_dir():
        raise ConfigError(f"{place}: there is no folder {place.parent}; make it first")
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{place}: the folder {place.parent} may not be written")
    return place


def write(text: str, place: Path) -> None:
    """Writes a text beside its place and moves it there: a file appears when it is whole."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        os.replace(beside, place)
    finally:
        beside.unlink(missing_ok=True)
