"""Reports for tests: a page as a reader finds it, and posts that try to break out of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from pinlake._report.data import Data, Grid
from pinlake._report.data import Table as Kept
from pinlake.analysis import QUESTIONS

# Run by whatever takes a text for markup; a browser test looks for it.
PWN = "window.__pwned = (window.__pwned || 0) + 1"

HOSTILE = (
    f"<script>{PWN}</script>",
    f"<img src=x onerror='{PWN}'>",
    f"</script><script>{PWN}</script><!--",
    f'</style></title></textarea><svg onload="{PWN}">',
    f'<a href="javascript:{PWN}">click</a><br><b>bold</b>',
    f"\"><body onload={PWN}>'`${{{PWN}}}",
    "]]><!-- <![CDATA[ &lt;b&gt; &amp; &#60;",
    "line\u2028end\u2029and\nnewline\rreturn\ttab",
    "right \u202e tfel \u2066 isolate \u200f mark",
    "nul \x00 bell \x07 escape \x1b[31m",
    "%{text} ${x} {{y}} \\u003cscript\\u003e",
    "--c1",
    "مرحبا שלום " + "\U0001f600",
)
RAW = b"\xff\xfe<script>" + PWN.encode() + b"</script>\x00\xc3(" + b"\xe2\x80\xae"


def hostile_records() -> dict[str, list[Any]]:
    """A post for each hostile text, and what goes to quarantine and to bad fields."""
    pins: list[Any] = [
        {"index": n, "title": text, "category": text, "poster_name": text, "follower_count": "1k"}
        for n, text in enumerate(HOSTILE)
    ]
    geo: list[Any] = [
        {
            "ind": n,
            "country": text,
            "latitude": n,
            "longitude": -n,
            "timestamp": f"20{18 + n % 5}-01-01T00:00:00",
        }
        for n, text in enumerate(HOSTILE)
    ]
    users: list[Any] = [
        {"ind": n, "first_name": text, "age": 20 + n, "date_joined": f"20{15 + n % 6}-05-05"}
        for n, text in enumerate(HOSTILE)
    ]
    bad = [{"ind": 100 + n, "age": text, "country": [text]} for n, text in enumerate(HOSTILE)]
    return {
        "pin": [*pins, RAW, *(text.encode() for text in HOSTILE if "\n" not in text)],
        "geo": [*geo, *({k: v for k, v in row.items() if k != "age"} for row in bad)],
        "user": [*users, *({k: v for k, v in row.items() if k != "country"} for row in bad)],
    }


@dataclass
class Table:
    """A table of the page, as text."""

    caption: str = ""
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """What an HTML parser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Table] = []
        self.ids: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append((tag, held))
        if held.get("id"):
            self.ids.append(held["id"] or "")
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append((int(tag[1]), ""))
        elif tag == "script":
            self.scripts.append("")
        if tag not in ("meta", "link", "br"):
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._in[-1] == tag, f"</{tag}> ends <{self._in[-1]}>"
        self._in.pop()
        if tag == "thead":
            self.tables[-1].heads = self.tables[-1].rows.pop()

    def handle_data(self, data: str) -> None:
        within = set(self._in)
        if "script" in within:
            self.scripts[-1] += data
            return
        if "style" in within:
            return
        self.text += data
        if within & {"td", "th"}:
            self.tables[-1].rows[-1][-1] += data
        elif "caption" in within:
            self.tables[-1].caption += data
        elif within & {"h1", "h2", "h3"}:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def table(self, caption: str) -> Table:
        """The table of a caption."""
        found = [table for table in self.tables if table.caption == caption]
        assert len(found) == 1, (caption, [table.caption for table in self.tables])
        return found[0]


def value(text: str) -> Any:
    """A cell's number, or its text; None for nothing."""
    if text == "–":
        return None
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


# ---- a report without Spark --------------------------------------------------------------------


def hostile_data() -> Data:
    """A report in which every text that comes from records is one of `HOSTILE`."""
    texts = HOSTILE
    n = len(texts)
    return Data(
        warehouse=f"/lake/{texts[2]}",
        made_at="2026-01-01 00:00:00",
        version="0",
        tables=(Kept("pins", "pin", n, n), Kept("geo", "geo", n), Kept("users", "user", n)),
        answers=_answers(texts),
        totals={
            "posts": n,
            "people": n,
            "countries": n,
            "placed": n,
            "dated": n,
            "first": "2018-01-01 00:00:00",
            "last": "2022-12-31 00:00:00",
        },
        cells=Grid(
            ("latitude", "longitude", "posts", "country", "countries"),
            tuple((10 * i - 60, 25 * i - 170, i + 1, text, 1) for i, text in enumerate(texts)),
        ),
        months=Grid(("month", "posts"), tuple((f"2020-{i:02}", i) for i in range(12, 0, -1))),
        spread={
            per: Grid(
                ("age_group", "number", "q05", "q25", "q50", "q75", "q95"),
                tuple((group, n, 0.0, 10.5, 1e3 + add, 1e4, 1e6) for group in GROUPS),
            )
            for per, add in (("user", 0), ("post", 500))
        },
        runs=Grid(
            ("kind", "n", "state", "at", "landing", "books"),
            tuple(
                ("pin", i + 1, "done", 10**15, text, _books(text)) for i, text in enumerate(texts)
            ),
        ),
        landings=Grid(
            ("kind", "landing", "done", "failed", "unfinished"),
            tuple(("pin", text, 1, 0, True) for text in texts),
        ),
        quarantine=Grid(
            ("kind", "code", "records", "replayed"), tuple((t, t, 3, 0) for t in texts)
        ),
        samples=Grid(
            ("kind", "code", "records", "replayed", "detail", "position", "bytes", "payload"),
            tuple((t, t, 3, 0, t, t, 9, raw) for t in texts for raw in (RAW, t.encode())),
        ),
        errors=Grid(
            ("kind", "column", "code", "number", "samples"),
            tuple((t, t, t, 2, ((t, 2),)) for t in texts),
        ),
    )


GROUPS = ("18-24", "25-35", "36-50", "50+")


def _answers(texts: Sequence[str]) -> dict[str, dict[str, Grid]]:
    """Answers of the questions' shapes; per post a little more than per user."""
    shapes: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
        "top_category_by_country": (
            ("country", "category", "category_count"),
            [(t, t, 5) for t in texts],
        ),
        "category_counts_by_year": (
            ("post_year", "category", "category_count"),
            [(year, t, year - 2010) for year in (2018, 2019) for t in texts],
        ),
        "top_category_by_year": (
            ("post_year", "category", "category_count"),
            [(2018, t, 9) for t in texts],
        ),
        "top_user_by_country": (
            ("country", "poster_name", "follower_count"),
            [(t, t, 10**6) for t in texts],
        ),
        "country_of_top_user": (("country", "follower_count"), [(t, 10**6) for t in texts]),
        "top_category_by_age_group": (
            ("age_group", "category", "category_count"),
            [(g, t, 3) for g in GROUPS for t in texts],
        ),
        "median_followers_by_age_group": (
            ("age_group", "median_follower_count"),
            [(g, 1000.5) for g in GROUPS],
        ),
        "users_joined_by_year": (
            ("post_year", "number_users_joined"),
            [(year, 7) for year in (2015, 2016, 2017)],
        ),
        "median_followers_by_join_year": (
            ("post_year", "median_follower_count"),
            [(2015, 10.0), (2016, 1e5)],
        ),
        "median_followers_by_age_group_and_join_year": (
            ("age_group", "post_year", "median_follower_count"),
            [(g, year, 100.0 * year) for g in GROUPS for year in (2015, 2016)],
        ),
    }
    answers = {}
    for name, (columns, rows) in shapes.items():
        grid = Grid(columns, tuple(rows))
        more = Grid(columns, tuple((*row[:-1], row[-1] * 2) for row in rows))
        ways = "per" in QUESTIONS[name].options
        answers[name] = {"user": grid, "post": more} if ways else {"": grid}
    return answers


def _books(text: str) -> dict[str, Any]:
    figures = {"read": 10, "inserted": 4, "updated": 1, "unchanged": 2, "superseded": 1}
    books: dict[str, Any] = {
        name: {"records": count, "hash": "0"}
        for name, count in {**figures, "quarantined": 2}.items()
    }
    return {
        **books,
        "objects": 3,
        "bytes": 12345,
        "flawed": 1,
        "rejects": {text: 2},
        "errors": {text: 1},
        "gaps": {text: {"open": 1, "filled": 2, "closed": [{"from": 0, "to": 3, "why": text}]}},
        "skipped": 1,
        "skipped_names": [text],
        "problems": [text],
    }
