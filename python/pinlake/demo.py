"""The whole pipeline on this machine: posts → landing objects → Delta tables and their books.

`demo(…)` is what `pinlake demo` runs. Its folder holds `landing/` (objects as Kafka Connect's S3
sink names them), `tables/` (the warehouse), `stream/` (the same tables, written by streams),
`report.html` (what is in the warehouse) and `demo.json` (what was demonstrated there). A second
demo in the same folder goes on: the same posts are sent again behind the last offset, as the
emulators of this pipeline do, and no table changes but by posts that are new.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake._books import RunReport
    from pinlake._compare import Comparison
    from pinlake._follow import Watcher as Views
    from pinlake._steps import Watcher
    from pinlake.config import Config

STATE = "demo.json"
STATE_VERSION = 1

# Enough of each for the books to have something to tell.
FAULTS = {"duplicate": 0.02, "corrupt": 0.004, "retyped_field": 0.004}

# Made posts: one seed, so that a demo can be told from another by its number of posts alone.
SEED = 100

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where a demo keeps its things."""

    folder: Path
    source: str
    """`made`, or the folder that the records come from."""

    @property
    def landing(self) -> Path:
        """The landing objects."""
        return self.folder / "landing"

    @property
    def tables(self) -> Path:
        """The warehouse."""
        return self.folder / "tables"

    @property
    def stream(self) -> Path:
        """The warehouse of the streaming half."""
        return self.folder / "stream"

    @property
    def report(self) -> Path:
        """The page that says what became of it all."""
        return self.folder / "report.html"

    @property
    def times(self) -> int:
        """How many demos went here."""
        return int(self._state().get("times", 0))

    def _state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(Path(self.folder, STATE).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ConfigError(
                f"{self.folder / STATE}: not a demo's note ({error}); give --out another folder"
            ) from None
        return state

    def fits(self) -> bool:
        """Whether this demo can go on here: the folder is new, empty, or of the same source."""
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return True
        return self._state().get("source") == self.source

    def note(self) -> None:
        """Writes down what is demonstrated here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {"version": STATE_VERSION, "source": self.source, "times": self.times + 1}
        Path(self.folder, STATE).write_text(json.dumps(state) + "\n", "utf-8")


def place(out: Path, source: Path | None, *, tell: Tell) -> Place:
    """The folder of a demo: `out`, or beside it if that holds a demo of other records.

    Raises `ConfigError` if `out` is a file or holds something that is no demo.
    """
    named = "made" if source is None else str(source.resolve())
    wanted = Place(out, named)
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: a file; give --out a folder")
    if out.exists() and any(out.iterdir()) and not Path(out, STATE).exists():
        raise ConfigError(f"{out}: holds other things than a demo; give --out a folder of its own")
    number = 1
    found = wanted
    while not found.fits():
        number += 1
        found = Place(out.with_name(f"{out.name}-{number}"), named)
    if found is not wanted:
        tell(f"{out} holds a demo of other records; this one goes to {found.folder}")
    elif found.times:
        tell(f"{out} holds {found.times} demo(s); the posts are sent again behind them")
    return found


def fill(where: Place, config: Config, source: Path | None) -> dict[str, int]:
    """Makes the landing objects; records by kind."""
    if source is not None:
        files = files_of(source, config.plans())
        return land_files(files, where.landing, flush_size=config.demo.flush_size)
    from pinlake._core import Emulator

    emulator = Emulator(
        seed=SEED, count=config.demo.posts, user_id=config.user_id, faults=dict(FAULTS)
    )
    report = emulator.run(f"landing:{where.landing}", flush_size=config.demo.flush_size)
    kinds: dict[str, int] = report["kinds"]
    return kinds


def demo(
    spark: SparkSession,
    config: Config,
    where: Place,
    *,
    progress: Watcher | None = None,
) -> RunReport:
    """Landing → tables, over what `fill` has made; the same as `pinlake run`."""
    from pinlake.pipeline import run_batch

    settings = config.model_copy(
        update={"landing": str(where.landing), "warehouse": str(where.tables)}
    )
    return run_batch(spark, settings, progress=progress)


def stream(
    spark: SparkSession,
    config: Config,
    where: Place,
    kinds: Sequence[str],
    *,
    watch: Views | None = None,
) -> list[Comparison]:
    """The streaming half: the same landing as a stream, to tables of its own, and how these compare
    with the batch half's, kind by kind."""
    import threading

    from pinlake._compare import compare
    from pinlake._feeds import feeds
    from pinlake._follow import follow
    from pinlake._kinds import Kind
    from pinlake._tables import Warehouse

    settings = config.stream.model_copy(
        update={"source": f"landing:{where.landing}", "once": True, "checkpoint": None}
    )
    changed = {"warehouse": str(where.stream), "stream": settings, "kind": list(kinds)}
    config = config.model_copy(update=changed)
    follow(feeds(spark, config), watch or (lambda views, fresh: None), threading.Event())
    names = dict(config.tables)
    first, second = (Warehouse.of(str(place), names) for place in (where.tables, where.stream))
    return compare(spark, first, second, map(Kind.of, config.plans().values()))


# ---- real records ------------------------------------------------------------------------------

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
# What the three tables hold as numbers; a CSV does not say.
_NUMERIC = frozenset({"index", "ind", "downloaded", "age", "latitude", "longitude"})
# The names of the three tables where this pipeline comes from.
_TABLES = {"pin": "pinterest_data", "geo": "geolocation_data", "user": "user_data"}


def files_of(source: Path, kinds: Collection[str]) -> dict[str, list[Path]]:
    """The tables and streams in a folder by kind, in the order in which they are replayed.

    They are found by name (`pinterest_data`, `geolocation_data`, `user_data`, `*.pin.*` …), CSV,
    JSON lines or Parquet. Raises `FileNotFoundError` if there is no such folder and `SourceError`
    if it is a landing or no file in it is of any kind.
    """
    if not source.is_dir():
        raise FileNotFoundError(2, "No such file or directory", str(source))
    if any(source.glob("**/partition=*")):
        raise SourceError(f"{source}: is a landing; read it with pinlake run --landing {source}")
    found = {kind: files for kind in kinds if (files := _files_of(kind, source))}
    if not found:
        raise SourceError(
            f"{source}: no table or stream of {', '.join(kinds)}; files are found by name, as in "
            f"pinterest_data.csv or stream.pin.jsonl"
        )
    return found


def land_files(
    files: Mapping[str, list[Path]], landing: Path, *, flush_size: int
) -> dict[str, int]:
    """Every record of those files as landing objects, in file order, duplicates included.

    Returns records by kind. Raises `SourceError` for a file that is neither CSV, JSON lines nor
    Parquet.
    """
    counts = {}
    for kind, paths in files.items():
        records = (record for path in paths for record in _records(path))
        counts[kind] = _land(records, landing, f"real.{kind}", flush_size)
    return counts


def _files_of(kind: str, source: Path) -> list[Path]:
    """The files whose names say the kind, sorted."""
    word = re.compile(rf"(?<![a-z]){kind}(?![a-z])|{_TABLES.get(kind, '(?!)')}")
    files = (path for path in source.rglob("*") if path.is_file())
    return sorted(path for path in files if word.search(path.name.lower()))


def _records(file: Path) -> Iterator[bytes]:
    """The records of a file, a line each."""
    if file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as text:
            for row in csv.DictReader(text):
                pairs = (
                    f"{json.dumps(name)}: {_value(name, value)}" for name, value in row.items()
                )
                yield ("{" + ", ".join(pairs) + "}").encode()
    elif file.suffix == ".parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(file).iter_batches():
            for row in batch.to_pylist():
                yield json.dumps(row, ensure_ascii=False, default=str).encode()
    elif file.suffix in (".jsonl", ".ndjson", ".json"):
        with file.open("rb") as lines:
            yield from (line.rstrip(b"\r\n") for line in lines if line.strip())
    else:
        raise SourceError(f"{file}: give CSV, JSON lines or Parquet, unpacked")


def _value(name: str, text: str | None) -> str:
    if name in _NUMERIC and text is not None and _NUMBER.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _land(records: Iterator[bytes], landing: Path, topic: str, flush_size: int) -> int:
    """Writes objects behind the last offset, `flush_size` records each; how many records."""
    folder = landing / "topics" / topic / "partition=0"
    folder.mkdir(parents=True, exist_ok=True)
    first = offset = _next_offset(folder)
    while lines := list(islice(records, flush_size)):
        Path(folder, f"{topic}+0+{offset:010}.json").write_bytes(b"\n".join(lines) + b"\n")
        offset += len(lines)
    return offset - first


def _next_offset(folder: Path) -> int:
    last = max(folder.glob("*.json"), default=None)
    if last is None:
        return 0
    start = int(last.stem.rsplit("+", 1)[1])
    return start + last.read_bytes().count(b"\n")
