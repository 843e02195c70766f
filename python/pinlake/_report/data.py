"""What a report shows, as plain values: nothing of Spark, and of bounded size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Grid:
    """A small table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = ()
    more: bool = False
    """Whether the query had more rows than are kept."""

    def column(self, name: str) -> list[Any]:
        """The values of a column.

        >>> Grid(("a", "b"), ((1, 2), (3, 4))).column("b")
        [2, 4]
        """
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by the columns' names."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Table:
    """A table of the warehouse."""

    name: str
    kind: str
    records: int | None = None
    """None where there is no such table."""
    flawed: int = 0
    """Rows with at least one bad field."""


@dataclass(frozen=True)
class Data:
    """What a report shows. A part is None where the tables that it needs are not there."""

    warehouse: str
    made_at: str
    """UTC, to the second."""
    version: str
    """Version of pinlake."""
    tables: tuple[Table, ...] = ()
    """The silver tables, a kind each."""
    answers: dict[str, dict[str, Grid]] | None = None
    """By question, then by what counts once: `user`, `post`, or an empty text."""
    totals: dict[str, Any] | None = None
    """Of the posts: `posts`, `people`, `countries`, `placed`, `dated`, `first`, `last`."""
    of_posts: bool = True
    """Whether places and times are those of posts; else of all records of geo."""
    cells: Grid | None = None
    """Posts by whole degree: `latitude`, `longitude` (of its south-west corner), `posts`,
    `country`, `countries`."""
    months: Grid | None = None
    """`month` (YYYY-MM), `posts`."""
    spread: dict[str, Grid] | None = None
    """Follower counts by age group, per user and per post: `age_group`, `number`, `q05`, `q25`,
    `q50`, `q75`, `q95`."""
    runs: Grid | None = None
    """The newest runs: `kind`, `n`, `state`, `at`, `landing`, `books` (as a dictionary)."""
    landings: Grid | None = None
    """All runs by kind and landing: `kind`, `landing`, `done`, `failed`, `unfinished`."""
    quarantine: Grid | None = None
    """`kind`, `code`, `records`, `replayed`."""
    samples: Grid | None = None
    """Quarantined records: `kind`, `code`, `detail`, `position`, `bytes`, `payload` (its first
    bytes)."""
    errors: Grid | None = None
    """Bad fields: `kind`, `column`, `code`, `number`, `samples` (pairs of value and number)."""
    missing: tuple[str, ...] = field(default=())
    """Names of tables that are not there."""

    @property
    def booked(self) -> int:
        """Runs that have books."""
        return 0 if self.landings is None else sum(self.landings.column("done")) + self.failed

    @property
    def failed(self) -> int:
        """Runs whose books do not balance."""
        return 0 if self.landings is None else sum(self.landings.column("failed"))
