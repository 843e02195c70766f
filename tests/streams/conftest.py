"""What tests of streams from brokers may use."""

from __future__ import annotations

from support.streaming import sources, stand_in_credentials

__all__ = ["sources", "stand_in_credentials"]
