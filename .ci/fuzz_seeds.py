"""Seeds for the fuzz targets from the hand-made cases: python3 .ci/fuzz_seeds.py TARGET FOLDER."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


def cases() -> Iterator[dict[str, object]]:
    for file in sorted(GOLDEN.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def reader() -> Iterator[bytes]:
    """A byte for kind and form, then the payload."""
    for case in cases():
        for name in ("payload", "text"):
            if isinstance(case.get(name), str):
                for choice in range(3):
                    yield bytes([choice]) + str(case[name]).encode("utf-8", "replace")


def rules() -> Iterator[bytes]:
    """A byte for the kind, then values split by 0xff."""
    values = [str(case["value"]).encode("utf-8", "replace") for case in cases() if "value" in case]
    for choice in range(3):
        for at in range(0, len(values), 6):
            yield bytes([choice]) + b"\xff".join(values[at : at + 6])


if __name__ == "__main__":
    target, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate({"reader": reader, "rules": rules}[target]()):
        (folder / f"{number:05}").write_bytes(seed)
