"""Helpers of `config`: reading the file, naming where a value comes from, nearest names."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pinlake.errors import ConfigError

# tomllib came with Python 3.11; before, tomli is a requirement of the wheel.
_toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

FILE = "pinlake.toml"


def read_file(file: str | os.PathLike[str] | None) -> tuple[Path, dict[str, Any]]:
    """The configuration file's path and content; empty if there is none and none was named.

    Raises `ConfigError` if it cannot be read as TOML, `FileNotFoundError` if it was named and
    does not exist.
    """
    named = file or os.environ.get("PINLAKE_CONFIG")
    path = Path(named or FILE)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if named:
            raise
        return path, {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    try:
        return path, _toml.loads(text)
    except _toml.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None


def explain(problem: str, name: str, known: Iterable[str]) -> str:
    """`problem` with the nearest of the known names, or with all of them.

    >>> explain("unknown key 'landng'", "landng", ["landing", "warehouse"])
    "unknown key 'landng'; did you mean 'landing'?"
    >>> explain("unknown kind 'x'", "x", ["pin", "geo"])
    "unknown kind 'x'; known: pin, geo"
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"{problem}; did you mean {near[0]!r}?"
    return f"{problem}; known: {', '.join(names)}"


def variables(
    named: Mapping[str, str], prefix: str, nested: str
) -> list[tuple[str, dict[str, Any]]]:
    """What each variable sets, as a nested table; those that go first stand first.

    Like pydantic-settings: no difference between upper and lower case, JSON for a whole table,
    and a variable of a single key goes before it.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for name in sorted(named, key=lambda name: -name.count(nested)):
        if name.upper().startswith(prefix):
            table: Any = _table_or_text(named[name])
            for part in reversed(name[len(prefix) :].lower().split(nested)):
                table = {part: table}
            found.append((name, table))
    return found


def _table_or_text(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, Mapping) else text


def origin(key: str, layers: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Where the value of a dotted key comes from: the name of the first layer that holds it.

    >>> layers = [("PINLAKE_DEMO__POSTS", {"demo": {"posts": "5"}}), ("pinlake.toml", {"epoch": 1})]
    >>> origin("demo.posts", layers), origin("epoch", layers), origin("demo.out", layers)
    ('PINLAKE_DEMO__POSTS', 'pinlake.toml', 'default')
    """
    parts = key.split(".")
    return next((name for name, table in layers if _holds(table, parts)), "default")


def _holds(table: Any, parts: list[str]) -> bool:
    """Whether a nested table has the key, or something other than a table above it."""
    for place, part in enumerate(parts):
        if not isinstance(table, Mapping):
            return True
        if part not in table:
            # A dotted name may itself be a key ("spark.driver.memory").
            return ".".join(parts[place:]) in table
        table = table[part]
    return True
