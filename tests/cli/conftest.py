"""Tests of the command in processes of its own, each with a Spark of its own."""

from __future__ import annotations

# Says what Sparks of tests start from.
import support.session  # noqa: F401
