"""Real components on loopback, started as they are first asked for."""

from __future__ import annotations

from support.components.fixtures import kafka, kinesalite, localstack, mariadb

__all__ = ["kafka", "kinesalite", "localstack", "mariadb"]
