"""Quality gates: over them a run fails, after everything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinlake._books import Books, counts

if TYPE_CHECKING:
    from pinlake.config import Config


def gates(books: Books, config: Config) -> list[str]:
    """What of a kind's books is over a gate, naming the codes."""
    read = books.read.records
    over = []
    for share, records, codes, what in (
        (config.max_quarantine, books.quarantined.records, books.rejects, "quarantined"),
        (config.max_errors, books.flawed, books.errors, "with bad fields"),
    ):
        if share is not None and records > share * read:
            over.append(
                f"{books.kind}: {records:,} of {read:,} records {what} "
                f"({records / read:.2%}), more than {share:.2%}: {counts(codes)}"
            )
    return over
