"""The report: its numbers are those of the tables, whatever stands in them."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from oracle.answers import ANSWERS, Post, join
from pinlake import cli, config
from pinlake.analysis import QUESTIONS
from pinlake.errors import ConfigError, SourceError
from pinlake.report import Data, collect, page, report
from support.landing import Landing, payload
from support.report import HOSTILE, PWN, RAW, Page, hostile_records, value

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.once

SECTIONS = ["posts", "questions", "followers", "books", "throughput", "quarantine", "errors"]


def run(spark: SparkSession, landing: Path, warehouse: str, **more: Any) -> None:
    settings = config.load(landing=str(landing), warehouse=warehouse, **more)
    pinlake.run_batch(spark, settings)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two runs over made posts with faults."""
    folder = tmp_path_factory.mktemp("report")
    faults = {"duplicate": 0.05, "corrupt": 0.02, "retyped_field": 0.05}
    for count in (250, 260):
        emulator = pinlake.Emulator(seed=7, count=count, faults=faults)
        emulator.run(f"landing:{folder / 'landing'}", flush_size=100)
        run(spark, folder / "landing", str(folder / "lake"))
    return str(folder / "lake")


@pytest.fixture(scope="module")
def data(spark: SparkSession, lake: str) -> Data:
    return collect(spark, lake)


@pytest.fixture(scope="module")
def shown(data: Data) -> Page:
    return Page(page(data))


def held(spark: SparkSession, lake: str, table: str) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in spark.table(f"delta.`{lake}/{table}`").collect()]


@pytest.fixture(scope="module")
def posts(spark: SparkSession, lake: str) -> list[Post]:
    return join(*(held(spark, lake, table) for table in ("pins", "geo", "users")))


# ---- what it says ------------------------------------------------------------------------------


def test_every_part_is_there_in_order(shown: Page, data: Data) -> None:
    assert [name for name in shown.ids if name in SECTIONS] == SECTIONS
    assert len(shown.ids) == len(set(shown.ids))
    levels = [level for level, _ in shown.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(now - before <= 1 for before, now in itertools.pairwise(levels))
    titles = {text for _, text in shown.headings}
    assert {question.asks for question in QUESTIONS.values()} <= titles
    plots = {held["data-plot"] for tag, held in shown.tags if held.get("data-plot")}
    figures = json.loads(shown.scripts[0])
    assert plots == set(figures) == {*QUESTIONS, "map", "months", "spread", *SECTIONS[3:]}
    assert data.missing == ()


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_an_answer_is_that_of_plain_python(name: str, shown: Page, posts: list[Post]) -> None:
    asks = QUESTIONS[name].asks
    if "per" not in QUESTIONS[name].options:
        tables = {asks: ANSWERS[name](posts)}
    else:
        ways = {per: ANSWERS[name](posts, per=per) for per in ("user", "post")}
        tables = {f"{asks} Per {per}": answer for per, answer in ways.items()}
        if ways["user"] == ways["post"]:
            tables = {asks: ways["user"]}
    for caption, answer in tables.items():
        assert answer
        got = [[value(cell) for cell in row] for row in shown.table(caption).rows]
        want = [list(map(as_shown, row)) for row in answer]
        assert got == want


def as_shown(cell: Any) -> Any:
    if isinstance(cell, float):
        return round(cell, 1)
    return float(cell) if isinstance(cell, int) else cell


def test_places_months_and_totals_are_those_of_the_posts(
    shown: Page, data: Data, posts: list[Post]
) -> None:
    assert data.totals is not None
    people = {(post["user_name"], post["age"], post["date_joined"]) for post in posts}
    countries = {post["country"] for post in posts} - {None}
    assert (data.totals["posts"], data.totals["people"]) == (len(posts), len(people))
    assert data.totals["countries"] == len(countries)
    assert re.search(rf"Posts{len(posts)}joined by ind", shown.text)
    months = Counter(f"{post['timestamp']:%Y-%m}" for post in posts if post["timestamp"])
    rows = shown.table("Posts per month").rows
    assert [(month, int(count)) for month, count in rows] == sorted(months.items())
    cells: Counter[tuple[int, int]] = Counter()
    for post in posts:
        if post["coordinates"] is not None:
            latitude, longitude = (int(part // 1) for part in post["coordinates"])
            cells[min(latitude, 89), min(longitude, 179)] += 1
    assert data.cells is not None
    assert {(a, b): n for a, b, n, *_ in data.cells.rows} == cells


def test_followers_are_spread_as_they_are(data: Data, posts: list[Post]) -> None:
    assert data.spread is not None
    for per, grid in data.spread.items():
        medians = dict(ANSWERS["median_followers_by_age_group"](posts, per=per))
        assert {row["age_group"]: row["q50"] for row in grid.dicts()} == medians
        for row in grid.dicts():
            quantiles = [row[name] for name in ("q05", "q25", "q50", "q75", "q95")]
            assert quantiles == sorted(quantiles)


def test_the_books_are_those_of_the_runs(spark: SparkSession, lake: str, shown: Page) -> None:
    done = [row for row in held(spark, lake, "runs") if row["state"] == "done"]
    assert len(done) == 6
    want = {}
    for row in done:
        books = json.loads(row["books"])
        fates = ("read", "inserted", "updated", "unchanged", "superseded", "quarantined")
        figures = [books["objects"], *(books[fate]["records"] for fate in fates)]
        want[f"{row['kind']} {row['n']}"] = (figures, books["bytes"])
    rows = shown.table("Books of the runs").rows
    assert {row[0]: [int(value(cell)) for cell in row[2:-1]] for row in rows} == {
        name: figures for name, (figures, _) in want.items()
    }
    assert {row[-1] for row in rows} == {"✓ balanced"}
    for row in rows:
        _, read, *fates = (value(cell) for cell in row[2:-1])
        assert read == sum(fates)
    rows = shown.table("Objects, records, bytes and time of each run").rows
    assert {row[0]: int(value(row[4])) for row in rows} == {
        name: size for name, (_, size) in want.items()
    }
    assert "✓ all balance" in shown.text


def test_quarantine_and_bad_fields_are_those_of_the_tables(
    spark: SparkSession, lake: str, shown: Page, data: Data
) -> None:
    rejected = held(spark, lake, "quarantine")
    codes = Counter((row["kind"], row["code"]) for row in rejected)
    assert codes
    rows = shown.table("Quarantined records by kind and code").rows
    assert {(kind, code): int(count) for kind, code, count, _ in rows} == codes
    payloads = {bytes(row["payload"])[:400] for row in rejected}
    assert data.samples is not None
    assert {bytes(row["payload"]) for row in data.samples.dicts()} <= payloads
    assert max(Counter(row[:2] for row in data.samples.rows).values()) <= 5
    errors: Counter[tuple[str, str, str]] = Counter()
    for kind, table in (("pin", "pins"), ("geo", "geo"), ("user", "users")):
        for row in held(spark, lake, table):
            errors.update((kind, one["column"], one["code"]) for one in row["_errors"])
    assert errors
    rows = shown.table("Bad fields by column and rule").rows
    assert {(row[1], row[0], row[2]): int(row[3]) for row in rows} == errors


def test_it_is_one_file_that_asks_nobody(data: Data, shown: Page) -> None:
    text = page(data)
    assert len(text.encode()) < 5_000_000
    assert text == page(data)
    policy = next(
        held["content"] or ""
        for tag, held in shown.tags
        if held.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    for tag, attributes in shown.tags:
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert len(shown.scripts) == 3


@pytest.mark.lane
def test_few_posts_are_read_as_many_are(
    spark: SparkSession, warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few are brought here once and asked as a frame of their own, many as the tables' join."""
    # Tables alone: a run of all kinds takes longer than the rest of this.
    for kind, records in hostile_records().items():
        payloads = [(bytearray(payload(record)),) for record in records]
        clean = pinlake.clean(spark.createDataFrame(payloads, "value binary"), kind)
        table = f"{warehouse}/{pinlake.Kind.of(kind).table}"
        pinlake.accepted(clean).write.format("delta").save(table)
    few = collect(spark, warehouse)
    assert few.totals is not None
    assert few.totals["posts"] == len(HOSTILE)
    monkeypatch.setattr("pinlake._report.collect.LOCAL_POSTS", 1)
    many = collect(spark, warehouse)
    assert replace(many, made_at="") == replace(few, made_at="")


# ---- what is not there -------------------------------------------------------------------------


def test_a_warehouse_of_one_kind(spark: SparkSession, tmp_path: Path, warehouse: str) -> None:
    made = Landing(tmp_path / "landing")
    made.put("geo", 0, [{"ind": n, "country": "Peru", "timestamp": "2020-02-01"} for n in (1, 2)])
    run(spark, made.folder, warehouse, kind=["geo"])
    found = collect(spark, warehouse)
    assert set(found.missing) >= {"pins", "users"}
    shown = Page(page(found))
    assert [name for name in shown.ids if name in SECTIONS] == SECTIONS
    assert "has no table pins, users: these are all records of geo" in shown.text
    assert shown.table("Posts per month").rows == [["2020-02", "2"]]
    assert "Not here: the warehouse has no table pins, users." in shown.text


def test_a_warehouse_without_geo_quarantine_and_runs(
    spark: SparkSession, tmp_path: Path, warehouse: str
) -> None:
    made = Landing(tmp_path / "landing")
    made.put("pin", 0, [{"index": 1, "title": "t", "downloaded": "many"}])
    run(spark, made.folder, warehouse, kind=["pin"])
    for name in ("quarantine", "runs"):
        shutil.rmtree(Path(warehouse, name), ignore_errors=True)
    found = collect(spark, warehouse)
    assert found.missing == ("geo", "users", "quarantine", "runs")
    shown = Page(page(found))
    for name in ("geo", "runs", "quarantine"):
        assert re.search(rf"Not here: the warehouse has no table [^.]*{name}", shown.text)
    assert shown.table("Bad fields by column and rule").rows[0][:4] == [
        *("downloaded", "pin", "wrong_type", "1"),
    ]
    assert "Booksunknownno table of runs" in shown.text


def test_tables_without_rows(spark: SparkSession, tmp_path: Path, warehouse: str) -> None:
    made = Landing(tmp_path / "landing")
    for kind in ("pin", "geo", "user"):
        made.put(kind, 0, [b"{"])
    run(spark, made.folder, warehouse)
    found = collect(spark, warehouse)
    assert found.missing == ()
    assert [table.records for table in found.tables] == [0, 0, 0]
    shown = Page(page(found))
    assert shown.table(QUESTIONS["country_of_top_user"].asks).rows == [["none"]]
    assert "No row has a bad field." in shown.text
    assert len(shown.table("Quarantined records by kind and code").rows) == 3
    with pytest.raises(SourceError, match="holds no table of pinlake"):
        collect(spark, str(tmp_path / "landing"))


def test_books_that_do_not_balance_are_said(
    spark: SparkSession, tmp_path: Path, warehouse: str
) -> None:
    made = Landing(tmp_path / "landing")
    made.put("geo", 0, [{"ind": 1, "country": "Peru"}])
    run(spark, made.folder, warehouse, kind=["geo"])
    table = f"delta.`{warehouse}/runs`"
    told = "read 2 records, accounted for 1 </script>"
    problems = json.dumps({"problems": [told]})
    # One that failed and was done again keeps its id: what was done counts.
    for number, run_id in (("n", "run_id"), ("n + 1", "concat('another ', run_id)")):
        spark.sql(
            f"INSERT INTO {table} SELECT {number}, kind, landing, 'failed', nonce, {run_id}, "
            f"ingested_at, format, plan, '{problems}', marks FROM {table} WHERE state = 'done'"
        ).collect()
        shown = Page(page(collect(spark, warehouse)))
        if number == "n":
            assert "✓ all balance" in shown.text
            assert told not in shown.text
    assert "✗ 1 do not balance" in shown.text
    assert shown.text.count(told) == 1
    assert [row[-1] for row in shown.table("Books of the runs").rows].count(
        "✗ does not balance"
    ) == 1


def test_a_run_says_how_fast_it_was(spark: SparkSession, tmp_path: Path, warehouse: str) -> None:
    made = Landing(tmp_path / "landing")
    made.put("geo", 0, [{"ind": n, "country": "Peru"} for n in range(50)])
    run(spark, made.folder, warehouse, kind=["geo"])
    shown = Page(page(collect(spark, warehouse)))
    (row,) = shown.table("Objects, records, bytes and time of each run").rows
    assert row[3] == "50"
    assert abs(int(row[6].replace(",", "")) - 50 / float(row[5])) <= 0.5 + 50 / float(row[5]) / 10


# ---- hostile records ---------------------------------------------------------------------------


def test_text_of_records_stays_text(spark: SparkSession, tmp_path: Path, warehouse: str) -> None:
    made = Landing(tmp_path / "landing")
    for kind, records in hostile_records().items():
        made.put(kind, 0, records)
    run(spark, made.folder, warehouse)
    text = page(collect(spark, warehouse))
    shown = Page(text)
    assert len(shown.scripts) == 3
    assert "<" not in shown.scripts[0]
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2028\u2029\u2066-\u2069]", text)
    assert not [tag for tag, _ in shown.tags if tag in ("img", "svg", "iframe", "object")]
    assert all((held.get("href") or "#")[0] in "#d" for _, held in shown.tags)
    countries = {row[0] for row in shown.table(QUESTIONS["top_category_by_country"].asks).rows}
    assert f"<script>{PWN}</script>" in countries
    assert "right \\u202e tfel \\u2066 isolate \\u200f mark" in countries
    assert "nul \\u0000 bell \\u0007 escape \\u001b[31m" in countries
    assert "line\\u2028end\\u2029and\\nnewline\\rreturn\\ttab" in countries
    assert len(countries) == len(HOSTILE)
    payloads = {row[-1] for row in shown.table("Samples, a few of each code").rows}
    assert any("\\xff\\xfe<script>" in payload for payload in payloads), RAW


def test_a_page_stays_small_whatever_records_hold(
    spark: SparkSession, tmp_path: Path, warehouse: str
) -> None:
    made = Landing(tmp_path / "landing")
    long = "<\u202e\U0001f600" * 300_000
    for kind, records in hostile_records().items():
        long_ones = [
            {
                name: text and f"{long}{text}" if isinstance(text, str) else text
                for name, text in record.items()
            }
            for record in records[:3]
        ]
        made.put(kind, 0, [*long_ones, long.encode()])
    run(spark, made.folder, warehouse)
    found = collect(spark, warehouse)
    assert len(page(found).encode()) < 3_000_000
    assert found.answers is not None
    assert [row[2] for row in found.answers["top_category_by_country"][""].rows] == [1, 1, 1]


# ---- the function and the verb -----------------------------------------------------------------


def test_the_file_is_whole_or_not_there(spark: SparkSession, lake: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert report(spark, lake, out) == out
    first = out.read_text("utf-8")
    assert first.endswith("</html>\n")
    with pytest.raises(SourceError):
        report(spark, str(tmp_path / "none"), out)
    assert out.read_text("utf-8") == first
    with pytest.raises(ConfigError, match="a folder"):
        report(spark, lake, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_the_verb(
    spark: SparkSession,
    lake: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PINLAKE_TEST_CONNECT", raising=False)
    assert cli.run(["report", "--warehouse", lake, "--out", "page.html"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'page.html'}\n"
    assert Page(Path("page.html").read_text("utf-8")).ids
    for words, wanted in (
        (["--warehouse", lake, "--out", "."], "a folder; give --out a file"),
        (["--warehouse", lake, "--out", "no/page.html"], "there is no folder no"),
        (["--warehouse", "nowhere", "--out", "x.html"], "nowhere: no such file or folder"),
        (["--warehouse", str(tmp_path), "--out", "x.html"], "holds no Delta table"),
        (["--out", "x.html"], "no warehouse given"),
        (["--warehouse", lake], "--out"),
    ):
        assert cli.run(["report", *words]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        lines = [line for line in told.err.splitlines() if line.startswith("pinlake: ")]
        assert len(lines) == 1, told.err
        assert wanted in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
