"""(d) NDJSON → Parquet without Spark, each engine in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import Data
from bench.engines import COLUMNS, ENGINES
from bench.equal import same_files
from bench.measure import Figure, alternate, say

TARGETS = {"duckdb": 1.2, "polars": 1.5}


def large_file(data: Data, rounds: int) -> list[Figure]:
    """Parse, clean, one row a key; the process's whole life is timed."""
    source = data.pins()
    outs = {name: data.folder / f"{name}.parquet" for name in ENGINES}
    for name in ENGINES:
        run(name, source, outs[name])
    rows = same_files(outs, COLUMNS)
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in ENGINES}
    runs = {name: partial(run, name, source, out) for name, out in outs.items()}

    def keep(results: dict[str, dict[str, Any]]) -> None:
        for name, result in results.items():
            told[name].append(result)

    took = alternate(runs, rounds, check=keep)
    peaks = {name: max(result["peak"] for result in results) for name, results in told.items()}
    inside = {name: median(result["seconds"] for result in told[name]) for name in told}
    sizes = {name: out.stat().st_size for name, out in outs.items()}
    what = f"NDJSON of {source.stat().st_size / 1e6:,.0f} MB → Parquet, {rows:,} rows"
    figures = []
    for number, (name, target) in enumerate(TARGETS.items()):
        notes = {
            label: f"{values[name]:{form}}{unit} (pinlake {values['pinlake']:{form}}{unit})"
            for label, values, form, unit in (
                ("most memory", {k: v / 2**20 for k, v in peaks.items()}, ",.0f", " MiB"),
                ("without starting Python", inside, ".2f", " s"),
                ("file", {k: v / 1e6 for k, v in sizes.items()}, ",.0f", " MB"),
            )
        }
        shown = what if number == 0 else "… the same"
        figures.append(Figure("d", shown, took["pinlake"], name, took[name], target, notes))
    return figures


def run(name: str, source: Path, out: Path) -> dict[str, Any]:
    """One engine, one process; what it says of itself."""
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.engines", name, str(source), str(out)]
    tests = str(Path(__file__).resolve().parents[1])
    paths = {**os.environ, "PYTHONPATH": tests}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=paths)
    if done.returncode != 0:
        say(f"    {name} ended with {done.returncode}")
        raise SystemExit(1)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
