"""Every measured number, in one run: `make bench`, or `python tests/bench/run.py`.

Contenders run in turns (A B A B …) in one session on the same data, which are made anew in a
temporary folder. Their outputs are compared before a figure counts: a difference ends the run with
exit code 1. A missed target is said, and is no failure. Results also go to a JSON file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# A folder of its own name would hide modules of others.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent]

from bench import files, in_spark, makers, questions, sending, streams, whole  # noqa: E402
from bench.data import Data, Sizes  # noqa: E402
from bench.machine import cores, doubts, machine, versions  # noqa: E402
from bench.measure import Figure, Mismatch, notes, say, table, write_json  # noqa: E402

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Comparison: rounds. Longer runs are told by fewer of them.
ROUNDS = {
    "g": 5,
    "i": 3,
    "j": 3,
    "k": 2,
    "d": 5,
    "a": 5,
    "c": 5,
    "b": 3,
    "h": 3,
    "f": 2,
    "l": 3,
    "m": 3,
}
LINES = {"e": "f"}
IN_SPARK: dict[str, Callable[[Any, Data, int], list[Figure]]] = {
    "a": in_spark.column,
    "b": in_spark.small_objects,
    "c": in_spark.large_file,
    "f": whole.whole,
    "h": questions.questions,
    "l": streams.kafka,
    "m": streams.kinesis,
}
BESIDE: dict[str, Callable[[Data, int], list[Figure]]] = {
    "d": files.large_file,
    "g": makers.makers,
    "i": sending.kafka,
    "j": sending.kinesis,
    "k": sending.gateway,
}


def main() -> int:
    """Measures, prints, and returns the exit code."""
    options = arguments()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _ended)
    place, used = machine(), versions()
    warnings = doubts()
    for warning in warnings:
        say(f"bench: {warning}")
    folder = Path(tempfile.mkdtemp(prefix="pinlake-bench-", dir=options.tmp))
    try:
        figures = measured(options, Data(folder, Sizes.of(options.scale)), folder)
    except Mismatch as error:
        say(f"bench: outputs differ, no figure counts: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    stamp = datetime.now(timezone.utc)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{table(figures)}\n")
    for line in notes(figures):
        print(line)
    print("Medians; the ratio is the median of pairs. Outputs were compared first: equal.")
    print(
        f"{place['processor']}, {place['cores']} cores, {place['memory_gib']} GiB, "
        f"{place['system']}; " + ", ".join(f"{name} {value}" for name, value in used.items())
    )
    for warning in warnings:
        print(f"NOTE: {warning}.")
    content = {
        "at": stamp.isoformat(timespec="seconds"),
        "minutes": round(minutes, 2),
        "scale": options.scale,
        "machine": place,
        "versions": used,
        "doubts": warnings,
        "figures": [figure.as_dict() for figure in figures],
    }
    path = write_json(options.out, stamp.strftime("%Y%m%dT%H%M%SZ"), content)
    print(f"{minutes:.1f} minutes; {path}")
    return 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="size of all inputs, 1 by default")
    parser.add_argument("--only", default="", help="comparisons by letter, such as a,d")
    parser.add_argument("--rounds", type=int, help="runs of each contender")
    checkout = Path(__file__).resolve().parents[2]
    parser.add_argument("--out", type=Path, default=checkout / "bench-results")
    parser.add_argument("--tmp", help="where the temporary folder is made")
    options = parser.parse_args()
    words = {LINES.get(word, word) for word in options.only.replace(",", " ").split()}
    options.only = words or set(ROUNDS)
    if not options.only <= set(ROUNDS):
        parser.error(f"--only: letters of {', '.join(sorted({*ROUNDS, *LINES}))}")
    return options


def measured(options: argparse.Namespace, data: Data, folder: Path) -> list[Figure]:
    """The comparisons asked for; what needs no Spark goes before there is one."""
    figures: list[Figure] = []
    spark = None
    for letter, rounds in ROUNDS.items():
        if letter not in options.only:
            continue
        say(f"({letter})")
        if letter in BESIDE:
            figures += BESIDE[letter](data, options.rounds or rounds)
            continue
        spark = spark or session(folder)
        figures += IN_SPARK[letter](spark, data, options.rounds or rounds)
    if spark is not None:
        spark.stop()
    return sorted(figures, key=lambda figure: figure.line)


def session(folder: Path) -> SparkSession:
    """One local session for everything, on all cores."""
    from pinlake._session import local_session

    jars = Path(__file__).resolve().parents[2] / ".jars" / "4.1"
    if jars.is_dir():
        os.environ.setdefault("PINLAKE_JARS", str(jars))
    say("  starting Spark")
    # Its workers know only what it was started with, and one source asks AWS's chain.
    with sending.aws_environment():
        return local_session(
            master=f"local[{cores()}]",
            app="pinlake bench",
            conf={
                "spark.driver.memory": "4g",
                "spark.local.dir": str(folder / "spark"),
                "spark.sql.warehouse.dir": str(folder / "spark-warehouse"),
                "spark.ui.showConsoleProgress": "false",
            },
        )


def _ended(number: int, frame: FrameType | None) -> None:
    """A kind signal still removes the temporary folder."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
