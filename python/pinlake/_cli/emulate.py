"""`pinlake emulate`."""

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinlake._cli.common import (
    ConfigFile,
    Json,
    Kinds,
    examples,
    print_json,
    print_table,
    tell,
)

if TYPE_CHECKING:
    from pinlake._core import Emulator
    from pinlake.config import Config, Emulate

# Seconds behind its intended time that nobody would call late.
_LATE = 0.1

EPILOG = examples(
    "pinlake emulate --to landing:./landing --count 10000",
    "pinlake emulate --to files:./made --count 1000 --seed 7 --fault corrupt=0.01",
    "pinlake emulate --to landing:s3://bucket --order seed100 --rate course --duration 10m",
    "pinlake emulate --to - --kind pin --count 5",
    "pinlake emulate --to kafka://localhost:9092 --count 10000 --ledger run.ledger",
    "pinlake emulate --from mysql://me@db.example.com/pinterest_data --to landing:./landing",
)


def emulate(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="TARGET",
            help="files:, landing:, kafka://, kinesis://, gateway+https://, firehose://, -.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="Tables to replay: files, s3://…, mysql://…; none: made records.",
        ),
    ] = None,
    kind: Kinds = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", help="Posts, three records each.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="S", help="How long: 90s, 30m, 2h.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option("--rate", metavar="max|course|N", help="Posts a second; course: 0 or 1 s."),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option("--order", metavar="permuted|sequential|seed100", help="Order of posts."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Same seed, same bytes.")
    ] = None,
    user_id: Annotated[
        str | None, typer.Option("--user-id", metavar="ID", help="Topics are <ID>.pin, …")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME=SHARE", help="What goes wrong; repeatable."),
    ] = None,
    flush_size: Annotated[
        int | None, typer.Option("--flush-size", metavar="N", help="Landing: records an object.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Threads; none: one a core.")
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option("--ledger", metavar="FILE", help="Keep what became of each record there."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the ledger's run after a stop or crash.")
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", metavar="N", help="Counts for Prometheus, on loopback."),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make posts, or replay those of tables, into a landing, Kafka, streams, Firehose or files.

    The same seed makes the same bytes on any machine. A landing is gone on with behind its last
    offset. Without --count and --duration it goes on until Ctrl-C, which ends it cleanly; a
    second one kills it. With --ledger it can be gone on with (--resume), and 'pinlake verify'
    explains every record.
    """
    from pinlake.config import load
    from pinlake.errors import ConfigError

    settings = load(
        file=config,
        user_id=user_id,
        kind=kind or None,
        emulate={
            "to": to,
            "source": source,
            "count": count,
            "duration": duration,
            "rate": rate,
            "order": order,
            "seed": seed,
            "fault": _shares(fault),
            "flush_size": flush_size,
            "threads": threads,
            "ledger": ledger,
            "metrics_port": metrics_port,
        },
    )
    if not settings.emulate.to:
        raise ConfigError(
            "no target given: use --to landing:DIR, files:DIR, kafka://host:9092, or - for stdout"
        )
    report, stopped = _run(settings, settings.emulate, settings.emulate.to, resume=resume)
    _print(report, json, to_stdout=settings.emulate.to != "-")
    if report.get("ended") == "closed":
        raise BrokenPipeError
    if report.get("failed") or report.get("unknown"):
        raise typer.Exit(1)
    if stopped and (settings.emulate.count or settings.emulate.duration):
        raise KeyboardInterrupt


def _shares(faults: list[str] | None) -> dict[str, str] | None:
    """`NAME=SHARE` words as a table; raises `ConfigError` for another form."""
    from pinlake.errors import ConfigError

    shares: dict[str, str] = {}
    for word in faults or ():
        name, equals, share = word.partition("=")
        if not name or not equals:
            raise ConfigError(f"--fault {word}: use NAME=SHARE, as in corrupt=0.01")
        shares[name] = share
    return shares or None


def made(settings: Config, wanted: Emulate) -> Emulator:
    """The emulator of these settings."""
    from pinlake._core import Emulator

    source = wanted.source
    options = settings.storage
    if source is not None:
        options = settings.options_of(source)
        source = source.removeprefix("files:")
    return Emulator(
        source=source,
        seed=wanted.seed,
        order=wanted.order,
        count=wanted.count,
        kinds=settings.kind or None,
        user_id=settings.user_id,
        faults=dict(wanted.fault) or None,
        options=dict(options) or None,
    )


def _run(
    settings: Config, wanted: Emulate, target: str, *, resume: bool
) -> tuple[dict[str, Any], bool]:
    """The report, and whether a signal ended the run."""
    from pinlake._metrics import emulation, served
    from pinlake._progress import Progress, beat

    emulator = made(settings, wanted)

    def first(number: int, frame: FrameType | None) -> None:
        # The second one finds Python's own end.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = {name: signal.signal(name, first) for name in (signal.SIGINT, signal.SIGTERM)}
    progress = Progress("emulate", total=emulator.posts, unit="posts")

    def look() -> int:
        counts = emulator.progress()
        progress.note(_told(counts))
        return int(counts["posts"])

    try:
        with (
            served(wanted.metrics_port, lambda: emulation(emulator.progress())),
            beat(progress, look),
        ):
            report = emulator.run(
                target,
                rate=wanted.rate,
                duration=wanted.duration,
                threads=wanted.threads,
                flush_size=wanted.flush_size,
                options=settings.options_of(target) or None,
                ledger=wanted.ledger,
                resume=resume,
            )
        return report, False
    except KeyboardInterrupt:
        return {"target": target, **emulator.progress(), "ended": "stopped"}, True
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _told(counts: dict[str, Any]) -> str:
    """What became of the records so far, in front of how far the posts are."""
    words = [f"emulate, {counts['written']:,} of {counts['generated']:,} records acknowledged"]
    words += [f"{counts[name]:,} {name}" for name in ("failed", "unknown") if counts[name]]
    if counts["behind_seconds"] >= _LATE:
        words.append(f"{counts['behind_seconds']:.1f} s behind at most")
    return ", ".join(words)


def _print(report: dict[str, Any], json: bool, *, to_stdout: bool) -> None:
    if json and to_stdout:
        print_json(report)
        return
    rows = [(name, _text(report[name])) for name in report if report[name] not in (None, {}, 0)]
    if to_stdout:
        print_table(("emulated", ""), rows)
    else:
        tell(", ".join(f"{name} {value}" for name, value in rows))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items() if inner)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Make posts, or replay those of tables.")(emulate)
