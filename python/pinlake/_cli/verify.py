"""`pinlake verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinlake._cli.common import (
    ConfigFile,
    Json,
    check_warehouse,
    examples,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from pinlake.config import Config

EPILOG = examples(
    "pinlake verify --ledger run.ledger --against landing:./landing",
    "pinlake verify --ledger run.ledger --against landing:s3://bucket --json",
    "pinlake verify --ledger run.ledger --against objects:s3://bucket/posts",
    "pinlake verify --ledger run.ledger --against landing:./landing --against tables:./lake",
)

# What a person reads of each count; those of nothing are left out, but the first three.
_COUNTS = {
    "sent": "records that the ledger tells of",
    "seen": "records there",
    "arrived": "arrived",
    "arrived_unsettled": "of these, without an acknowledgement",
    "winners": "of these, rows of the tables",
    "duplicates": "of these, of the same content as their row",
    "superseded": "of these, replaced by a later record",
    "quarantined": "of these, in quarantine",
    "replayed": "rows there that a replay has brought",
    "repeats": "there once more, as they were sent again",
    "withheld": "withheld on purpose",
    "unsettled": "not there, and never acknowledged",
    "failed": "not there, and refused",
    "orphans": "posts without a pin, as none was sent",
    "missing": "MISSING: acknowledged, and not there",
    "altered": "ALTERED: another record in their place",
    "doubled": "DOUBLED: there more often than sent",
    "refused": "REFUSED, and there all the same",
    "unexpected": "UNEXPECTED: not of this ledger",
}
_ALWAYS = ("sent", "seen", "arrived")


def verify(
    *,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", metavar="FILE", help="Ledger of the emulation.")
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="TARGET",
            help="landing: or objects: DIR|s3://…, tables:DIR|CATALOG.SCHEMA, kafka://host, "
            "kinesis://region, gateway+https://…; repeatable.",
        ),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Explain every record: what was sent, against what arrived.

    Exit code 1 if a record is missing, altered, doubled or unexpected and nothing explains it.
    """
    from pinlake.config import load
    from pinlake.errors import ConfigError

    settings = load(file=config)
    if ledger is None or not against:
        raise ConfigError("say which ledger and which target: --ledger FILE --against TARGET")
    verdicts = [_verdict(settings, ledger, target) for target in against]
    if json:
        print_json(verdicts[0] if len(verdicts) == 1 else verdicts)
    else:
        for verdict in verdicts:
            _print(verdict)
    if any(verdict["unexplained"] for verdict in verdicts):
        raise typer.Exit(1)


def _verdict(settings: Config, ledger: Path, target: str) -> dict[str, Any]:
    from pinlake import _core

    where = target.removeprefix("tables:")
    if where == target:
        return _core.verify(ledger, target, options=settings.options_of(target))
    from pinlake._cli.spark import session
    from pinlake._tables import Warehouse
    from pinlake._verify import judged

    # All that can be refused without Spark, before it starts.
    tables = Warehouse.of(where, settings.tables)
    check_warehouse(where, must_exist=True)
    judge = _core.TablesJudge(ledger)
    with session(settings.spark) as spark:
        return judged(spark, judge, tables)


def _print(verdict: dict[str, Any]) -> None:
    counts = {name: _count(verdict.get(name, 0)) for name in _COUNTS}
    rows = [
        (text, counts[name]) for name, text in _COUNTS.items() if counts[name] or name in _ALWAYS
    ]
    print_table((verdict["target"], "records"), rows)
    shown = [one for name in _COUNTS for one in _shown(verdict.get(name, 0))]
    if shown:
        print()
        heads = ["what", "record", "kind", "key", "at", "why"]
        heads = [head for head in heads if any(head in one for one in shown)]
        print_table(heads, [[one.get(head) for head in heads] for one in shown])
    print("every record is explained" if not verdict["unexplained"] else "NOT explained")
    print()


def _count(value: int | dict[str, Any]) -> int:
    return value if isinstance(value, int) else int(value["count"])


def _shown(value: int | dict[str, Any]) -> list[dict[str, Any]]:
    return [] if isinstance(value, int) else value["shown"]


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Explain every record that was sent.")(verify)
