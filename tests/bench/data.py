"""Records to measure with, made once a run and removed with its folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import say
from pinlake._core import CleanJob, Emulator, kind_plan

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("pin", "geo", "user")
USER_ID = "pinlake"
SEED = 7

# A restarted emitter sends its first posts again: one record in 20 here.
REPEATED = 20

# Bytes of a file read at once.
_BLOCK = 64 << 20


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    records: int
    """Pins of the large file, and of the column of payloads."""
    objects: int
    """One-record objects of the landing of pins."""
    posts: int
    """Posts of the landing of all three kinds."""
    faker_posts: int
    """Posts that Faker makes a run."""
    sent: int
    """Records that are sent to Kafka."""
    streamed: int
    """Records that a stream takes from Kafka."""
    steady: int
    """Seconds that a stream is kept busy."""
    put: int
    """Records that are put into Kinesis."""
    posted: int
    """Posts that are sent through an API, three requests each."""

    @classmethod
    def of(cls, scale: float) -> Sizes:
        """The default sizes times `scale`."""
        whole = {
            "records": 1_000_000,
            "objects": 50_000,
            "posts": 20_000,
            "faker_posts": 1_000,
            "sent": 1_000_000,
            "streamed": 200_000,
            "steady": 600,
            "put": 60_000,
            "posted": 100,
        }
        return cls(**{name: max(100, round(size * scale)) for name, size in whole.items()})


class Data:
    """Inputs in a folder, made when they are first asked for."""

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        self.folder = folder
        self.sizes = sizes

    def posts(self) -> Path:
        """NDJSON of pins: `sizes.records` records, every index once."""
        folder = self.folder / "posts"
        if not folder.exists():
            say(f"  making {self.sizes.records:,} pins")
            emulate(folder, self.sizes.records, kinds=("pin",))
        return folder / "pin.jsonl"

    def pins(self) -> Path:
        """One large NDJSON file of pins; its first ones come again at the end."""
        path = self.folder / "pins.jsonl"
        if not path.exists():
            posts = self.posts()
            shutil.copy(posts, path)
            with posts.open("rb") as first, path.open("ab") as out:
                out.writelines(islice(first, self.sizes.records // REPEATED))
        return path

    def values(self) -> Path:
        """Parquet with a column `value` BINARY, a pin each; not compressed, so that reading it
        costs little beside what is measured."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = self.folder / "values"
        if not folder.exists():
            folder.mkdir()
            schema = pa.schema([pa.field("value", pa.binary())])
            for number, block in enumerate(_blocks(self.posts())):
                rows = pa.table([pa.array(block.splitlines(), pa.binary())], schema=schema)
                path = folder / f"part-{number:05}.parquet"
                pq.write_table(rows, path, compression="none", use_dictionary=False)
        return folder

    def pin_landing(self) -> Path:
        """A landing of pins, one record an object."""
        return self._landing("landing-of-pins", ("pin",), self.sizes.objects)

    def landing(self) -> Path:
        """A landing of all three kinds, one record an object; the first come again."""
        return self._landing("landing", KINDS, self.sizes.posts)

    def tables(self) -> dict[str, Path]:
        """Parquet of the three clean tables, `sizes.records` posts."""
        folder = self.folder / "tables"
        if not folder.exists():
            say(f"  making three tables of {self.sizes.records:,} posts")
            emulate(folder, self.sizes.records)
            for kind in KINDS:
                raw, plan = folder / f"{kind}.jsonl", kind_plan(kind)
                CleanJob(plan, [str(raw)], out=str(folder / f"{kind}.parquet")).run()
                raw.unlink()
        return {kind: folder / f"{kind}.parquet" for kind in KINDS}

    def _landing(self, name: str, kinds: tuple[str, ...], objects: int) -> Path:
        folder = self.folder / name
        if not folder.exists():
            say(f"  writing {len(kinds) * objects:,} objects of one record")
            posts = self.folder / f"{name}-posts"
            emulate(posts, objects, kinds=kinds)
            for kind in kinds:
                lines = (posts / f"{kind}.jsonl").read_bytes().splitlines(keepends=True)
                again = objects // REPEATED
                write_objects(folder, kind, lines[: objects - again] + lines[:again])
        return folder


def write_objects(landing: Path, kind: str, lines: list[bytes]) -> None:
    """As Kafka Connect's S3 sink names them with a flush size of 1."""
    topic = f"{USER_ID}.{kind}"
    folder = landing / "topics" / topic / "partition=0"
    folder.mkdir(parents=True)
    for offset, line in enumerate(lines):
        (folder / f"{topic}+0+{offset:010}.json").write_bytes(line)


def emulate(
    folder: Path,
    posts: int,
    *,
    kinds: tuple[str, ...] = KINDS,
    threads: int | None = None,
) -> None:
    """Made records, one file `<kind>.jsonl` a kind, shuffled."""
    emulator = Emulator(seed=SEED, count=posts, kinds=list(kinds))
    emulator.run(f"files:{folder}", threads=threads, existing="replace")


def payloads(path: Path) -> pa.Array:
    """The lines of a file as an Arrow array of payloads."""
    import pyarrow as pa

    return pa.array(path.read_bytes().splitlines(), pa.binary())


def _blocks(path: Path) -> Iterator[bytes]:
    """A file in blocks of whole lines."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block + file.readline()
