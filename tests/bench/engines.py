"""One engine's way from NDJSON to Parquet, in a process of its own.

    python -m bench.engines duckdb pins.jsonl pins.parquet

It prints the seconds that the work took and the most memory the process held, as JSON. The rivals
are given the fields and their types, may keep any of several records of one key, and may write
rows in any order; pinlake keeps the one at the last position, in the order of the input.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.native import PLACEHOLDERS, PREFIX, text

FIELDS = {
    "index": "BIGINT",
    "unique_id": "VARCHAR",
    "title": "VARCHAR",
    "description": "VARCHAR",
    "poster_name": "VARCHAR",
    "follower_count": "VARCHAR",
    "tag_list": "VARCHAR",
    "is_image_or_video": "VARCHAR",
    "image_src": "VARCHAR",
    "downloaded": "INTEGER",
    "save_location": "VARCHAR",
    "category": "VARCHAR",
}
COLUMNS = [
    "ind",
    "unique_id",
    "title",
    "description",
    "follower_count",
    "poster_name",
    "tag_list",
    "is_image_or_video",
    "image_src",
    "save_location",
    "category",
    "downloaded",
]
UNITS = {"k": 10**3, "K": 10**3, "m": 10**6, "M": 10**6, "b": 10**9, "B": 10**9}


def by_pinlake(source: str, out: str) -> None:
    """The command line's verb."""
    from pinlake import cli

    code = cli.run(["clean", source, "--kind", "pin", "--out", out])
    if code:
        sys.exit(code)


def by_duckdb(source: str, out: str) -> None:
    """DuckDB, all in one statement."""
    import duckdb

    fields = ", ".join(f"'{name}': '{kind}'" for name, kind in FIELDS.items())
    units = " ".join(f"WHEN '{suffix}' THEN {unit}" for suffix, unit in UNITS.items())
    unit = f"CASE right(follower_count, 1) {units} ELSE 1 END"
    digits = "rtrim(follower_count, 'kKmMbB')"
    start = len(PREFIX) + 1
    columns = ", ".join(
        {
            "ind": '"index" AS ind',
            "follower_count": f"coalesce(TRY_CAST({digits} AS BIGINT) * {unit}, "
            f"CAST(TRY_CAST({digits} AS DECIMAL(28,9)) * {unit} AS BIGINT)) AS follower_count",
            "save_location": f"nullif(CASE WHEN starts_with(save_location, '{PREFIX}') "
            f"THEN save_location[{start}:] ELSE save_location END, '') AS save_location",
            "downloaded": "CAST(downloaded AS BOOLEAN) AS downloaded",
        }.get(name)
        or text(name)
        for name in COLUMNS
    )
    with duckdb.connect() as db:
        # Rows may come in any order: it is faster, and needs less memory.
        db.execute("SET preserve_insertion_order = false")
        db.execute(
            f"COPY (SELECT {columns} FROM read_json('{source}', "
            f"format = 'newline_delimited', columns = {{{fields}}}) "
            # A third less work than DISTINCT ON, which carries all columns through its groups.
            'QUALIFY row_number() OVER (PARTITION BY "index") = 1) '
            f"TO '{out}' (FORMAT parquet, COMPRESSION snappy)"
        )


def by_polars(source: str, out: str) -> None:
    """polars, lazily planned; its streaming engine takes a third more for `unique`."""
    import polars as pl

    types = {"BIGINT": pl.Int64, "INTEGER": pl.Int32, "VARCHAR": pl.String}
    schema = {name: types[kind] for name, kind in FIELDS.items()}
    count, path = pl.col("follower_count"), pl.col("save_location")
    unit = count.str.slice(-1).replace_strict(UNITS, default=1, return_dtype=pl.Int64)
    digits = count.str.strip_chars_end("kKmMbB")
    made = {
        "ind": pl.col("index"),
        # Exact for these records; a decimal would cost polars more.
        "follower_count": (digits.cast(pl.Float64, strict=False) * unit).round().cast(pl.Int64),
        "save_location": _without(path.str.strip_prefix(PREFIX), ("",)),
        "downloaded": pl.col("downloaded").cast(pl.Boolean),
    }
    texts = {
        name: _without(pl.col(name), ("", *PLACEHOLDERS.get(name, ())))
        for name in COLUMNS
        if name not in made
    }
    columns = {**made, **texts}
    frame = pl.scan_ndjson(source, schema=schema).select(
        **{name: columns[name] for name in COLUMNS}
    )
    frame.unique(subset="ind", keep="any").collect().write_parquet(out, compression="snappy")


def _without(column, missing):  # type: ignore[no-untyped-def]
    import polars as pl

    return pl.when(~column.is_in(missing)).then(column)


ENGINES: dict[str, Callable[[str, str], None]] = {
    "pinlake": by_pinlake,
    "duckdb": by_duckdb,
    "polars": by_polars,
}


def peak_memory() -> int:
    """Most bytes this process held, mapped files included.

    `getrusage` also counts what its parent held before this program was loaded, so Linux's own
    figure goes first.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def main(name: str, source: str, out: str) -> None:
    """Does the work once."""
    began = time.perf_counter()
    ENGINES[name](source, out)
    took = time.perf_counter() - began
    print(json.dumps({"seconds": took, "peak": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
