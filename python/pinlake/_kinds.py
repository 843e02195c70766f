"""Kinds as Python sees them: a name or a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from pinlake import _core
from pinlake.errors import ConfigError


@dataclass(frozen=True)
class Kind:
    """A kind of record: its plan, as JSON text that the Rust core has checked.

    Make one by `Kind.of`. Wherever pinlake takes a kind it takes the name of a built-in one
    (`"pin"`, `"geo"`, `"user"`) or a `Kind`; kinds under `[kinds]` in `pinlake.toml` come from
    `pinlake.config.load().plans()`.

    >>> Kind.of("geo").columns
    ('ind', 'country', 'coordinates', 'timestamp')
    """

    plan: str

    @classmethod
    def of(cls, kind: str | Kind | Mapping[str, Any]) -> Kind:
        """The kind of a name, of a plan's JSON text, or of a plan as a mapping.

        Raises `ConfigError` for an unknown name and for a plan that breaks a rule of plans.

        >>> Kind.of("pin").table
        'pins'
        """
        if isinstance(kind, Kind):
            return kind
        if isinstance(kind, Mapping):
            return cls(_core.check_plan(json.dumps(kind, ensure_ascii=False)))
        if not isinstance(kind, str):
            raise ConfigError(f"a kind is a name or a Kind, not {type(kind).__name__}")
        return _checked(kind) if kind.lstrip().startswith("{") else _builtin(kind)

    @cached_property
    def _parsed(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.plan)
        return parsed

    @property
    def name(self) -> str:
        """Its name, also the last word of its topics and streams."""
        return str(self._parsed["name"])

    @property
    def table(self) -> str:
        """Name of its silver table."""
        return str(self._parsed["table"])

    @property
    def key(self) -> str:
        """The raw field that holds its records' index, by its own name."""
        return str(self._parsed["key"])

    @property
    def column_plans(self) -> tuple[dict[str, Any], ...]:
        """The plan of each clean column behind the key: name, raw fields, rule, placeholders."""
        return tuple(self._parsed["columns"])

    @property
    def rules(self) -> dict[str, str]:
        """The rule of each clean column behind the key."""
        return {column["name"]: column["rule"] for column in self._parsed["columns"]}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the clean columns, in order."""
        return self.frame("clean")

    def frame(self, name: str) -> tuple[str, ...]:
        """Names of the columns of a frame: clean, frame, run, silver or quarantine."""
        return tuple(_core.column_names(self.plan, name))

    def ddl(self, name: str, *, comments: bool = False) -> str:
        """The columns of a frame as Spark DDL."""
        return _core.ddl(self.plan, name, comments=comments)

    def __repr__(self) -> str:
        return f"Kind({self.name!r})"


@lru_cache(maxsize=64)
def _builtin(name: str) -> Kind:
    return Kind(_core.kind_plan(name))


@lru_cache(maxsize=64)
def _checked(plan: str) -> Kind:
    return Kind(_core.check_plan(plan))
