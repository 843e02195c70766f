"""Winners, tables and the books of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from oracle.rows import Row, Source


def winners(rows: Iterable[Row]) -> dict[int, Row]:
    """The row that stays for each key: the greatest position; of equal ones the last given."""
    best: dict[int, Row] = {}
    for row in rows:
        if row.values is None:
            continue
        held = best.get(row.values["ind"])
        if held is None or row.source >= held.source:
            best[row.values["ind"]] = row
    return best


@dataclass(frozen=True)
class Books:
    """The account of one run; `hash` is the sum of the records' signed hashes."""

    read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    quarantined: int
    hash: int

    @property
    def balanced(self) -> bool:
        kept = self.inserted + self.updated + self.unchanged
        return self.read == kept + self.superseded + self.quarantined


@dataclass(frozen=True)
class Held:
    """A row of a silver table."""

    row: Row
    first_run: str
    run: str


@dataclass
class Table:
    """A silver table and its quarantine, by the contract's write rules."""

    rows: dict[int, Held] = field(default_factory=dict)
    # By position and bytes: another record at the same place is another reject.
    quarantine: dict[tuple[Source, int], Row] = field(default_factory=dict)

    def write(self, rows: Iterable[Row], run: str) -> Books:
        """Takes the rows of one run in and returns its books."""
        staged = list(rows)
        for ind, row in winners(staged).items():
            self.rows[ind] = self._merged(self.rows.get(ind), row, run)
        rejected = [row for row in staged if row.reject is not None]
        for row in rejected:
            self.quarantine.setdefault((row.source, row.hash), row)
        accepted = [row for row in staged if row.values is not None]
        inserted = sum(held.first_run == run for held in self.rows.values())
        touched = sum(held.run == run for held in self.rows.values())
        equal = sum(
            self.rows[row.values["ind"]].row.fingerprint == row.fingerprint
            for row in accepted
            if row.values is not None
        )
        return Books(
            read=len(staged),
            inserted=inserted,
            updated=touched - inserted,
            unchanged=equal - touched,
            superseded=len(accepted) - equal,
            quarantined=len(rejected),
            hash=sum(row.hash for row in staged),
        )

    @staticmethod
    def _merged(held: Held | None, row: Row, run: str) -> Held:
        if held is None:
            return Held(row, run, run)
        if row.source < held.row.source:
            return held
        if row.fingerprint != held.row.fingerprint:
            return Held(row, held.first_run, run)
        return replace(held, row=replace(held.row, source=row.source))
