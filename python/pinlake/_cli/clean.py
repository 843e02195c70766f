"""`pinlake clean`."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from pinlake import _core
from pinlake._cli.common import ConfigFile, Json, examples, print_json, print_table, tell
from pinlake._skipped import first_names, told
from pinlake.errors import ConfigError

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
    Without --out it only counts. Names that look like no records are passed over and told. NDJSON,
    plain, gz or zst, CSV, Parquet and landings are read.
    """
    from pinlake._progress import Progress, follow
    from pinlake.config import load

    for option, place in (("--out", out), ("--quarantine", quarantine)):
        if place == "":
            raise ConfigError(f"{option} is empty: name a file, or leave the option out")
    settings = load(file=config, kind=[kind], invalid=invalid)
    plan = settings.plans()[kind]
    options = dict(settings.storage) or None
    out = _named(out, loads(plan)["table"])
    # What goes to S3 or stdout is written to a file of its own first: the core cannot see where to.
    _core.check_apart(inputs, [place for place in (out, quarantine) if place not in (None, "-")])
    with _place(out, options) as file:
        job = _core.CleanJob(
            plan,
            inputs,
            out=file,
            quarantine=quarantine,
            meta=meta,
            invalid=settings.invalid,
            threads=threads,
            options=options,
        )
        shown = Progress("clean", unit="records")
        done = loads(follow(job.run, shown, count=lambda: _done(job), stop=job.stop))
    counts, skipped = done["counts"], done["skipped"]
    if skipped:
        tell(f"{kind}: {told(len(skipped) + done['skipped_more'], first_names(skipped))}")
    if out == "-":
        tell(", ".join(f"{name} {value:,}" for name, value in counts.items()))
    elif json:
        print_json(counts)
    else:
        print_table(("kind", *counts), [(kind, *counts.values())])


def _done(job: _core.CleanJob) -> tuple[int, float]:
    """Records read, and their share of the work by the tasks that are done."""
    records, done, tasks = job.progress()
    return records, done / tasks if tasks else 0.0


def _named(out: str | None, table: str) -> str | None:
    """The file to write: a folder gets `<table>.parquet`."""
    if out and (out.endswith("/") or (not _remote(out) and Path(out).is_dir())):
        return f"{out.rstrip('/')}/{table}.parquet"
    return out


def _remote(out: str) -> bool:
    return re.match(r"s3[an]?://", out) is not None


@contextmanager
def _place(out: str | None, options: dict[str, str] | None) -> Iterator[str | None]:
    """The file to write rows to; for stdout and S3 one that goes there in the end.

    Rows may be taken back to the very end, so neither can be written as they come.
    """
    if out is None or (out != "-" and not _remote(out)):
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="pinlake-") as folder:
        file = Path(folder, "rows.ndjson" if out == "-" else PurePosixPath(out).name)
        yield str(file)
        if out != "-":
            _core.upload(file, out, options=options)
            return
        sys.stdout.flush()
        with file.open("rb") as rows:
            shutil.copyfileobj(rows, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Parse, clean, dedup without Spark.")(clean)
