"""What several verbs share: options, and how reports reach stdout."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pinlake.config import Config

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings file instead of ./pinlake.toml."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help="pin, geo, user or one of yours; repeatable."),
]
Landing = Annotated[
    str | None,
    typer.Option("--landing", metavar="URL", help="Folder or s3://bucket/prefix of the objects."),
]
Warehouse = Annotated[
    str | None,
    typer.Option("--warehouse", metavar="DIR|CATALOG.SCHEMA", help="Where the tables lie."),
]
MaxQuarantine = Annotated[
    float | None,
    typer.Option("--max-quarantine", metavar="SHARE", help="Fail above this share quarantined."),
]
MaxErrors = Annotated[
    float | None,
    typer.Option("--max-errors", metavar="SHARE", help="Fail above this share with a bad field."),
]


def examples(*lines: str) -> str:
    """Examples for the end of a verb's help; the mark keeps their lines apart."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def tell(text: str = "") -> None:
    """A message: on stderr, so that data on stdout stays data."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """A report as JSON on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as aligned text on stdout; numbers stand right, with thousands separated."""
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    numeric = [all(_is_number(line[i]) for line in cells[1:]) for i in range(len(heads))]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    for line in cells:
        parts = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ]
        print("  ".join(parts).rstrip())


def _cell(value: Any) -> str:
    """A value on one line: what records hold must not speak to the terminal."""
    from pinlake._report.text import shown

    return "" if value is None else str(value) if isinstance(value, bool) else shown(value)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[\d,]+(\.\d+)?", text) is not None


def required(config: Config, name: str, option: str) -> str:
    """A setting that the verb needs. Raises `ConfigError` naming the ways to give it."""
    from pinlake.errors import ConfigError

    value = getattr(config, name)
    if not value:
        raise ConfigError(
            f"no {name} given: use {option}, PINLAKE_{name.upper()} or {name} in pinlake.toml"
        )
    return str(value)


def is_folder(place: str) -> bool:
    """Whether a place is a path of this machine rather than a URL or `catalog.schema`."""
    from pinlake._doctor import is_path

    return "://" not in place and is_path(place)


def check_landing(landing: str) -> None:
    """Says at once, before Spark starts, that a local landing cannot be read.

    Raises `SourceError` if it is a file, cannot be read or holds no file, `FileNotFoundError`
    if it is not there.
    """
    from pinlake.errors import SourceError

    if "://" in landing:
        return
    folder = Path(landing)
    if not folder.exists():
        raise FileNotFoundError(2, "No such file or directory", landing)
    if not folder.is_dir():
        raise SourceError(f"{landing}: a file; a landing is the folder that holds topics/")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise PermissionError(13, "Permission denied", landing)
    if not any(files for _, _, files in os.walk(folder)):
        raise SourceError(
            f"{landing}: holds no object; fill it, for instance with "
            f"'pinlake emulate --to landing:{landing} --count 1000'"
        )


def check_warehouse(warehouse: str, *, must_exist: bool) -> None:
    """Says at once, before Spark starts, that a warehouse folder cannot serve.

    Raises `SinkError` if it is a file or cannot be written; if it must exist, `SourceError` if it
    holds no table and `FileNotFoundError` if it is not there.
    """
    from pinlake.errors import SinkError, SourceError

    if not is_folder(warehouse):
        return
    folder = Path(warehouse)
    if folder.is_dir():
        if must_exist and not any(folder.glob("*/_delta_log")):
            raise SourceError(f"{warehouse}: holds no Delta table; make them with pinlake run")
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied", warehouse)
        return
    if folder.exists():
        raise SinkError(f"{warehouse}: a file; a warehouse is a folder of tables")
    if must_exist:
        raise FileNotFoundError(2, "No such file or directory", warehouse)
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise SinkError(f"{warehouse}: cannot be made, {above} is not writable; name another")
