"""`pinlake config`."""

from __future__ import annotations

from typing import Any

import typer

from pinlake._cli.common import ConfigFile, Json, examples, print_json, print_table

EPILOG = examples("pinlake config", "PINLAKE_LANDING=/data/landing pinlake config --json")


def config(*, config: ConfigFile = None, json: Json = False) -> None:
    """Print every setting that holds and where it comes from; secrets are masked.

    Arguments go before environment variables (PINLAKE_LANDING, PINLAKE_EMULATE__COUNT), these
    before pinlake.toml, that before the defaults.
    """
    from pinlake.config import load

    rows = load(file=config).shown()
    if json:
        print_json({key: {"value": value, "from": where} for key, value, where in rows})
    else:
        print_table(("setting", "value", "from"), [(k, _text(v), w) for k, v, w in rows])


def _text(value: Any) -> str:
    if value is None or value in ({}, []):
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Print the settings that hold, secrets masked.")(config)
