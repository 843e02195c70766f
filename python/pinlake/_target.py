"""Where one write goes: the session, the run and its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinlake._kinds import Kind
from pinlake._run import Run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Target:
    """Where one write goes."""

    spark: SparkSession
    run: Run
    table: str

    @property
    def kind(self) -> Kind:
        """The kind of its records."""
        return self.run.kind

    @property
    def quarantine(self) -> str:
        """SQL name of the quarantine table."""
        return self.run.warehouse.quarantine
