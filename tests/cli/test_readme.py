"""The command lines of README.md are run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.components import Kafka
from support.readme import blocks
from support.session import CHECKOUT

# Lines of a shell block that bring the project to a machine: what the checkout's own set-up does.
_BRINGS = re.compile(r"(git clone|cd|pip install|uv pip install) ")


def commands() -> Iterator[tuple[int, str]]:
    """The lines of the shell blocks, continued ones joined."""
    for block in blocks("sh"):
        joined = re.sub(r"\\\n\s*", " ", block.text)
        for number, line in enumerate(joined.splitlines()):
            # What stands behind two blanks and a # is a remark.
            line = re.split(r"\s+#\s", line)[0].strip()
            if line and not line.startswith("#"):
                yield block.line + number, line


def test_its_command_lines_run(tmp_path: Path, kafka: Kafka) -> None:
    """`pinlake …` runs, in order, in one folder; `make …` is a target; nothing else is shown. The
    broker of the README is the tests' own."""
    binaries = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    # Where the README says ../shared/data the reader has it beside the checkout.
    (tmp_path / "work").mkdir()
    data = os.environ.get("PINLAKE_DATA", str(CHECKOUT.parent / "shared" / "data"))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "data").symlink_to(data)
    for number, line in commands():
        if _BRINGS.match(line):
            continue
        words = line if line.startswith("pinlake ") else f"make -n -C '{CHECKOUT}' {line[5:]}"
        words = words.replace("localhost:9092", kafka.plain)
        assert line.startswith(("pinlake ", "make ")), f"README.md:{number}: {line} is not run"
        done = subprocess.run(
            ["bash", "-ec", words],
            cwd=tmp_path / "work",
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
        )
        # `doctor` may find something on the machine at hand.
        if done.returncode not in ((0, 1) if " doctor" in line else (0,)):
            pytest.fail(f"README.md:{number}: {line}: {done.returncode}\n{done.stderr[-2000:]}")
