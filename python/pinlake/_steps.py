"""How far the kinds of a run are together, out of the steps that each has done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

Watcher = Callable[[str, str, int, float], None]
"""Takes a kind, a word about it, and of all kinds the records read and the share of work done."""

# How much of a run's time lies behind it once a step is done, as measured over 12,000 objects of
# one record: workers count nothing while they read, so nobody knows more before.
READ, WRITTEN, BOOKED = 0.75, 0.9, 1.0


class Steps:
    """Adds up what kinds say that are written side by side, and tells the watcher.

    `sizes` says how much work each kind is beside the others.

    >>> steps = Steps({"pin": 30, "geo": 10}, lambda *told: print(told))
    >>> steps.reached("pin", READ, 500)
    ('pin', '500 records to merge', 500, 0.5625)
    >>> steps.reached("geo", BOOKED, 100)
    ('geo', '100 records booked', 600, 0.8125)
    """

    def __init__(self, sizes: Mapping[str, int], watcher: Watcher | None) -> None:
        self._sizes = sizes
        self._watcher = watcher
        self._shares = dict.fromkeys(sizes, 0.0)
        self._records = dict.fromkeys(sizes, 0)
        self._lock = threading.Lock()

    def reached(self, kind: str, share: float, records: int) -> None:
        """A kind has done a step, and has read so many records."""
        todo = {READ: "to merge", WRITTEN: "to book", BOOKED: "booked"}[share]
        self.say(kind, f"{records:,} records {todo}", share, records)

    def say(self, kind: str, word: str, share: float = 0.0, records: int = 0) -> None:
        """Says a word about a kind."""
        with self._lock:
            self._shares[kind], self._records[kind] = share, records
            size = sum(self._sizes.values())
            done = sum(self._shares[of] * part for of, part in self._sizes.items())
            if self._watcher is not None:
                self._watcher(kind, word, sum(self._records.values()), done / size if size else 0.0)
