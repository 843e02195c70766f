"""What tests of notebooks may use."""

from __future__ import annotations

from support.session import spark

__all__ = ["spark"]
