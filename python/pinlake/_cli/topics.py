"""`pinlake topics`: those of one user id in a Kafka cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from pinlake._cli.common import ConfigFile, Kinds, examples, tell
from pinlake._cli.logs import At, Log, Names, UserId

EPILOG = examples(
    "pinlake topics create --at kafka://localhost:9092 --user-id u1 --partitions 3",
    "pinlake topics list --at kafka://localhost:9092",
    "pinlake topics describe --at kafka://localhost:9092 --user-id u1 --kind pin",
    "pinlake topics delete --at kafka://localhost:9092 --user-id u1",
)

TOPICS = Log(("kafka://",), "kafka://host:9092")

_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, epilog=EPILOG, short_help="Topics in Kafka."
)


@_app.callback()
def _topics() -> None:
    """Create, list, describe and delete topics: <user id>.pin, <user id>.geo, <user id>.user."""


@_app.command()
def create(
    *,
    at: At = None,
    user_id: UserId = None,
    kind: Kinds = None,
    name: Names = None,
    partitions: Annotated[
        int, typer.Option("--partitions", metavar="N", min=1, help="Partitions of each.")
    ] = 3,
    replication: Annotated[
        int | None,
        typer.Option("--replication", metavar="N", min=1, help="Copies; none: brokers' choice."),
    ] = None,
    retention: Annotated[
        str | None,
        typer.Option("--retention", metavar="TIME", help="7d, 24h …; none: brokers' choice."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Make topics that are not there yet."""
    from pinlake._core import create_topics
    from pinlake.config import duration, load

    settings = load(file=config, user_id=user_id, kind=kind or None)
    names = TOPICS.names(settings, at, name)
    there = TOPICS.call(
        *(create_topics, settings, at, names),
        partitions=partitions,
        replication=replication,
        retention_ms=None if retention is None else int(duration("--retention", retention) * 1000),
    )
    for topic in names:
        made = f"made, {partitions} partitions"
        tell(f"{topic}: {'is there already' if topic in there else made}")


TOPICS.add_verbs(_app)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.add_typer(_app, name="topics")
