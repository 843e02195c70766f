"""The settings that README.md and the docstrings show are settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinlake import config
from support.readme import blocks


@pytest.mark.usefixtures("no_settings")
@pytest.mark.parametrize("text", [None, config.__doc__], ids=["README.md", "pinlake.config"])
def test_toml_blocks_are_taken(text: str | None) -> None:
    found = blocks("toml", text)
    assert found
    for block in found:
        Path("pinlake.toml").write_text(block.text, encoding="utf-8")
        config.load()
