"""Paired alternating runs, and what is told of them."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


class Mismatch(Exception):
    """Two contenders gave different results, so their times say nothing."""


@dataclass(frozen=True)
class Figure:
    """One comparison: seconds a run, pair by pair."""

    line: str
    what: str
    ours: list[float]
    rival: str
    theirs: list[float]
    target: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """How many times as long the rival took, a pair each."""
        return [their / our for our, their in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """The median pair: a machine that slows down midway slows both halves of a pair."""
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return "reported"
        return "met" if self.ratio >= self.target else "MISSED"

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file."""
        return {**asdict(self), "ratio": self.ratio, "ratios": self.ratios, "verdict": self.verdict}


def alternate(
    contenders: Mapping[str, Callable[[], Any]],
    rounds: int,
    *,
    check: Callable[[dict[str, Any]], None] | None = None,
    between: Callable[[], None] = gc.collect,
) -> dict[str, list[float]]:
    """Runs A B A B …; seconds a run and contender. `check` sees each round's results."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        results = {}
        for name, work in contenders.items():
            between()
            began = time.perf_counter()
            results[name] = work()
            took = time.perf_counter() - began
            seconds[name].append(took)
            say(f"    {name}, run {number + 1} of {rounds}: {took:.2f} s")
        if check is not None:
            check(results)
    return seconds


def say(text: str) -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr, flush=True)


_HEAD = ("", "what", "pinlake", "against", "takes", "ratio", "lowest…highest", "target", "")


def table(figures: list[Figure]) -> str:
    """The figures as text, columns aligned."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    right = {2, 4, 5, 6, 7}
    lines = []
    for row in rows:
        cells = (
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    target = "" if figure.target is None else f"≥ {figure.target:g}×"
    return (
        f"({figure.line})",
        figure.what,
        duration(median(figure.ours)),
        figure.rival,
        duration(median(figure.theirs)),
        f"{figure.ratio:.2f}×",
        f"{min(figure.ratios):.2f}…{max(figure.ratios):.2f}",
        target,
        figure.verdict,
    )


def duration(seconds: float) -> str:
    """Seconds with three significant digits."""
    if seconds < 0.1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.0f} s" if seconds >= 100 else f"{seconds:.3g} s"


def notes(figures: list[Figure]) -> list[str]:
    """What the table has no room for."""
    return [
        f"({figure.line}) {figure.rival}: {name} {value}"
        for figure in figures
        for name, value in figure.notes.items()
    ]


def write_json(folder: Path, stamp: str, content: dict[str, Any]) -> Path:
    """Writes a run's results to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"bench-{stamp}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
