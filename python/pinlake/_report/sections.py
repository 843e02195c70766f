"""What the page says, part by part."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from pinlake._books import FATES, counts
from pinlake._report.data import Data, Grid
from pinlake._report.parts import MOST, Raw, details, figure, paragraph, table, term
from pinlake._report.plots import Plot, told_apart
from pinlake._report.text import cut, markup, shown
from pinlake._skipped import told
from pinlake.analysis import QUESTIONS

Plots = Mapping[str, Plot]
# Tables of so few rows stand open.
_OPEN = 8
_REMARKS = 200
# Characters of a remark: names of objects may be long.
_REMARK = 250
# Bytes of the table of places, which holds all that the map shows.
_PLACES = 400_000

_PER = {
    "user": "Per user: a person counts once, with the follower count of the latest post.",
    "post": "Per post: every post counts; of the most followed the largest count of any post.",
}


def all_of(data: Data, plots: Plots) -> list[tuple[str, str, str]]:
    """Id, title and content of each part."""
    made: list[tuple[str, str, Callable[[Data, Plots], str]]] = [
        ("posts", "Where and when", _posts),
        ("questions", "The eight questions", _questions),
        ("followers", "Followers by age group", _followers),
        ("books", "Books", _books),
        ("throughput", "Throughput", _throughput),
        ("quarantine", "Quarantine", _quarantine),
        ("errors", "Bad fields", _errors),
    ]
    return [(name, title, content(data, plots)) for name, title, content in made]


def lacking(data: Data, *wanted: str) -> str:
    """A sentence about tables that a part needs and that are not there."""
    names = [name for name in data.missing if not wanted or name in wanted]
    listed = ", ".join(map(markup, names)) or "its tables"
    return paragraph(f"Not here: the warehouse has no table {listed}.", "say")


def _silver(data: Data, *kinds: str) -> tuple[str, ...]:
    return tuple(table.name for table in data.tables if table.kind in kinds)


# ---- summary -----------------------------------------------------------------------------------


def summary(data: Data) -> str:
    """The figures at the top."""
    totals = data.totals or {}
    terms = []
    if totals:
        of = "joined by ind" if data.of_posts else "records of geo alone"
        terms.append(term("Posts", markup(totals["posts"]), of))
    if totals.get("people") is not None:
        terms.append(term("People", markup(totals["people"]), "by name, age, join date"))
    if totals:
        terms.append(term("Countries", markup(totals["countries"])))
    records = sum(one.records or 0 for one in data.tables)
    each = ", ".join(
        f"{markup(one.name)} {'not there' if one.records is None else shown(one.records)}"
        for one in data.tables
    )
    terms.append(term("Records", markup(records), each))
    rejected = sum(data.quarantine.column("records")) if data.quarantine else 0
    quarantine = "no such table" if data.quarantine is None else "records that are no rows"
    terms.append(term("Quarantined", markup(rejected), quarantine))
    flawed = sum(one.flawed for one in data.tables)
    terms.append(term("Bad fields", markup(flawed), "rows with at least one"))
    terms.append(term("Runs", markup(data.booked), "with books, a kind each"))
    terms.append(_verdict(data))
    return (
        f'<section aria-labelledby="h-summary"><h2 id="h-summary" class="quiet">Summary</h2>'
        f'<dl class="terms">{"".join(terms)}</dl></section>'
    )


def _verdict(data: Data) -> str:
    if data.landings is None:
        return term("Books", "unknown", "no table of runs")
    if data.failed:
        return term("Books", f"✗ {shown(data.failed)} do not balance", "see below", "bad")
    if not data.booked:
        return term("Books", "none yet")
    unfinished = sum(data.landings.column("unfinished"))
    note = f"{unfinished} planned, not finished" if unfinished else "every record accounted for"
    return term("Books", "✓ all balance", note, "good")


# ---- posts -------------------------------------------------------------------------------------


def _posts(data: Data, plots: Plots) -> str:
    if data.totals is None or data.cells is None or data.months is None:
        return lacking(data, *_silver(data, "geo"))
    totals = data.totals
    parts = []
    if not data.of_posts:
        names = ", ".join(markup(n) for n in data.missing if n in _silver(data, "pin", "user"))
        parts.append(
            paragraph(f"The warehouse has no table {names}: these are all records of geo.", "say")
        )
    if totals["first"] is not None:
        parts.append(
            paragraph(
                f"From {html.escape(totals['first'][:10])} to {html.escape(totals['last'][:10])}."
            )
        )
    drawn = sum(data.cells.column("posts"))
    where = "Posts by place, added up by whole degree; the larger, the more."
    if drawn < totals["placed"]:
        fields = f"The {len(data.cells.rows):,} fields with the most"
        where += f" {fields}: {drawn:,} of {totals['placed']:,} posts."
    if totals["placed"] < totals["posts"]:
        where += f" {totals['posts'] - totals['placed']:,} have no place."
    rows = [
        (_field(row), row["country"], row["countries"], row["posts"]) for row in data.cells.dicts()
    ]
    heads = ("south-west corner", "country (first by name)", "countries", "posts")
    places = _folded("Posts by place", heads, rows, most=_PLACES)
    parts.append(figure("map", plots.get("map"), where, places))
    when = "Posts per month."
    if data.months.more:
        when += f" The latest {len(data.months.rows):,} months."
    months = _folded("Posts per month", ("month", "posts"), sorted(data.months.rows))
    parts.append(figure("months", plots.get("months"), when, months))
    return "".join(parts)


def _field(row: dict[str, Any]) -> str:
    north = f"{abs(row['latitude'])}° {'S' if row['latitude'] < 0 else 'N'}"
    east = f"{abs(row['longitude'])}° {'W' if row['longitude'] < 0 else 'E'}"
    return f"{north}, {east}"


def _folded(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], *, most: int = MOST
) -> str:
    """A table; folded if it is long."""
    made = table(title, heads, rows, most=most)
    if len(rows) <= _OPEN:
        return made
    return details(f"Table: {title} ({len(rows):,} rows)", made)


# ---- questions ---------------------------------------------------------------------------------


def _questions(data: Data, plots: Plots) -> str:
    if data.answers is None:
        return lacking(data, *_silver(data, "pin", "geo", "user"))
    intro = paragraph(
        f"{_PER['user']} {_PER['post']} Where some share a first place, all of them stand there."
    )
    return intro + "".join(
        _question(name, answer, plots.get(name)) for name, answer in data.answers.items()
    )


def _question(name: str, answer: dict[str, Grid], plot: Plot | None) -> str:
    asks = QUESTIONS[name].asks
    said = ""
    ways = told_apart(answer)
    if len(ways) > 1:
        said = _difference(ways["user"], ways["post"])
        both = "".join(f"<div>{_answer(f'{asks} Per {per}', ways[per])}</div>" for per in ways)
        tables = f'<div class="both">{both}</div>'
    else:
        if len(answer) > 1:
            said = "Counted per user and per post the answer is the same."
        tables = _answer(asks, next(iter(ways.values())))
    return (
        f'<article><h3 id="q-{name}">{html.escape(asks)}</h3>'
        f"{paragraph(f'<code>{name}</code> {said}', 'name')}"
        f"{figure(name, plot, '', tables)}</article>"
    )


def _difference(user: Grid, post: Grid) -> str:
    """How much of the one is also in the other."""
    rows = {*user.rows, *post.rows}
    both = set(user.rows) & set(post.rows)
    if not both:
        return "Counted per user and per post no row is the same."
    return (
        f"Counted per user and per post {len(both):,} of {len(rows):,} different rows are the same."
    )


def _answer(title: str, grid: Grid) -> str:
    rows = [
        tuple(
            str(value) if column == "post_year" else value
            for column, value in zip(grid.columns, row, strict=True)
        )
        for row in grid.rows
    ]
    more = (
        paragraph(f"The first {len(rows):,} rows; pinlake analyse gives all.") if grid.more else ""
    )
    return _folded(title, grid.columns, rows) + more


# ---- followers ---------------------------------------------------------------------------------


def _followers(data: Data, plots: Plots) -> str:
    if data.spread is None:
        return lacking(data, *_silver(data, "pin", "geo", "user"))
    heads = ("age group", "number", "5 %", "25 %", "median", "75 %", "95 %")
    tables = "".join(
        f"<div>{table(f'Follower counts per {per}', heads, _rounded(grid))}</div>"
        for per, grid in data.spread.items()
    )
    intro = paragraph(
        f"{_PER['user']} Per post: every post counts, so those who post much weigh more."
    )
    caption = "Middle half, median, and whiskers from 5 % to 95 %; a logarithmic axis."
    both = f'<div class="both">{tables}</div>'
    return intro + figure("spread", plots.get("spread"), caption, both)


def _rounded(grid: Grid) -> list[tuple[Any, ...]]:
    return [(group, number, *(round(q, 1) for q in rest)) for group, number, *rest in grid.rows]


# ---- books -------------------------------------------------------------------------------------


def _books(data: Data, plots: Plots) -> str:
    if data.runs is None or data.landings is None:
        return lacking(data, *(name for name in data.missing))
    intro = paragraph(
        "read = inserted + updated + unchanged + superseded + quarantined, by count and by hash. "
        "Newest first."
    )
    heads = ("run", "at (UTC)", "objects", "read", *FATES, "books")
    rows = [_books_row(run) for run in data.runs.dicts()]
    made = table("Books of the runs", heads, rows)
    more = ""
    if data.runs.more:
        more = paragraph(f"The newest {len(rows):,} of {data.booked:,} runs.")
    problems = "".join(
        paragraph(f"<strong>{markup(_run(run))}</strong> ✗ {markup(one)}", "say bad")
        for run in data.runs.dicts()
        for one in run["books"].get("problems", ())
    )
    remarks = [line for run in data.runs.dicts() for line in _remarks(run)]
    left = [row for row in data.landings.dicts() if row["unfinished"]]
    unfinished = "".join(
        paragraph(
            f"{markup(row['kind'])} over {markup(row['landing'])}: planned, not finished.", "say"
        )
        for row in left
    )
    caption = "What became of the records that each run read."
    told_ = _list("Beside the figures", remarks)
    return (
        intro + unfinished + problems + figure("books", plots.get("books"), caption, made + more)
    ) + told_


def _list(title: str, lines: Sequence[str]) -> str:
    """Lines of HTML; folded if they are many."""
    if not lines:
        return ""
    left = len(lines) - _REMARKS
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    made = f"<ul>{''.join(lines[:_REMARKS])}{more}</ul>"
    if len(lines) > 2 * _OPEN:
        return details(f"{title} ({len(lines):,} remarks)", made)
    return f"<h3>{html.escape(title)}</h3>{made}"


def _head(run: dict[str, Any]) -> tuple[Raw, Raw]:
    """Which run, and when it began."""
    return Raw(f'<span class="nb">{markup(_run(run))}</span>'), Raw(
        f'<span class="nb">{_at(run["at"])}</span>'
    )


def _run(run: dict[str, Any]) -> str:
    return run["kind"] if run["n"] is None else f"{run['kind']} {run['n']}"


def _at(micros: int | None) -> str:
    if micros is None:
        return "–"
    return datetime.fromtimestamp(micros // 1_000_000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _records(books: dict[str, Any], fate: str) -> int:
    found: int = books.get(fate, {}).get("records", 0)
    return found


def _books_row(run: dict[str, Any]) -> tuple[Any, ...]:
    books = run["books"]
    read = _records(books, "read")
    figures = [_records(books, fate) for fate in FATES]
    balanced = run["state"] == "done" and not books.get("problems") and read == sum(figures)
    verdict = Raw(f'<span class="{"good" if balanced else "bad"}">{_VERDICTS[balanced]}</span>')
    return (*_head(run), books.get("objects", 0), read, *figures, verdict)


_VERDICTS = {True: "✓ balanced", False: "✗ does not balance"}


def _remarks(run: dict[str, Any]) -> list[str]:
    """What is to be known beside a run's figures."""
    books = run["books"]
    said = []
    for name, part in books.get("gaps", {}).items():
        if part.get("open"):
            said.append(f"{name}: {part['open']:,} gaps of offsets are waited for")
        if part.get("filled"):
            said.append(f"{name}: gaps were filled: {shown(part['filled'])}")
        for gap in part.get("closed", ()):
            ends = f"{gap['from']} to {gap['to'] - 1}"
            said.append(f"{name}: offsets {ends} given up ({gap['why']})")
    if books.get("skipped"):
        said.append(told(books["skipped"], books.get("skipped_names", ())))
    if books.get("rejects"):
        said.append(f"quarantined: {counts(books['rejects'])}")
    if books.get("errors"):
        said.append(f"{books['flawed']:,} rows with bad fields: {counts(books['errors'])}")
    if books.get("conflicts"):
        said.append(f"{books['conflicts']:,} versions lost to one of another partition")
    if books.get("resumed"):
        said.append("took over a plan that was not finished")
    short = [cut(one, _REMARK) for one in said]
    return [f"<li><strong>{markup(_run(run))}</strong> {markup(one)}</li>" for one in short]


def _throughput(data: Data, plots: Plots) -> str:
    if data.runs is None:
        return lacking(data, *(name for name in data.missing))
    heads = ("run", "at (UTC)", "objects", "records", "bytes", "seconds", "records a second")
    rows = []
    for run in data.runs.dicts():
        books = run["books"]
        read, seconds = _records(books, "read"), books.get("seconds") or None
        rate = round(read / seconds) if seconds else None
        figures = (books.get("objects", 0), read, books.get("bytes", 0), seconds, rate)
        rows.append((*_head(run), *figures))
    made = table("Objects, records, bytes and time of each run", heads, rows)
    caption = "Records a second of each run, from reading to books; kinds are written side by side."
    return figure("throughput", plots.get("throughput"), caption, made)


# ---- quarantine and bad fields -----------------------------------------------------------------


def _quarantine(data: Data, plots: Plots) -> str:
    if data.quarantine is None or data.samples is None:
        return lacking(data, *(name for name in data.missing))
    if not data.quarantine.rows:
        return paragraph("Nothing is in quarantine.")
    made = table(
        "Quarantined records by kind and code", data.quarantine.columns, data.quarantine.rows
    )
    heads = ("code", "kind", "detail", "position", "bytes", "payload, its first bytes")
    rows = [
        (
            row["code"],
            row["kind"],
            row["detail"],
            row["position"],
            row["bytes"],
            Raw(f'<code class="payload">{markup(row["payload"])}</code>'),
        )
        for row in data.samples.dicts()
    ]
    samples = table("Samples, a few of each code", heads, rows)
    return figure("quarantine", plots.get("quarantine"), "", made) + details(
        f"Table: samples ({len(rows)} rows)", samples
    )


def _errors(data: Data, plots: Plots) -> str:
    if data.errors is None:
        return lacking(data)
    if not data.errors.rows:
        return paragraph("No row has a bad field.")
    heads = ("field", "kind", "rule's code", "rows", "values, the commonest first")
    rows = [
        (row["column"], row["kind"], row["code"], row["number"], _values(row["samples"]))
        for row in data.errors.dicts()
    ]
    made = table("Bad fields by column and rule", heads, rows)
    caption = "A bad field is null in its row; the value that it had stays beside it."
    return figure("errors", plots.get("errors"), caption, made)


def _values(samples: Sequence[tuple[Any, int]]) -> Raw:
    items = "".join(
        f'<li><code class="payload">{markup(value)}</code>{f" × {n:,}" if n > 1 else ""}</li>'
        for value, n in samples
    )
    return Raw(f"<ul>{items}</ul>")
