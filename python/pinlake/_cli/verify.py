"""`pinlake verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pinlake._cli.common import ConfigFile, Json, examples, print_json, print_table

EPILOG = examples(
    "pinlake verify --ledger run.ledger --against landing:./landing",
    "pinlake verify --ledger run.ledger --against landing:s3://bucket --json",
    "pinlake verify --ledger run.ledger --against objects:s3://bucket/posts",
)

# What a person reads of each count; those of nothing are left out, but the first three.
_COUNTS = {
    "sent": "records that the ledger tells of",
    "seen": "records there",
    "arrived": "arrived",
    "arrived_unsettled": "of these, without an acknowledgement",
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
            help="landing: or objects: DIR|s3://…, kafka://host, kinesis://region; repeatable.",
        ),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Explain every record: what was sent, against what arrived.

    Exit code 1 if a record is missing, altered, doubled or unexpected and nothing explains it.
    """
    from pinlake._core import verify as judge
    from pinlake.config import load
    from pinlake.errors import ConfigError

    settings = load(file=config)
    if ledger is None or not against:
        raise ConfigError("say which ledger and which target: --ledger FILE --against TARGET")
    verdicts = [judge(ledger, target, options=settings.options_of(target)) for target in against]
    if json:
        print_json(verdicts[0] if len(verdicts) == 1 else verdicts)
    else:
        for verdict in verdicts:
            _print(verdict)
    if any(verdict["unexplained"] for verdict in verdicts):
        raise typer.Exit(1)


def _print(verdict: dict[str, Any]) -> None:
    counts = {name: _count(verdict[name]) for name in _COUNTS}
    rows = [
        (text, counts[name]) for name, text in _COUNTS.items() if counts[name] or name in _ALWAYS
    ]
    print_table((verdict["target"], "records"), rows)
    shown = [one for name in _COUNTS for one in _shown(verdict[name])]
    if shown:
        print()
        heads = ("what", "record", "kind", "key", "at")
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
