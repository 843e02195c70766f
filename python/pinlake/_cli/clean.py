"""`pinlake clean`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path
from typing import Annotated

import typer

from pinlake._cli.common import ConfigFile, Json, examples, print_json, print_table, tell

EPILOG = examples(
    "pinlake clean posts.jsonl --kind pin --out pins.parquet",
    "pinlake clean landing --kind geo --out geo.ndjson --quarantine bad.ndjson",
    "pinlake clean a.jsonl.gz b.csv --kind user --out - | head",
)


def clean(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT…", help="Files, folders, landings, s3:// URLs.")
    ],
    *,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="pin, geo, user or one of yours.")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="FILE.parquet, FILE.ndjson, DIR, s3://…, or -."),
    ] = None,
    quarantine: Annotated[
        str | None,
        typer.Option("--quarantine", metavar="FILE", help="NDJSON of what was rejected, and why."),
    ] = None,
    meta: Annotated[
        bool, typer.Option("--meta", help="Also the columns behind the clean ones.")
    ] = False,
    invalid: Annotated[
        str | None,
        typer.Option("--invalid", metavar="report|quarantine|fail", help="What a bad field does."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Threads; none: one a core.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Parse, clean and dedup files without Spark.

    One row an ind stays: of equal content one, of different content the last in position.
    Without --out it only counts. NDJSON, plain, gz or zst, CSV, Parquet and landings are read.
    """
    from pinlake._core import CleanJob
    from pinlake._progress import Progress, follow
    from pinlake.config import load

    settings = load(file=config, kind=[kind], invalid=invalid)
    plan = settings.plans()[kind]
    with _place(out, loads(plan)["table"]) as file:
        job = CleanJob(
            plan,
            inputs,
            out=file,
            quarantine=quarantine,
            meta=meta,
            invalid=settings.invalid,
            threads=threads,
            options=dict(settings.storage) or None,
        )
        shown = Progress("clean", unit="records")
        counts = loads(follow(job.run, shown, count=lambda: job.progress()[0], stop=job.stop))
    if out == "-":
        tell(", ".join(f"{name} {value:,}" for name, value in counts.items()))
    elif json:
        print_json(counts)
    else:
        print_table(("kind", *counts), [(kind, *counts.values())])


@contextmanager
def _place(out: str | None, table: str) -> Iterator[str | None]:
    """The file to write: a folder gets `<table>.parquet`, stdout a file that is copied there.

    Rows may be taken back to the very end, so stdout cannot be written as they come.
    """
    if out == "-":
        with tempfile.TemporaryDirectory(prefix="pinlake-") as folder:
            file = Path(folder, "rows.ndjson")
            yield str(file)
            sys.stdout.flush()
            with file.open("rb") as rows:
                shutil.copyfileobj(rows, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    elif out is not None and (out.endswith("/") or Path(out).is_dir()) and "://" not in out:
        Path(out).mkdir(parents=True, exist_ok=True)
        yield str(Path(out, f"{table}.parquet"))
    else:
        yield out


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Parse, clean, dedup without Spark.")(clean)
