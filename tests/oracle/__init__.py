"""An independent plain-Python reading of the data contract.

It says what every payload must become: records, clean rows or quarantined records, the winner
of every key, the books of a run. It shares no code with the Rust core and prefers being read to
being fast: tests hold the core against it.
"""

from __future__ import annotations

from oracle.books import Books, Table, winners
from oracle.files import file_payloads, landing_payloads
from oracle.kinds import GEO, KINDS, PIN, USER, Kind
from oracle.rows import Reject, Row, Source, clean_payload, clean_payloads
from oracle.scan import Record, records

__all__ = [
    "GEO",
    "KINDS",
    "PIN",
    "USER",
    "Books",
    "Kind",
    "Record",
    "Reject",
    "Row",
    "Source",
    "Table",
    "clean_payload",
    "clean_payloads",
    "file_payloads",
    "landing_payloads",
    "records",
    "winners",
]
