"""The books of a write: every record read is found again, by count and by hash.

`read = inserted + updated + unchanged + superseded + quarantined`. The left side comes from the
receipts that tasks end with, the right side from the tables after the MERGE; the stage stands
between and must agree with both. Hashes are sums of `_hash` (xxh3-64 of each record's bytes), so a
record that was lost and another that came twice do not cancel out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from pinlake._skipped import first_names, told
from pinlake._stamp import moment
from pinlake.errors import QualityError

if TYPE_CHECKING:
    from pinlake._run import Run

BOOKS_FORMAT = 1

Extent = tuple[str, str, int, int]


@dataclass(frozen=True)
class Figure:
    """Some records: how many, and the sum of their hashes."""

    records: int = 0
    hash: int = 0

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.records + other.records, self.hash + other.hash)

    def __sub__(self, other: Figure) -> Figure:
        return Figure(self.records - other.records, self.hash - other.hash)


# What becomes of a record, in the order of the books' equation.
FATES = ("inserted", "updated", "unchanged", "superseded", "quarantined")


@dataclass(frozen=True)
class Books:
    """The account of one kind's write."""

    kind: str
    table: str
    landing: str
    run_id: str
    n: int | None = None
    ingested_at: str = ""
    state: str = "done"
    """`done`, `nothing new` or `failed`."""
    resumed: bool = False
    """Whether the plan was another process's."""
    objects: int = 0
    lines: int = 0
    bytes: int = 0
    read: Figure = Figure()
    inserted: Figure = Figure()
    updated: Figure = Figure()
    unchanged: Figure = Figure()
    """Records whose content the table has: duplicates."""
    superseded: Figure = Figure()
    """Records that lost to another version at a later position."""
    quarantined: Figure = Figure()
    known_rejects: int = 0
    """How many of the quarantined were in quarantine before: a re-read adds nothing."""
    conflicts: int = 0
    """Versions that lost to one of another partition, epoch or topic: superseded records of this
    run, and rows of earlier runs that this one replaced."""
    flawed: int = 0
    """Rows with at least one bad field."""
    rejects: dict[str, int] = field(default_factory=dict)
    """Quarantine codes and how often."""
    errors: dict[str, int] = field(default_factory=dict)
    """Codes of bad fields and how often."""
    gaps: dict[str, Any] = field(default_factory=dict)
    """Offsets that no object holds, a partition each."""
    skipped: int = 0
    """Names of the landing that were passed over: they look like no object or file of records."""
    skipped_names: tuple[str, ...] = ()
    """The first of them, each with the reason."""
    problems: tuple[str, ...] = ()
    """Why the books do not balance; empty if they do."""
    seconds: float = 0.0
    """How long reading and writing took, up to the books."""

    @classmethod
    def nothing_new(cls, run: Run, table: str) -> Books:
        """The books of a run that found nothing to read."""
        return replace(books_of(run, table), state="nothing new")

    @property
    def balanced(self) -> bool:
        """Whether every record read is accounted for."""
        return not self.problems

    def with_gaps(self, gaps: dict[str, Any]) -> Books:
        """The same books with what became of gaps."""
        parts = gaps.get("parts", {})
        shown = {name: part for name, part in parts.items() if _tells(part)}
        return replace(self, gaps=shown)

    def to_dict(self) -> dict[str, Any]:
        """The books as plain values; hashes are text, for they may exceed 64 bits."""
        plain = asdict(self)
        for name in ("read", *FATES):
            figure = getattr(self, name)
            plain[name] = {"records": figure.records, "hash": str(figure.hash)}
        for name in ("skipped_names", "problems"):
            plain[name] = list(plain[name])
        return {"version": BOOKS_FORMAT, **plain}

    @classmethod
    def from_json(cls, text: str) -> Books:
        """The books that `runs` keeps."""
        plain = json.loads(text)
        plain.pop("version")
        for name in ("read", *FATES):
            figure = plain[name]
            plain[name] = Figure(figure["records"], int(figure["hash"]))
        for name in ("skipped_names", "problems"):
            plain[name] = tuple(plain[name])
        return cls(**plain)

    def to_json(self) -> str:
        """The books as JSON, as `runs` keeps them."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def _tells(part: dict[str, Any]) -> bool:
    return bool(part.get("open") or part.get("filled") or part.get("closed"))


# What one run may add to another's: counts, and seconds.
_ADDED = (
    *("objects", "lines", "bytes", "read", *FATES),
    *("known_rejects", "conflicts", "flawed", "skipped", "seconds"),
)


def summed(books: Sequence[Books]) -> Books:
    """The books of several runs of one kind as those of one, the last.

    >>> pins = [Books("pin", "pins", "", "", read=Figure(n, n), seconds=1.5) for n in (1, 2)]
    >>> summed(pins).read, summed(pins).seconds
    (Figure(records=3, hash=3), 3.0)
    """
    added: dict[str, Any] = {
        name: reduce(add, (getattr(one, name) for one in books)) for name in _ADDED
    }
    for name in ("rejects", "errors"):
        added[name] = dict(reduce(add, (Counter(getattr(one, name)) for one in books)))
    problems = tuple(text for one in books for text in one.problems)
    return replace(books[-1], problems=problems, **added)


def books_of(run: Run, table: str) -> Books:
    """The books of a run before anything is counted."""
    return Books(
        kind=run.kind.name,
        table=table,
        landing=run.landing,
        run_id=run.id,
        n=run.n,
        ingested_at=moment(run.ingested_at).isoformat(),
        resumed=run.resumed,
        skipped=run.skipped_count,
        skipped_names=first_names(run.skipped),
    )


@dataclass(frozen=True)
class RunReport:
    """What a run did: the books of each kind."""

    books: tuple[Books, ...] = ()
    seconds: float = 0.0
    failures: tuple[str, ...] = ()
    """Why the run fails though its tables are written: quality gates."""
    notes: tuple[str, ...] = ()
    """What is to be known beside the books; names passed over come by themselves."""

    def __post_init__(self) -> None:
        own = [f"{b.kind}: {told(b.skipped, b.skipped_names)}" for b in self.books if b.skipped]
        new = [text for text in own if text not in self.notes]
        object.__setattr__(self, "notes", (*self.notes, *new))

    @property
    def balanced(self) -> bool:
        """Whether all books balance."""
        return all(books.balanced for books in self.books)

    @property
    def ok(self) -> bool:
        """Whether books balance and no gate failed."""
        return self.balanced and not self.failures

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "version": BOOKS_FORMAT,
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "books": [books.to_dict() for books in self.books],
            "failures": list(self.failures),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __str__(self) -> str:
        return self.table()

    def table(self) -> str:
        """The report as text: a line a kind, then what is to be known beside it."""
        heads = ["kind", "objects", "read", *FATES, "balance", ""]
        rows = [_line(books) for books in self.books]
        widths = [max(len(line[i]) for line in [heads, *rows]) for i in range(len(heads))]
        lines = []
        for cells in [heads, *rows]:
            pairs = list(zip(cells, widths, strict=True))
            middle = [cell.rjust(width) for cell, width in pairs[1:-2]]
            ends = [cell.ljust(width) for cell, width in pairs[-2:]]
            first = pairs[0][0].ljust(pairs[0][1])
            lines.append("  ".join([first, *middle, *ends]).rstrip())
        for books in self.books:
            lines.extend(f"  {books.kind}: {text}" for text in _remarks(books))
        lines.extend(f"  note: {text}" for text in self.notes)
        lines.extend(f"  FAILED: {text}" for text in self.failures)
        return "\n".join(lines)


def quality_error(text: str, report: RunReport) -> QualityError:
    """A `QualityError` that carries the report of what was done."""
    error = QualityError(text)
    error.report = report  # type: ignore[attr-defined]
    return error


def _line(books: Books) -> list[str]:
    figures = [getattr(books, name).records for name in ("read", *FATES)]
    state = "" if books.state == "done" else books.state
    verdict = "balanced" if books.balanced else "DOES NOT BALANCE"
    return [books.kind, f"{books.objects:,}", *(f"{f:,}" for f in figures), verdict, state]


def _remarks(books: Books) -> list[str]:
    lines = list(books.problems)
    if books.rejects:
        lines.append(f"quarantined: {counts(books.rejects)}")
    if books.known_rejects:
        lines.append(f"{books.known_rejects:,} of them were in quarantine before")
    if books.errors:
        lines.append(f"{books.flawed:,} rows with bad fields: {counts(books.errors)}")
    if books.conflicts:
        lines.append(
            f"{books.conflicts:,} versions lost to one of another partition, epoch or topic: "
            f"versions of one record should share a partition"
        )
    for name, part in books.gaps.items():
        if part.get("open"):
            lines.append(f"{name}: {part['open']:,} gaps of offsets are waited for")
        for gap in part.get("closed", ()):
            ends = f"{gap['from']} to {gap['to'] - 1}"
            lines.append(f"{name}: offsets {ends} given up ({gap['why']})")
    if books.resumed:
        lines.append("took over a plan that was not finished")
    return lines


def counts(codes: dict[str, int]) -> str:
    """Codes and how often, the commonest first."""
    ordered = sorted(codes.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{code} {count:,}" for code, count in ordered)
