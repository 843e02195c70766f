"""A report stays small, whatever and however much records hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pinlake._report.collect import CELLS, ROWS, RUNS, SAMPLES, TEXT
from pinlake._report.data import Data, Grid
from pinlake._report.page import page
from support.report import Page, hostile_data

CODES = 40


def largest(char: str) -> Data:
    """As much as is kept of each part, of texts as long as are kept."""
    texts = [f"{number:04}{char * (TEXT - 4)}" for number in range(ROWS)]
    data = hostile_data(texts)

    def most(grid: Grid | None, rows: int) -> Grid:
        assert grid is not None
        times = -(-rows // len(grid.rows))
        return Grid(grid.columns, (grid.rows * times)[:rows], True)

    return replace(
        data,
        cells=most(data.cells, CELLS),
        runs=most(data.runs, RUNS),
        quarantine=most(data.quarantine, CODES),
        samples=most(data.samples, CODES * SAMPLES),
        landings=most(data.landings, 20),
    )


@pytest.mark.parametrize("char", ['"', "\u202e", "a", "&", "\U0001f600"])
def test_a_page_is_below_five_megabytes(char: str) -> None:
    text = page(largest(char))
    assert len(text.encode()) < 5_000_000
    shown = Page(text)
    # What is left out is said, and so is how much.
    assert "more: the page would grow too large" in shown.text


def test_the_table_of_the_map_holds_all_of_it() -> None:
    data = hostile_data([f"Country {number}" for number in range(1500)])
    shown = Page(page(data))
    assert len(shown.table("Posts by place").rows) == 1500
