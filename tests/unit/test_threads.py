"""However many threads work: the same bytes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pyarrow as pa
import pytest

import pinlake
from pinlake import _core
from support.core import record_batch

COUNTS = [1, 2, 8]


@pytest.fixture(scope="module")
def inputs(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty files with duplicates, conflicts and rubbish in them."""
    folder = tmp_path_factory.mktemp("inputs")
    lines = (real_data / "real/stream.geo.jsonl").read_bytes().splitlines()
    for number in range(20):
        own = lines[number * 100 : number * 100 + 300]
        own += [b"rubbish", b'{"ind":%d,"country":"other"}' % number, b"\xff", b'{"ind":1,"x":2}']
        (folder / f"geo.{number:02}.jsonl").write_bytes(b"\n".join(own))
    return folder


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
@pytest.mark.parametrize("meta", [False, True], ids=["clean", "meta"])
def test_clean_files(inputs: Path, tmp_path: Path, form: str, meta: bool) -> None:
    found = []
    for threads in COUNTS:
        out = tmp_path / f"{threads}.{form}"
        quarantine = tmp_path / f"{threads}.quarantine.ndjson"
        job = _core.CleanJob(
            _core.kind_plan("geo"),
            [str(inputs)],
            out=str(out),
            quarantine=str(quarantine),
            meta=meta,
            threads=threads,
        )
        counts = json.loads(job.run())
        found.append((out.read_bytes(), quarantine.read_bytes(), counts))
    assert found[0] == found[1] == found[2]


def test_calls_from_many_threads(real_data: Path) -> None:
    """The core keeps no state between calls that another thread could meet."""
    payloads = {
        kind: pa.array(
            (real_data / f"real/stream.{kind}.jsonl").read_bytes().splitlines(), pa.binary()
        )
        for kind in ("pin", "geo", "user")
    }
    want = {
        kind: record_batch(pinlake.clean_batch(kind, array)) for kind, array in payloads.items()
    }
    wrong: list[str] = []

    def work() -> None:
        for kind, array in payloads.items():
            if not record_batch(pinlake.clean_batch(kind, array)).equals(want[kind]):
                wrong.append(kind)

    for count in COUNTS:
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize("order", ["permuted", "sequential", "seed100"])
def test_emulator(tmp_path: Path, order: str) -> None:
    found = []
    for threads in COUNTS:
        folder = tmp_path / f"{order}-{threads}"
        posts = _core.Emulator(
            count=5_000, order=order, faults={"duplicate": 0.05, "corrupt": 0.02, "late": 0.05}
        )
        posts.run(f"files:{folder}", threads=threads)
        found.append({path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))})
    assert len(found[0]) == 3
    assert found[0] == found[1] == found[2]
