"""Where the figures of the books come from: the stage, the table, quarantine, after the write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pinlake._books import FATES, Books, Extent, Figure, books_of
from pinlake._spark import quoted

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

    from pinlake._target import Target


@dataclass
class Staged:
    """What stands in the stage."""

    accepted: Figure = field(default_factory=Figure)
    rejected: Figure = field(default_factory=Figure)
    flawed: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    receipts: Figure | None = None
    objects: int = 0
    lines: int = 0
    bytes: int = 0
    extents: list[Extent] = field(default_factory=list)

    def receipt(self, row: Row) -> None:
        """Adds what a task says it read."""
        read = Figure(row["r_records"], int(row["r_hash"]))
        self.receipts = read if self.receipts is None else self.receipts + read
        self.objects += row["objects"]
        self.lines += row["lines"]
        self.bytes += row["bytes"]
        if row["source"] is not None:
            self.extents.append((row["source"], row["part"], row["first"], row["last"]))

    def records(self, row: Row) -> None:
        """Adds records of one fate."""
        figure = Figure(row["records"], int(row["hash"] or 0))
        if row["code"] is not None:
            self.rejected += figure
            self.rejects[row["code"]] = self.rejects.get(row["code"], 0) + figure.records
            return
        self.accepted += figure
        if row["errors"]:
            self.flawed += figure.records
            for code in row["errors"].split(","):
                self.errors[code] = self.errors.get(code, 0) + figure.records


def staged(spark: SparkSession, stage: str) -> Staged:
    """Counts the stage in one pass."""
    found = Staged()
    for row in spark.sql(_STAGED.format(stage=stage)).collect():
        if row["receipt"]:
            found.receipt(row)
        else:
            found.records(row)
    return found


# A group for each receipt, each reject code, and each set of field codes.
_STAGED = """
SELECT _receipt IS NOT NULL AS receipt, _receipt.source AS source, _receipt.part AS part,
  _receipt.first AS first, _receipt.last AS last, _reject.code AS code,
  array_join(transform(_errors, e -> e.code), ',') AS errors,
  count(*) AS records, sum(CAST(_hash AS DECIMAL(38,0))) AS hash,
  sum(_receipt.records) AS r_records, sum(_receipt.hash) AS r_hash,
  sum(_receipt.objects) AS objects, sum(_receipt.lines) AS lines, sum(_receipt.bytes) AS bytes
FROM {stage} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


def crossing(spark: SparkSession, stage: str, table: str) -> int:
    """Rows that a MERGE of the stage will replace by a version of another partition, epoch or
    topic."""
    row = spark.sql(_CROSSING.format(stage=stage, table=table)).first()
    return int(row[0]) if row else 0


_CROSSING = """
SELECT count(*) FROM (
  SELECT ind, _source AS new, _fingerprint AS f,
    row_number() OVER (PARTITION BY ind ORDER BY _source DESC, _fingerprint) AS nth
  FROM {stage} WHERE _reject IS NULL AND _receipt IS NULL) s
JOIN (SELECT ind, _source AS held, _fingerprint AS g FROM {table}) t ON s.ind = t.ind
WHERE nth = 1 AND f <> g AND new > held
  AND (new.epoch <> held.epoch OR new.name <> held.name OR new.part <> held.part)
"""


def booked(target: Target, stage: str, found: Staged, mode: str) -> Books:
    """The books of a write whose steps are done."""
    run = target.run
    texts = {
        "stage": stage,
        "table": target.table,
        "quarantine": target.quarantine,
        "run": quoted(run.id),
        "kind": quoted(run.kind.name),
    }
    parts = []
    if found.accepted.records:
        parts += [_FATES if mode == "merge" else _APPENDED, _TABLE]
    if found.rejected.records:
        parts.append(_QUARANTINED)
    figures: dict[str, Figure] = {}
    conflicts = altered = 0
    for row in _rows(target.spark, parts, texts):
        figures[row["fate"]] = Figure(row["records"], int(row["hash"] or 0))
        conflicts += row["conflicts"] or 0
        altered += row["altered"] or 0
    figures["quarantined"] = figures.get("table quarantined", Figure())
    if figures["quarantined"] != found.rejected:
        # A re-read: which of the rejected were in quarantine before?
        figures["quarantined"] = Figure()
        for row in _rows(target.spark, [_REJECTED], texts):
            figures[row["fate"]] = Figure(row["records"], int(row["hash"] or 0))
    empty = Figure()
    read = found.accepted + found.rejected if found.receipts is None else found.receipts
    books = replace(
        books_of(run, target.table),
        objects=found.objects,
        lines=found.lines,
        bytes=found.bytes,
        read=read,
        inserted=figures.get("inserted", empty),
        updated=figures.get("updated", empty),
        unchanged=figures.get("unchanged", empty),
        superseded=figures.get("superseded", empty),
        quarantined=figures.get("quarantined", empty) + figures.get("known", empty),
        known_rejects=figures.get("known", empty).records,
        conflicts=conflicts,
        flawed=found.flawed,
        rejects=found.rejects,
        errors=found.errors,
    )
    problems = _problems(books, found, figures, altered)
    return replace(books, problems=problems, state="failed" if problems else "done")


def _rows(spark: SparkSession, parts: list[str], texts: dict[str, str]) -> list[Row]:
    if not parts:
        return []
    records = " UNION ALL ".join(part.format(**texts) for part in parts)
    return spark.sql(_BY_FATE.format(records=records)).collect()


def _problems(
    books: Books, found: Staged, figures: dict[str, Figure], altered: int
) -> tuple[str, ...]:
    """Where the books do not balance, in the order of a record's way."""
    problems = []

    def equal(one: Figure, other: Figure, what: str, whose: str) -> None:
        if one.records != other.records:
            problems.append(f"{what} {one.records:,} records, {whose} {other.records:,}")
        elif one.hash != other.hash:
            problems.append(f"{what} and {whose} {one.records:,} records, but not the same ones")

    rows = found.accepted + found.rejected
    equal(books.read, rows, "receipts say", "the stage holds")
    settled = books.inserted + books.updated + books.unchanged + books.superseded
    equal(found.accepted, settled, "accepted in the stage", "found again in the table")
    equal(found.rejected, books.quarantined, "rejected in the stage", "found in quarantine")
    for fate in ("inserted", "updated"):
        there = figures.get(f"table {fate}", Figure()).records
        figure: Figure = getattr(books, fate)
        if figure.records != there:
            problems.append(
                f"{fate}: {figure.records:,} by the stage, {there:,} by the run id in the table"
            )
    mine, held = (figures.get(fate, Figure()) for fate in ("quarantined", "table quarantined"))
    equal(mine, held, "rejected by this run", "quarantined under its run id")
    if altered:
        problems.append(f"{altered:,} rows of this run do not hold the content that was staged")
    fates = sum((getattr(books, fate) for fate in FATES), Figure())
    equal(books.read, fates, "read", "accounted for")
    return tuple(problems)


# Each of the queries below gives a row a record; they are counted together, in one pass.
_BY_FATE = """
SELECT fate, count(*) AS records, sum(CAST(h AS DECIMAL(38,0))) AS hash,
  count_if(conflict) AS conflicts, count_if(altered) AS altered
FROM ({records}) GROUP BY fate
"""

# What became of every accepted record: its row in the table is looked at after the MERGE. The
# first of an ind (by position) is the one that was merged. A row inserted by this run stays
# "inserted" if a later run has changed it since.
_FATES = """
SELECT fate, h, fate = 'superseded' AND place <> held_place AS conflict,
  nth = 1 AND mine AND NOT same AS altered
FROM (
  SELECT CASE WHEN nth = 1 AND t._first_run_id = {run} THEN 'inserted'
      WHEN nth = 1 AND t._run_id = {run} THEN 'updated'
      WHEN s.f = t._fingerprint THEN 'unchanged' ELSE 'superseded' END AS fate,
    s.h, s.nth, s.place, s.f = t._fingerprint AS same, t._run_id = {run} AS mine,
    struct(t._source.epoch, t._source.name, t._source.part) AS held_place
  FROM (
    SELECT ind, _fingerprint AS f, _hash AS h,
      struct(_source.epoch, _source.name, _source.part) AS place,
      row_number() OVER (PARTITION BY ind ORDER BY _source DESC, _fingerprint) AS nth
    FROM {stage} WHERE _reject IS NULL AND _receipt IS NULL) s
  JOIN (SELECT ind, _fingerprint, _source, _first_run_id, _run_id FROM {table}) t
    ON s.ind = t.ind)
"""

_APPENDED = """
SELECT 'inserted' AS fate, s._hash AS h, false AS conflict, false AS altered
FROM {stage} s
LEFT SEMI JOIN (SELECT _source AS p, _fingerprint AS f FROM {table} WHERE _first_run_id = {run}) t
  ON s._source = t.p AND s._fingerprint = t.f
WHERE _reject IS NULL AND _receipt IS NULL
"""

# The same from the table's side: rows that bear the run's id.
_TABLE = """
SELECT IF(_first_run_id = {run}, 'table inserted', 'table updated') AS fate,
  CAST(NULL AS BIGINT) AS h, false AS conflict, false AS altered
FROM {table} WHERE _first_run_id = {run} OR _run_id = {run}
"""

# What quarantine holds under the run's id.
_QUARANTINED = """
SELECT 'table quarantined' AS fate, _hash AS h, false AS conflict, false AS altered
FROM {quarantine} WHERE kind = {kind} AND _run_id = {run}
"""

# Rejected records by their positions and bytes; "known" ones were in quarantine before this run.
_REJECTED = """
SELECT IF(q.mine, 'quarantined', 'known') AS fate, s._hash AS h, false AS conflict,
  false AS altered
FROM {stage} s JOIN (
  SELECT _source AS p, _hash AS h, bool_or(_run_id = {run}) AS mine
  FROM {quarantine} WHERE kind = {kind} GROUP BY _source, _hash) q
  ON s._source = q.p AND s._hash = q.h
WHERE s._reject IS NOT NULL
"""
