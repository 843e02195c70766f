"""A run: what it reads, and what its rows are stamped with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pinlake import _core
from pinlake._kinds import Kind
from pinlake._stamp import Stamp
from pinlake._tables import Warehouse

GAP_PATIENCE = 24 * 3600.0
# What `landing` begins with where a run is a stream's micro-batch.
STREAM = "stream:"


@dataclass(frozen=True)
class Run:
    """A run: what it reads and what its rows are stamped with. Made by `open_run`."""

    kind: Kind
    landing: str
    warehouse: Warehouse
    n: int | None
    """Its number; None where nothing is new: such a run leaves no trace."""
    stamp: Stamp
    landing_plan: str
    """What it reads: the core's plan, JSON."""
    nonce: str = ""
    marks: str | None = None
    """What was read before, JSON."""
    resumed: bool = False
    """Whether the plan was taken over from a process that did not finish, or has not yet."""
    gap_patience: float = GAP_PATIENCE
    runs_id: str = ""
    query: str = ""
    """Id of the streaming query whose batch it is."""
    reached: Callable[[float, int], None] = field(
        default=lambda share, records: None, repr=False, compare=False
    )
    """Called when a step of its writing is done (see `_steps`), with the records read."""

    @property
    def id(self) -> str:
        """The run id: `_run_id` of the rows it writes."""
        return self.stamp.run_id

    @property
    def ingested_at(self) -> int:
        """Ingestion time in µs since 1970 UTC: `_ingested_at` of the rows it writes."""
        return self.stamp.ingested_at

    @property
    def objects(self) -> int:
        """How many objects or files it reads."""
        return int(self._plan["objects"])

    @property
    def epoch(self) -> int:
        """Epoch of the landing."""
        return int(self._plan.get("epoch", 0))

    @property
    def layout(self) -> str:
        """`log` (partitions with offsets) or `files`."""
        return str(self._plan.get("layout", ""))

    @property
    def skipped(self) -> list[dict[str, str]]:
        """Names that are passed over, and why; the first of them if there are many."""
        return list(self._plan.get("skipped", ()))

    @property
    def skipped_count(self) -> int:
        """How many names are passed over."""
        return len(self.skipped) + int(self._plan.get("skipped_more", 0))

    @property
    def nothing_new(self) -> bool:
        """Whether there is nothing to read and no mark to move."""
        return self.n is None and self.planned and self.objects == 0

    @property
    def planned(self) -> bool:
        """Whether it reads a landing; a write without a plan has a run of its own."""
        return bool(self.landing_plan)

    @property
    def app(self) -> str:
        """The transaction id of its rows in `runs`."""
        if self.query:
            return f"pinlake/{self.kind.name}/{self.query}"
        return f"pinlake/{self.kind.name}/{self.landing}"

    @property
    def _plan(self) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(self.landing_plan) if self.planned else {}
        return plan


def landing_key(url: str) -> str:
    """A landing as `runs` names it: one text for one place."""
    return _core.landing_url(url)


def advanced(run: Run, extents: list[tuple[str, str, int, int]]) -> tuple[str, dict[str, Any]]:
    """Marks behind a run, and what became of gaps."""
    marks, report = _core.advance_marks(
        run.marks,
        run.landing_plan,
        extents,
        now=run.ingested_at,
        gap_patience=run.gap_patience,
    )
    return marks, json.loads(report)
