"""The fenced blocks of README.md and of docstrings that are written like it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.M | re.S,
)


@dataclass(frozen=True)
class Block:
    """A fenced block and the line it starts at."""

    line: int
    language: str
    text: str


def blocks(language: str, text: str | None = None) -> list[Block]:
    """The blocks of a language in README.md, or in `text`.

    Those that give a reason for not being run are left out.
    """
    if text is None:
        text = README.read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, found.start("text")) + 1, language, found["text"])
        for found in _FENCE.finditer(text)
        if found["language"] == language and found["reason"] is None
    ]
