"""`pinlake load`: tables or a dump into a database."""

from __future__ import annotations

from typing import Annotated

import typer

from pinlake._cli.common import ConfigFile, Json, examples, print_json, print_table

EPILOG = examples(
    "pinlake load ./tables --to mysql://me@localhost/pinterest_data",
    "pinlake load pinterest_data_db.sql --to mysql://me@localhost/pinterest_data --replace",
)


def load(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Tables (CSV, JSON lines, Parquet) or a dump: x.sql"),
    ],
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="mysql://[user@]host[:3306]/database"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put them in the place of tables that are there.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Load the three tables, or a dump of them, into MySQL or MariaDB.

    Files are found by name: pinterest_data, geolocation_data, user_data, *.pin.*, … A dump's tables
    are made as it says; its other tables and its settings are passed over, and a statement that no
    dump of tables needs is refused by its line. Tables get their names at the end, all at once.
    """
    from pinlake import config as settings_of
    from pinlake._core import load_tables
    from pinlake.errors import ConfigError

    settings = settings_of.load(file=config)
    if to is None or not to.startswith("mysql://"):
        raise ConfigError("say where the tables go: --to mysql://user@host/database")
    loaded = load_tables(
        source.removeprefix("files:"),
        to,
        replace=replace,
        options=settings.options_of(to),
        storage=settings.options_of(source),
    )
    if json:
        print_json(loaded)
    else:
        print_table(("table", "rows"), [(one["table"], one["rows"]) for one in loaded])


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Load tables or a dump into a database.")(load)
