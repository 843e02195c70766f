"""`pinlake stream`."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinlake._cli.common import (
    ConfigFile,
    Json,
    Kinds,
    Warehouse,
    check_warehouse,
    examples,
    print_json,
    print_table,
    required,
    tell,
)

if TYPE_CHECKING:
    from rich.table import Table

    from pinlake._follow import View
    from pinlake.config import Config

EPILOG = examples(
    "pinlake stream --from kinesis://us-east-1 --user-id demo --warehouse ./lake",
    "pinlake stream --from kafka://localhost:9092 --warehouse ./lake --once",
    "pinlake stream --from landing:./landing --warehouse ./lake --trigger 1m",
)
_HEADS = ("kind", "state", "batches", "records", "records/s", "batch", "behind", "quarantined")


def stream(
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="SOURCE", help="kinesis://region, kafka://host:9092, landing:URL."
        ),
    ] = None,
    warehouse: Warehouse = None,
    kind: Kinds = None,
    user_id: Annotated[
        str | None, typer.Option("--user-id", metavar="ID", help="Whose: names are made of it.")
    ] = None,
    once: Annotated[
        bool | None, typer.Option("--once", help="End once what is there now was written.")
    ] = None,
    trigger: Annotated[
        str | None, typer.Option("--trigger", metavar="10s", help="Time between micro-batches.")
    ] = None,
    initial: Annotated[
        str | None,
        typer.Option(
            "--initial", metavar="earliest|latest", help="Where a query begins the first time."
        ),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option("--checkpoint", metavar="DIR", help="Folder of the queries' checkpoints."),
    ] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", metavar="merge|append", help="How rows are written.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Bring records into the silver tables as they arrive, one query a kind.

    Goes on until Ctrl-C, which lets micro-batches end (60 s at most); a second one does not wait.
    Killed anywhere, the next start does the last micro-batch again and changes nothing that was
    done.
    """
    from pinlake._cli.spark import session
    from pinlake._feeds import feeds
    from pinlake._follow import follow
    from pinlake.config import load

    settings = load(
        file=config,
        warehouse=warehouse,
        kind=kind or None,
        user_id=user_id,
        stream={
            "source": source,
            "once": once,
            "trigger": trigger,
            "initial": initial,
            "checkpoint": checkpoint,
            "mode": mode,
        },
    )
    if not settings.stream.source:
        raise typer.BadParameter("no source given: --from, or source under [stream]")
    check_warehouse(required(settings, "warehouse", "--warehouse"), must_exist=False)
    with session(settings.spark) as spark, _stop_on_signal() as stop, _shown(settings) as show:
        views = follow(feeds(spark, settings), show, stop)
    if json:
        print_json([_plain(view) for view in views])
    else:
        print_table(_HEADS, [_cells(view) for view in views])


@contextlib.contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """An event that the first signal sets; the second one ends the process."""
    stop = threading.Event()

    def first(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.default_int_handler)
        tell("stopping: micro-batches under way are let end; once more to cut them off")
        stop.set()

    before = {name: signal.signal(name, first) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextlib.contextmanager
def _shown(settings: Config) -> Iterator[Any]:
    """Shows views: a table in a terminal, else a line a micro-batch."""
    if not sys.stderr.isatty():
        tell(f"stream: from {settings.stream.source} to {settings.warehouse}")
        yield _line
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:

        def show(views: Sequence[View], fresh: View | None) -> None:
            live.update(_table(views))

        yield show


def _line(views: Sequence[View], fresh: View | None) -> None:
    if fresh is not None:
        tell(str(fresh))


def _table(views: Sequence[View]) -> Table:
    from rich.table import Table

    table = Table(box=None)
    for place, head in enumerate(_HEADS):
        table.add_column(head, justify="left" if place < 2 else "right")
    for view in views:
        table.add_row(*_cells(view))
    return table


def _cells(view: View) -> tuple[str, ...]:
    lag = view.lag(_now())
    return (
        view.kind,
        view.state,
        f"{view.batches:,}",
        f"{view.records:,}",
        f"{view.rate:,.0f}",
        f"{view.seconds:.1f} s",
        "" if lag is None else f"{lag:.1f} s",
        f"{view.quarantined:,}",
    )


def _plain(view: View) -> dict[str, Any]:
    found = asdict(view)
    found["newest"] = None if view.newest is None else view.newest.isoformat()
    return found


def _now() -> datetime:
    return datetime.now(timezone.utc)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Records into the silver tables as they arrive.")(stream)
