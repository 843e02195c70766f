"""Pieces of the page as HTML: tables, plots, sentences. Whatever is a value passes `markup`."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from pinlake._report.plots import Plot
from pinlake._report.text import markup

# Bytes of a table's rows: what records hold may be long, and longer still as HTML. Some thirty
# tables and their plots stay below 5 MB with this.
MOST = 64_000


def words(name: str) -> str:
    """A column's name as a reader says it.

    >>> words("median_follower_count")
    'median follower count'
    """
    return html.escape(name.replace("_", " "))


def paragraph(text: str, kind: str = "") -> str:
    """A sentence of the page's own."""
    return f"<p{_class(kind)}>{text}</p>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], *, most: int = MOST
) -> str:
    """Rows within a box that scrolls by itself; the first column names the row.

    A cell is a value, or a `Raw`. Rows beyond `most` bytes are left out, and counted.
    """
    lines = [list(row) for row in rows]
    numeric = [
        bool(lines) and all(isinstance(line[at], (int, float, type(None))) for line in lines)
        for at in range(len(heads))
    ]
    head = "".join(
        f'<th scope="col"{_class("n" if right else "")}>{words(name)}</th>'
        for name, right in zip(heads, numeric, strict=True)
    )
    body = "".join(_within([f"<tr>{_cells(line, numeric)}</tr>" for line in lines], most, heads))
    if not lines:
        body = f'<tr><td colspan="{len(heads)}">none</td></tr>'
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{html.escape(caption)}">'
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _within(rows: list[str], most: int, heads: Sequence[str]) -> list[str]:
    """Rows of at most so many bytes, and a last one that says how many more there are."""
    size = 0
    for at, row in enumerate(rows):
        size += len(row.encode())
        if size > most:
            left = f"{len(rows) - at:,} more: the page would grow too large"
            return [*rows[:at], f'<tr><td colspan="{len(heads)}">{left}</td></tr>']
    return rows


class Raw(str):
    """HTML that a cell holds as it is."""

    __slots__ = ()


def _cells(line: Sequence[Any], numeric: Sequence[bool]) -> str:
    cells = []
    for at, (value, right) in enumerate(zip(line, numeric, strict=True)):
        text = value if isinstance(value, Raw) else markup(value)
        tag, scope = ("th", ' scope="row"') if at == 0 else ("td", "")
        cells.append(f"<{tag}{scope}{_class('n' if right else '')}>{text}</{tag}>")
    return "".join(cells)


def details(summary: str, content: str) -> str:
    """Something to unfold."""
    return f"<details><summary>{html.escape(summary)}</summary>{content}</details>"


def figure(name: str, plot: Plot | None, caption: str, tables: str) -> str:
    """A plot, its caption, and its table, which holds the same."""
    if plot is None:
        return f'<figure class="bare">{tables}</figure>'
    said = html.escape(" ".join(filter(None, (caption, plot.note))))
    under = f"<figcaption>{said}</figcaption>" if said else ""
    return (
        f'<figure><div class="plot" id="plot-{name}" role="img" '
        f'aria-label="{html.escape(plot.says)}" data-plot="{name}"></div>'
        f"{under}{tables}</figure>"
    )


def section(name: str, title: str, content: str) -> str:
    """A part of the page under a heading of the second order."""
    return (
        f'<section id="{name}" aria-labelledby="h-{name}">'
        f'<h2 id="h-{name}">{html.escape(title)}</h2>{content}</section>'
    )


def term(name: str, value: str, note: str = "", kind: str = "") -> str:
    """A figure of the summary; `value` and `note` are HTML."""
    more = f'<dd class="note">{note}</dd>' if note else ""
    return f"<div{_class(kind)}><dt>{html.escape(name)}</dt><dd>{value}</dd>{more}</div>"
