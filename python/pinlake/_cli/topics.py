"""`pinlake topics`: those of one user id in a Kafka cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinlake._cli.common import ConfigFile, Json, Kinds, examples, print_json, print_table, tell

if TYPE_CHECKING:
    from pinlake.config import Config

EPILOG = examples(
    "pinlake topics create --at kafka://localhost:9092 --user-id u1 --partitions 3",
    "pinlake topics list --at kafka://localhost:9092",
    "pinlake topics describe --at kafka://localhost:9092 --user-id u1 --kind pin",
    "pinlake topics delete --at kafka://localhost:9092 --user-id u1",
)

At = Annotated[str | None, typer.Option("--at", metavar="URL", help="kafka://host:9092[,…].")]
UserId = Annotated[
    str | None, typer.Option("--user-id", metavar="ID", help="Topics are <ID>.pin, …")
]
Topic = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="NAME", help="A topic by its whole name; repeatable."),
]

_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, epilog=EPILOG, short_help="Topics in Kafka."
)


@_app.callback()
def _topics() -> None:
    """Create, list, describe and delete topics: <user id>.pin, <user id>.geo, <user id>.user."""


def _named(settings: Config, topics: list[str] | None) -> list[str]:
    kinds = list(settings.kind) or ["pin", "geo", "user"]
    return topics or [f"{settings.user_id}.{kind}" for kind in kinds]


def _brokers(at: str | None) -> str:
    from pinlake.errors import ConfigError

    if at is None or not at.startswith("kafka://"):
        raise ConfigError("say which cluster: --at kafka://host:9092")
    return at


@_app.command()
def create(
    *,
    at: At = None,
    user_id: UserId = None,
    kind: Kinds = None,
    topic: Topic = None,
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
    from pinlake.config import load

    settings = load(file=config, user_id=user_id, kind=kind or None)
    names = _named(settings, topic)
    there = create_topics(
        _brokers(at),
        names,
        partitions=partitions,
        replication=replication,
        retention_ms=_milliseconds(retention),
        options=dict(settings.kafka),
    )
    for name in names:
        tell(f"{name}: {'is there already' if name in there else f'made, {partitions} partitions'}")


def _milliseconds(text: str | None) -> int | None:
    from pinlake.config import seconds
    from pinlake.errors import ConfigError

    if text is None:
        return None
    try:
        return int(float(seconds(text)) * 1000)
    except ValueError as error:
        raise ConfigError(f"--retention {text}: {error}") from None


@_app.command("list")
def list_(
    *,
    at: At = None,
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="Names that begin with it.")
    ] = "",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List topics."""
    from pinlake._core import list_topics
    from pinlake.config import load

    settings = load(file=config)
    _print(list_topics(_brokers(at), prefix, options=dict(settings.kafka)), json)


@_app.command()
def describe(
    *,
    at: At = None,
    user_id: UserId = None,
    kind: Kinds = None,
    topic: Topic = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show topics with their settings."""
    from pinlake._core import describe_topics
    from pinlake.config import load

    settings = load(file=config, user_id=user_id, kind=kind or None)
    names = _named(settings, topic)
    _print(describe_topics(_brokers(at), names, options=dict(settings.kafka)), json)


@_app.command()
def delete(
    *,
    at: At = None,
    user_id: UserId = None,
    kind: Kinds = None,
    topic: Topic = None,
    config: ConfigFile = None,
) -> None:
    """Delete topics, with all that they hold."""
    from pinlake._core import delete_topics
    from pinlake.config import load

    settings = load(file=config, user_id=user_id, kind=kind or None)
    names = _named(settings, topic)
    absent = delete_topics(_brokers(at), names, options=dict(settings.kafka))
    for name in names:
        tell(f"{name}: {'was not there' if name in absent else 'deleted'}")


def _print(topics: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json(topics)
        return
    heads = ["name", "partitions", "replication"]
    settings = sorted({name for topic in topics for name in topic.get("settings", {})})
    rows = [
        [topic[head] for head in heads] + [topic.get("settings", {}).get(name) for name in settings]
        for topic in topics
    ]
    print_table([*heads, *settings], rows)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.add_typer(_app, name="topics")
