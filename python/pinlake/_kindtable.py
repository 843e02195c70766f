"""Kinds of a user's own, as `pinlake.toml` holds them: tables out of the same rules."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """A table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pattern(Strict):
    """A placeholder given as a regular expression that the whole value must match."""

    regex: str


Placeholder = str | Pattern

# What each rule takes beside fields and placeholders.
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "text": (),
    "count": (),
    "prefix": ("prefix",),
    "integer": ("min", "max"),
    "number": ("min", "max"),
    "coordinates": (),
    "timestamp": (),
    "joined": ("separator",),
    "boolean": (),
}
# Without it a rule means nothing; for the others the core has a default.
_NEEDED = ("prefix",)


class Column(Strict):
    """One clean column of a kind of yours."""

    name: str
    rule: Literal[
        "text",
        "count",
        "prefix",
        "integer",
        "number",
        "coordinates",
        "timestamp",
        "joined",
        "boolean",
    ] = "text"
    fields: list[str] = []
    """Raw fields in the order the rule wants them; none: the field of the column's name."""
    placeholders: list[Placeholder] = []
    comment: str = ""
    prefix: str | None = None
    min: int | float | None = None
    """Least good value; none: 0 of `integer`, any of `number`."""
    max: int | float | None = None
    """Greatest good value; none: the greatest the column holds (`integer` has 32 bits)."""
    separator: str | None = None

    @model_validator(mode="after")
    def _parameters(self) -> Column:
        known = _PARAMETERS[self.rule]
        for name in ("prefix", "min", "max", "separator"):
            given = getattr(self, name) is not None
            if given and name not in known:
                raise ValueError(f"rule {self.rule!r} takes no {name!r}")
            if not given and name in known and name in _NEEDED:
                raise ValueError(f"rule {self.rule!r} needs {name!r}")
        return self

    def plan(self) -> dict[str, Any]:
        """The column as a plan's JSON holds it."""
        given = self.model_dump(exclude_none=True)
        if self.rule == "joined":
            given.setdefault("separator", " ")
        given["fields"] = self.fields or [self.name]
        return given


class KindTable(Strict):
    """A kind of yours, as a table `[kinds.<name>]`; its name ends its topics and streams."""

    columns: list[Column] = Field(min_length=1)
    key: str = "index"
    table: str | None = None
    """Name of the silver table; none: the kind's name."""

    def plan(self, name: str) -> dict[str, Any]:
        """The kind as a plan's JSON holds it."""
        return {
            "version": 1,
            "name": name,
            "table": self.table or name,
            "key": self.key,
            "columns": [column.plan() for column in self.columns],
        }
