"""`pinlake check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pinlake._cli.common import ConfigFile, Json, Kinds, examples, print_json, print_table

EPILOG = examples(
    "pinlake check --from kafka://localhost:9092 --user-id u1 --out ./consumed",
    "pinlake check --from kinesis://us-east-1 --user-id u1 --out ./consumed",
)


def check(
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TARGET",
            help="kafka://host:9092, kinesis://region, gateway+https://…",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")] = Path(),
    user_id: Annotated[
        str | None, typer.Option("--user-id", metavar="ID", help="Topics are <ID>.pin, …")
    ] = None,
    kind: Kinds = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Consume topics or streams into pin_consumer.json, geo_consumer.json, user_consumer.json.

    Each file is one JSON array of topic, partition, offset, key and value (of streams: name, shard,
    sequence number); a stream that all kinds share has one file, called after it. It joins no
    consumer group and commits no offset: the next check reads all again.
    """
    from pinlake._cli.streams import STREAMS
    from pinlake._cli.topics import TOPICS
    from pinlake._core import consume_logs
    from pinlake.config import load
    from pinlake.errors import ConfigError

    settings = load(file=config, user_id=user_id, kind=kind or None)
    log = next((log for log in (TOPICS, STREAMS) if log.has(source)), None)
    if log is None:
        raise ConfigError(f"say what to consume: --from {TOPICS.example} or {STREAMS.example}")
    by_kind = log.by_kind(settings, source)
    if len(set(by_kind.values())) == len(by_kind):
        files = {name: out / f"{kind}_consumer.json" for kind, name in by_kind.items()}
    else:
        files = {name: out / f"{name}_consumer.json" for name in by_kind.values()}
    records = log.call(consume_logs, settings, source, files)
    rows = [
        {"topic": topic, "records": records[topic], "file": str(path)}
        for topic, path in files.items()
    ]
    if json:
        print_json(rows)
    else:
        print_table(("topic", "records", "file"), [list(row.values()) for row in rows])


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Consume topics or streams into JSON files.")(check)
