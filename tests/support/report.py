"""Reports for tests: a page as a reader finds it, posts that try to break out of one, and reports
of the real records, made without Spark."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from math import floor
from pathlib import Path
from typing import Any

from oracle.answers import ANSWERS, Post, age_group, counted, person
from pinlake._report.collect import CELLS, MONTHS, ROWS, RUNS
from pinlake._report.data import Data, Grid
from pinlake._report.data import Table as Kept
from pinlake.analysis import QUESTIONS
from support.landing import real_records
from support.posts import cleaned, real_posts

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


def hostile_data(texts: Sequence[str] = HOSTILE) -> Data:
    """A report in which every text that comes from records is one of `texts`."""
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
            tuple(
                ((10 * i + 30) % 180 - 90, (25 * i + 10) % 360 - 180, i + 1, text, 1)
                for i, text in enumerate(texts)
            ),
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
# The columns of each answer.
COLUMNS = {
    "top_category_by_country": ("country", "category", "category_count"),
    "category_counts_by_year": ("post_year", "category", "category_count"),
    "top_category_by_year": ("post_year", "category", "category_count"),
    "top_user_by_country": ("country", "poster_name", "follower_count"),
    "country_of_top_user": ("country", "follower_count"),
    "top_category_by_age_group": ("age_group", "category", "category_count"),
    "median_followers_by_age_group": ("age_group", "median_follower_count"),
    "users_joined_by_year": ("post_year", "number_users_joined"),
    "median_followers_by_join_year": ("post_year", "median_follower_count"),
    "median_followers_by_age_group_and_join_year": (
        *("age_group", "post_year"),
        "median_follower_count",
    ),
}


def _answers(texts: Sequence[str]) -> dict[str, dict[str, Grid]]:
    """Answers of the questions' shapes; per post a little more than per user."""
    held: dict[str, list[tuple[Any, ...]]] = {
        "top_category_by_country": [(t, t, 5) for t in texts],
        "category_counts_by_year": [(year, t, year - 2010) for year in (2018, 2019) for t in texts],
        "top_category_by_year": [(2018, t, 9) for t in texts],
        "top_user_by_country": [(t, t, 10**6) for t in texts],
        "country_of_top_user": [(t, 10**6) for t in texts],
        "top_category_by_age_group": [(g, t, 3) for g in GROUPS for t in texts],
        "median_followers_by_age_group": [(g, 1000.5) for g in GROUPS],
        "users_joined_by_year": [(year, 7) for year in (2015, 2016, 2017)],
        "median_followers_by_join_year": [(2015, 10.0), (2016, 1e5)],
        "median_followers_by_age_group_and_join_year": [
            (g, year, 100.0 * year) for g in GROUPS for year in (2015, 2016)
        ],
    }
    answers = {}
    for name, rows in held.items():
        grid = Grid(COLUMNS[name], tuple(rows))
        more = Grid(COLUMNS[name], tuple((*row[:-1], row[-1] * 2) for row in rows))
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
        "seconds": 2.5,
        "flawed": 1,
        "rejects": {text: 2},
        "errors": {text: 1},
        "gaps": {text: {"open": 1, "filled": 2, "closed": [{"from": 0, "to": 3, "why": text}]}},
        "skipped": 1,
        "skipped_names": [text],
        "problems": [text],
    }


# ---- the real records --------------------------------------------------------------------------


def real_report(folder: Path) -> Data:
    """A warehouse of the real records after a month of daily runs: more countries, places and runs
    than plots have room for."""
    posts = real_posts(folder)
    ways = {
        name: ("user", "post") if "per" in q.options else ("",) for name, q in QUESTIONS.items()
    }
    return Data(
        warehouse="/home/me/demo/tables",
        made_at="2026-01-01 00:00:00",
        version="0.1.0",
        tables=(
            Kept("pins", "pin", 2_019),
            Kept("geo", "geo", 11_154, 9),
            Kept("users", "user", 11_154),
        ),
        answers={
            name: {
                per: _cut(COLUMNS[name], ANSWERS[name](posts, **({"per": per} if per else {})))
                for per in ways[name]
            }
            for name in QUESTIONS
        },
        spread={per: _spread(counted(posts, per)) for per in ("user", "post")},
        runs=Grid(
            ("kind", "n", "state", "at", "landing", "books"),
            tuple(_runs(posts, days=31))[:RUNS],
        ),
        landings=Grid(
            ("kind", "landing", "done", "failed", "unfinished"),
            tuple((kind, "s3://user-0a1b2c/", 31, 0, False) for kind in ("pin", "geo", "user")),
        ),
        quarantine=Grid(
            ("kind", "code", "records", "replayed"),
            (("pin", "not_json", 12, 0), ("user", "missing_key", 3, 3)),
        ),
        samples=Grid(
            ("kind", "code", "records", "replayed", "detail", "position", "bytes", "payload"),
            tuple(
                (
                    *("pin", "not_json", 12, 0, "expected value at byte 1,071"),
                    *(f"kafka:0a1b2c.pin 0000000000 {n:020} 0", 1_200),
                    json.dumps(posts[n], default=str)[:400].encode(),
                )
                for n in range(5)
            ),
        ),
        errors=Grid(
            ("kind", "column", "code", "number", "samples"),
            (
                ("geo", "coordinates", "invalid_coordinates", 6, (('{"latitude":95.1}', 6),)),
                ("geo", "timestamp", "invalid_timestamp", 3, (("yesterday", 2), ("", 1))),
            ),
        ),
        **_where_and_when(posts),
    )


def geo_report(folder: Path) -> Data:
    """A warehouse that holds nothing but the real records of geo."""
    rows = cleaned("geo", real_records(folder, "geo"))
    return Data(
        warehouse="main.social",
        made_at="2026-01-01 00:00:00",
        version="0.1.0",
        tables=(Kept("pins", "pin"), Kept("geo", "geo", len(rows)), Kept("users", "user")),
        of_posts=False,
        errors=Grid(("kind", "column", "code", "number", "samples")),
        missing=("pins", "users", "quarantine", "runs"),
        **_where_and_when(rows, people=False),
    )


def _cut(columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], most: int = ROWS) -> Grid:
    return Grid(columns, tuple(rows[:most]), len(rows) > most)


def _where_and_when(posts: Sequence[Post], *, people: bool = True) -> dict[str, Any]:
    """The parts of a report about places and times."""
    times = sorted(post["timestamp"] for post in posts if post["timestamp"])
    months = Counter(f"{at:%Y-%m}" for at in times)
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    for post in posts:
        if post["coordinates"]:
            latitude, longitude = map(floor, post["coordinates"])
            cells[min(latitude, 89), min(longitude, 179)].append(post["country"])
    rows = [(*at, len(held), min(held), len(set(held))) for at, held in cells.items()]
    return {
        "totals": {
            "posts": len(posts),
            "people": len(set(map(person, posts))) if people else None,
            "countries": len({post["country"] for post in posts}),
            "placed": sum(map(len, cells.values())),
            "dated": len(times),
            "first": str(times[0]),
            "last": str(times[-1]),
        },
        "cells": _cut(
            ("latitude", "longitude", "posts", "country", "countries"),
            sorted(rows, key=lambda row: (-row[2], *row[:2])),
            CELLS,
        ),
        "months": _cut(("month", "posts"), sorted(months.items(), reverse=True), MONTHS),
    }


def _spread(posts: Iterable[Post]) -> Grid:
    """Quantiles of follower counts by age group."""
    held: dict[str, list[int]] = defaultdict(list)
    for post in posts:
        group = age_group(post["age"])
        if group is not None:
            held[group].append(post["follower_count"])
    rows = []
    for group, counts in sorted(held.items()):
        counts.sort()
        shares = (0.05, 0.25, 0.5, 0.75, 0.95)
        quantiles = (float(counts[int(share * (len(counts) - 1))]) for share in shares)
        rows.append((group, len(counts), *quantiles))
    return Grid(("age_group", "number", "q05", "q25", "q50", "q75", "q95"), tuple(rows))


def _runs(posts: Sequence[Post], days: int) -> Iterator[tuple[Any, ...]]:
    """The runs of some days, the newest first, as large as days of the real records are."""
    for day in range(days, 0, -1):
        for kind in ("user", "pin", "geo"):
            read = len(posts) // days + day
            figures = {
                "read": read,
                "inserted": read - 9,
                "updated": 1,
                "unchanged": 6,
                "superseded": 1,
                "quarantined": 1,
            }
            books: dict[str, Any] = {
                name: {"records": count, "hash": "0"} for name, count in figures.items()
            }
            books.update(objects=read, bytes=read * 1_071, seconds=4.2, rejects={"not_json": 1})
            at = 1_767_225_600_000_000 + day * 86_400_000_000
            yield kind, day, "done", at, "s3://user-0a1b2c/", books
