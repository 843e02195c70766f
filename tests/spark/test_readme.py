"""What README.md shows is what happens: its Python blocks and its command lines are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.examples import within
from support.readme import README, blocks
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


def test_it_has_a_quick_start_of_ten_lines_at_most() -> None:
    assert blocks("sh"), "no sh block"
    assert blocks("python"), "no python block"
    assert len(blocks("sh")[0].text.splitlines()) <= 10
    assert len(blocks("python")[0].text.splitlines()) <= 10


def test_its_python_blocks_run(spark: Any, tmp_path: Path) -> None:
    """One after the other in one namespace, as a reader would, with a session active."""
    names: dict[str, Any] = {"spark": spark}
    with within(tmp_path):
        for block in blocks("python"):
            code = compile("\n" * (block.line - 1) + block.text, str(README), "exec")
            exec(code, names)


def test_its_command_lines_run(tmp_path: Path) -> None:
    """`pinlake …` runs, in order, in one folder; `make …` is a target; nothing else is shown."""
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
