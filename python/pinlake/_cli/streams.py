"""`pinlake streams`: those of one user id in Kinesis."""

from __future__ import annotations

from typing import Annotated

import typer

from pinlake._cli.common import ConfigFile, Kinds, examples, tell
from pinlake._cli.logs import At, Log, Names, UserId

EPILOG = examples(
    "pinlake streams create --at kinesis://us-east-1 --user-id u1 --shards 2",
    "pinlake streams list --at kinesis://us-east-1 --prefix streaming-",
    "pinlake streams describe --at kinesis://us-east-1 --user-id u1 --kind pin",
    "pinlake streams delete --at kinesis://us-east-1 --user-id u1",
    "pinlake streams list --at gateway+https://abc.execute-api.us-east-1.amazonaws.com/prod",
)

STREAMS = Log(("kinesis://", "gateway+http://", "gateway+https://"), "kinesis://us-east-1")

_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, epilog=EPILOG, short_help="Streams in Kinesis."
)


@_app.callback()
def _streams() -> None:
    """Create, list, describe and delete streams: streaming-<user id>-pin, -geo and -user."""


@_app.command()
def create(
    *,
    at: At = None,
    user_id: UserId = None,
    kind: Kinds = None,
    name: Names = None,
    shards: Annotated[
        int, typer.Option("--shards", metavar="N", min=1, help="Shards of each.")
    ] = 1,
    retention: Annotated[
        str | None,
        typer.Option("--retention", metavar="TIME", help="24h to 365d; none: 24 hours."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Make streams that are not there yet, and wait until they are active."""
    from pinlake._core import create_streams
    from pinlake.config import duration, load

    settings = load(file=config, user_id=user_id, kind=kind or None)
    names = STREAMS.names(settings, at, name)
    hours = None if retention is None else int(duration("--retention", retention) / 3600)
    there = STREAMS.call(
        *(create_streams, settings, at, names), shards=shards, retention_hours=hours
    )
    for stream in names:
        tell(f"{stream}: {'is there already' if stream in there else f'made, {shards} shards'}")


STREAMS.add_verbs(_app)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.add_typer(_app, name="streams")
