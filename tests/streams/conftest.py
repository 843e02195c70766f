"""What tests of streams from brokers may use."""

from __future__ import annotations

from support.session import spark, warehouse
from support.streaming import sources, stand_in_credentials

__all__ = ["sources", "spark", "stand_in_credentials", "warehouse"]
