"""What README.md shows is what happens: its Python blocks are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.examples import within
from support.readme import README, blocks


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
