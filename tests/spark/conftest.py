"""What tests on Spark may use."""

from __future__ import annotations

from support.session import spark, warehouse

__all__ = ["spark", "warehouse"]
