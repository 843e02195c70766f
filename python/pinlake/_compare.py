"""Two warehouses, record for record: rows by `ind` and content, quarantine by bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinlake import _tables
from pinlake._kinds import Kind
from pinlake._spark import quoted
from pinlake._tables import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Comparison:
    """How the tables of one kind in two warehouses differ."""

    kind: str
    rows: int
    """Rows that both have, of the same content."""
    different: int
    """Rows of one `ind` and two contents."""
    only_first: int
    only_second: int
    rejects: int
    """Rejected records that both have."""
    rejects_only_first: int
    rejects_only_second: int

    @property
    def equal(self) -> bool:
        """Whether the tables hold the same."""
        return not (
            self.different
            or self.only_first
            or self.only_second
            or self.rejects_only_first
            or self.rejects_only_second
        )

    def __str__(self) -> str:
        if self.equal:
            return (
                f"{self.kind}: {self.rows:,} rows and {self.rejects:,} rejected records are equal"
            )
        return (
            f"{self.kind}: {self.rows:,} rows are equal, {self.different:,} differ, "
            f"{self.only_first:,} stand in the first only, {self.only_second:,} in the second; "
            f"rejected records: {self.rejects:,} equal, {self.rejects_only_first:,} only in the "
            f"first, {self.rejects_only_second:,} only in the second"
        )


def compare(
    spark: SparkSession, first: Warehouse, second: Warehouse, kinds: Iterable[Kind]
) -> list[Comparison]:
    """What two warehouses hold, kind by kind: where records stood, and when, does not count.

    Raises `SourceError` for a table that is not there.
    """
    return [_compared(spark, first, second, kind) for kind in kinds]


def _compared(spark: SparkSession, first: Warehouse, second: Warehouse, kind: Kind) -> Comparison:
    for warehouse in (first, second):
        _tables.read(spark, warehouse.silver(kind))
    rows = spark.sql(
        _ROWS.format(first=first.silver(kind), second=second.silver(kind), nth=_NTH)
    ).first()
    rejects = spark.sql(
        _REJECTS.format(first=first.quarantine, second=second.quarantine, kind=quoted(kind.name))
    ).first()
    assert rows is not None
    assert rejects is not None
    return Comparison(kind.name, *map(int, rows), *map(int, rejects))


_ROWS = """
SELECT count_if(a.f = b.f), count_if(a.i = b.i AND a.f <> b.f), count_if(b.i IS NULL),
  count_if(a.i IS NULL)
FROM (SELECT ind i, _fingerprint f, {nth} n FROM {first}) a
FULL JOIN (SELECT ind i, _fingerprint f, {nth} n FROM {second}) b ON a.i = b.i AND a.n = b.n
"""

# A row that stands twice in one of them only is a difference.
_NTH = "row_number() OVER (PARTITION BY ind ORDER BY _fingerprint)"

# One record may have been rejected more than once, at several places.
_REJECTS = """
SELECT count_if(a.c IS NOT NULL AND b.c IS NOT NULL), count_if(b.c IS NULL), count_if(a.c IS NULL)
FROM (SELECT DISTINCT code c, _hash h FROM {first} WHERE kind = {kind}) a
FULL JOIN (SELECT DISTINCT code c, _hash h FROM {second} WHERE kind = {kind}) b
  ON a.c = b.c AND a.h = b.h
"""
