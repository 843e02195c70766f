"""The notebooks run as they stand, and what they show is right."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oracle.answers import ANSWERS, Answer
from pinlake.analysis import QUESTIONS
from support.landing import Landing
from support.posts import golden_posts
from support.session import CHECKOUT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOTEBOOKS = CHECKOUT / "notebooks"
SCHEMA = "notebooks_test"
HERE = {"catalog": "spark_catalog", "schema": SCHEMA}


@pytest.fixture(scope="module")
def here() -> Any:
    """The runner, which stands beside the notebooks."""
    sys.path.insert(0, str(NOTEBOOKS))
    import run_here

    return run_here


def golden(real_data: Path, kind: str) -> list[bytes]:
    lines = (real_data / "golden_chefdata" / f"{kind}.jsonl").read_bytes().split(b"\n")
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def landing(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """The records that one public notebook read, and one that is none."""
    made = Landing(tmp_path_factory.mktemp("landing"))
    for kind in ("pin", "geo", "user"):
        end = made.fill(kind, golden(real_data, kind), per=50)
        made.put(kind, end, [b"{nope"])
    return made


@pytest.fixture(scope="module")
def schema(spark: SparkSession) -> Iterator[str]:
    with existing(spark, SCHEMA):
        yield SCHEMA


@contextmanager
def existing(spark: SparkSession, schema: str) -> Iterator[None]:
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    yield
    spark.sql("USE default")
    spark.sql(f"DROP SCHEMA {schema} CASCADE")


def table(shown: tuple[list[str], list[tuple[Any, ...]]]) -> list[dict[str, Any]]:
    columns, rows = shown
    return [dict(zip(columns, row, strict=True)) for row in rows]


def plotted(figure: dict[str, Any]) -> list[list[tuple[Any, Any]]]:
    """The points of each trace of a figure."""
    pairs = ((_values(trace["x"]), _values(trace["y"])) for trace in figure["data"])
    return [list(zip(xs, ys, strict=True)) for xs, ys in pairs]


def _values(held: Any) -> list[Any]:
    """Values of a trace; plotly packs the numbers of numpy."""
    import numpy as np

    if isinstance(held, dict):
        held = np.frombuffer(base64.b64decode(held["bdata"]), held["dtype"])
    return list(np.asarray(held).tolist())


def test_explore_shows_what_is_there(
    spark: SparkSession, here: Any, landing: Landing, real_data: Path
) -> None:
    result = here.run(NOTEBOOKS / "00_explore.py", spark, {"landing": landing.url, "kind": "pin"})
    records = [json.loads(line) for line in golden(real_data, "pin")]
    sample, fields, rejects, ranges = map(table, result.shown("table"))
    assert len(sample) == 5
    named = {row["field"]: row for row in fields}
    assert set(named) == set().union(*records)
    for name, row in named.items():
        assert row["records"] == sum(name in record for record in records)
        texts = {str(record[name]) for record in records if record.get(name) is not None}
        assert row["distinct"] == len(texts), name
        assert (row["least"], row["greatest"]) == (min(texts), max(texts)), name
    unknown = Counter(record["follower_count"] for record in records)["User Info Error"]
    assert named["follower_count"]["placeholders"] == unknown > 0
    assert named["index"]["column"] == "ind"
    assert {row["field"] for row in fields if row["column"] is None} == set()
    assert rejects == [{"code": "not_json", "count": 1}]
    (counts,) = (row for row in ranges if row["column"] == "follower_count")
    assert counts["nulls"] == unknown + 1 - 1
    assert (counts["type"], counts["greatest"]) == ("bigint", "8000000")
    (figure,) = result.shown("figure")
    parts = ["placeholders", "nulls", "empty"]
    assert [trace["name"] for trace in figure["data"]] == parts
    for part, points in zip(parts, plotted(figure), strict=True):
        assert dict(points) == {name: row[part] for name, row in named.items()}
    assert "follower_count: long" in "".join(result.shown("text"))


def test_explore_cleans_no_more_than_the_sample(
    spark: SparkSession, here: Any, landing: Landing
) -> None:
    widgets = {"landing": landing.url, "kind": "geo", "sample": "60"}
    result = here.run(NOTEBOOKS / "00_explore.py", spark, widgets)
    _, fields, rejects, ranges = map(table, result.shown("table"))
    rejected = sum(row["count"] for row in rejects)
    assert {row["rows"] for row in ranges} == {60 - rejected}
    assert {row["records"] for row in fields} == {60 - rejected}


def test_batch_then_analysis(
    spark: SparkSession, here: Any, landing: Landing, schema: str, real_data: Path
) -> None:
    batch = NOTEBOOKS / "01_batch.py"
    widgets = {**HERE, "landing": landing.url}
    check = here.run(batch, spark, {**widgets, "step": "check", "kinds": "pin"})
    assert [(b["kind"], b["state"]) for b in json.loads(check.exit)["books"]] == [
        ("pin", "to read")
    ]
    done = json.loads(here.run(batch, spark, widgets).exit)
    assert done["ok"]
    for books in done["books"]:
        assert books["read"]["records"] == 323
        assert books["rejects"] == {"not_json": 1}
    again = here.run(batch, spark, widgets)
    assert again.shown("text")[0].count("nothing new") == 3
    gate = here.run(batch, spark, {**widgets, "step": "gate", "max_quarantine": "0.5"})
    assert json.loads(gate.exit)["ok"]
    day = done["books"][0]["ingested_at"][:10]
    # The runs of a day come by their times, which kinds written side by side have in any order.
    over = r"01_batch.py:\d+: .*\bpin: 1 of 323 [^;]*not_json 1"
    with pytest.raises(here.NotebookError, match=over):
        here.run(batch, spark, {**widgets, "step": "gate", "date": day, "max_quarantine": "0.001"})
    none = here.run(batch, spark, {**widgets, "step": "gate", "date": "2001-01-01"})
    assert json.loads(none.exit)["books"] == []
    with pytest.raises(here.NotebookError, match="date='2001-02-30': give a day as YYYY-MM-DD"):
        here.run(batch, spark, {**widgets, "step": "gate", "date": "2001-02-30"})
    # A run whose books failed to balance first, and were done again.
    failed = 'replace(books, \'"problems": []\', \'"problems": ["lost"]\')'
    spark.sql(
        f"INSERT INTO {SCHEMA}.runs SELECT n, kind, landing, 'failed', nonce, run_id, ingested_at, "
        f"format, plan, {failed}, marks FROM {SCHEMA}.runs WHERE kind = 'pin' AND state = 'done'"
    )
    for which in ("", day):
        gate = here.run(batch, spark, {**widgets, "step": "gate", "date": which})
        assert len(json.loads(gate.exit)["books"]) == 3

    # A record that came before: steps of a job read it, and change nothing.
    lines = golden(real_data, "geo")
    landing.put("geo", len(lines) + 1, lines[-1:])
    step = {**widgets, "kinds": "geo"}
    (clean,) = json.loads(here.run(batch, spark, {**step, "step": "clean"}).exit)["books"]
    assert (clean["read"]["records"], clean["unchanged"]["records"]) == (1, 1)
    maintained = json.loads(here.run(batch, spark, {**step, "step": "maintain"}).exit)
    assert maintained["ok"]
    assert any("geo" in note and "files, now" in note for note in maintained["notes"])
    # Spark itself has no ANALYZE for a catalog's Delta tables; the step goes on and says so.
    assert not [note for note in maintained["notes"] if re.search("(OPTIMIZE|VACUUM) failed", note)]

    posts = golden_posts(real_data)
    result = here.run(NOTEBOOKS / "03_analysis.py", spark, {**HERE, "per": "post", "ties": "first"})
    shown = [rows for _, rows in result.shown("table")]
    asked = [
        ("top_category_by_country", {"ties": "first"}),
        ("top_category_by_year", {"ties": "first"}),
        ("top_user_by_country", {"per": "post", "ties": "first"}),
        ("country_of_top_user", {"per": "post", "ties": "first"}),
        ("top_category_by_age_group", {"ties": "first"}),
        ("median_followers_by_join_year", {"per": "post"}),
    ]
    for rows, (name, options) in zip(shown, asked, strict=False):
        assert rows == ANSWERS[name](posts, **options), name
    categories = Counter(post["category"] for post in posts)
    assert {row[0]: row[1] for row in shown[len(asked)]} == categories
    figures = result.shown("figure")
    assert len(figures) == 4
    drawn = [
        {trace["name"]: points for trace, points in zip(one["data"], plotted(one), strict=True)}
        for one in figures
    ]
    assert drawn[0] == traces(ANSWERS["category_counts_by_year"](posts), by=1)
    medians = ANSWERS["median_followers_by_age_group"](posts, per="post")
    assert drawn[1] == {"": medians}
    assert drawn[2] == {"": ANSWERS["users_joined_by_year"](posts, per="post")}
    both = ANSWERS["median_followers_by_age_group_and_join_year"](posts, per="post")
    assert drawn[3] == traces(both, by=0)
    saved = result.shown("text")[-1].splitlines()
    assert len(saved) == 10
    given = {"per": "post", "ties": "first"}
    for name, question in QUESTIONS.items():
        options = {option: given[option] for option in question.options if option in given}
        held = spark.table(f"{SCHEMA}.{name}").collect()
        want = ANSWERS[name](posts, **options)
        assert want
        assert sorted(map(tuple, held), key=repr) == sorted(want, key=repr), name


def test_the_source_alone_makes_a_stream_of_it(
    spark: SparkSession, here: Any, landing: Landing, real_data: Path, tmp_path: Path
) -> None:
    records = [json.loads(line) for line in golden(real_data, "pin")]
    posts = Counter({record["index"]: record["category"] for record in records}.values())

    def books(**widgets: str) -> dict[str, Any]:
        given = {**widgets, "catalog": "spark_catalog", "schema": own, "kinds": "pin"}
        result = here.run(NOTEBOOKS / "02_stream.py", spark, given)
        report = json.loads(result.exit)
        assert report["ok"]
        runs, categories = map(table, result.shown("table"))
        assert {row["kind"] for row in runs} == {"pin"}
        assert {row["category"]: row["posts"] for row in categories} == posts
        (found,) = report["books"]
        return {name: found[name]["records"] for name in ("read", "inserted", "unchanged")}

    own = "notebooks_stream"
    check = str(tmp_path / "check")
    with existing(spark, own):
        stream = books(source=f"landing:{landing.url}", checkpoint=check)
        repeats = len(records) - posts.total()
        assert stream == {"read": 323, "inserted": posts.total(), "unchanged": repeats}
        assert books(source=f"landing:{landing.url}", checkpoint=check)["read"] == 0
        batch = books(source="", landing=landing.url)
        assert batch == {**stream, "inserted": 0, "unchanged": 322}


def traces(answer: Answer, *, by: int) -> dict[str, Answer]:
    """An answer's rows as plotly puts them together: by the name in one column."""
    found: dict[str, Answer] = {}
    for row in answer:
        found.setdefault(row[by], []).append((*row[:by], *row[by + 1 :]))
    return found


@pytest.mark.once
def test_what_a_notebook_cannot_do_is_said(spark: SparkSession, here: Any, tmp_path: Path) -> None:
    def notebook(*parts: str) -> Path:
        file = tmp_path / "n.py"
        file.write_text("\n# COMMAND ----------\n".join([here.HEAD, *parts]), "utf-8")
        return file

    with pytest.raises(here.NotebookError, match=r"n\.py:\d+: division by zero"):
        here.run(notebook("x = 1", "x / 0"), spark)
    with pytest.raises(here.NotebookError, match="nothing-like-it is not installed here"):
        here.run(notebook("# MAGIC %pip install --quiet -f /x nothing-like-it==1.0"), spark)
    with pytest.raises(here.NotebookError, match="%scala is not known here"):
        here.run(notebook("# MAGIC %scala", "# MAGIC val x = 1"), spark)
    with pytest.raises(ValueError, match="no widget 'landng'; there are landing"):
        here.run(notebook('dbutils.widgets.text("landing", "x")'), spark, {"landng": "y"})
    with pytest.raises(here.NotebookError, match="k='c': one of a, b"):
        here.run(notebook('dbutils.widgets.dropdown("k", "a", ["a", "b"])'), spark, {"k": "c"})
    result = here.run(
        notebook(
            "# MAGIC %md\n# MAGIC # Title",
            "# MAGIC %sql\n# MAGIC SELECT 1 AS one",
            "display(_sqldf)\n6 * 7",
            'dbutils.notebook.exit("done")',
            "raise SystemExit",
        ),
        spark,
    )
    assert result.exit == "done"
    assert result.shown("table") == [(["one"], [(1,)])] * 2
    assert result.shown("text") == ["42"]


@pytest.mark.once
def test_notebooks_of_one_call_take_the_widgets_that_they_have(
    spark: SparkSession, here: Any, tmp_path: Path, capsys: Any
) -> None:
    for name in ("a", "b"):
        text = f'dbutils.widgets.text("{name}", "none")\nprint(dbutils.widgets.get("{name}"))\n'
        Path(tmp_path, f"{name}.py").write_text(f"{here.HEAD}\n{text}", "utf-8")
    files = [str(tmp_path / "a.py"), str(tmp_path / "b.py")]
    assert here.main([*files, "b=two", "a=one"]) == 0
    assert capsys.readouterr().out.split() == ["one", "two"]
    assert here.main([*files, "c=three"]) == 2
    assert capsys.readouterr().err == "run_here: no widget 'c'; there are a, b\n"


@pytest.mark.once
def test_ipynb_holds_every_cell(here: Any, tmp_path: Path, capsys: Any) -> None:
    files = sorted(NOTEBOOKS.glob("0*.py"))
    assert len(files) >= 3
    assert here.main(["--ipynb", str(tmp_path), *map(str, files)]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / f"{f.stem}.ipynb") for f in files]
    for file in files:
        made = json.loads((tmp_path / f"{file.stem}.ipynb").read_text("utf-8"))
        parts = here.cells(file.read_text("utf-8"))
        assert (made["nbformat"], len(made["cells"])) == (4, len(parts))
        for cell, part in zip(made["cells"], parts, strict=True):
            assert cell["source"].endswith(part.text)
            assert (cell["cell_type"] == "markdown") == (part.language == "md")
