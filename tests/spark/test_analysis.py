"""The eight questions: functions, SQL and a plain-Python reading give the same answers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import pinlake
from oracle.answers import ANSWERS, Answer, Post
from pinlake import analysis
from pinlake._tables import Warehouse
from pinlake.analysis import PERSON
from pinlake.errors import ConfigError, SchemaError, SourceError
from support.posts import COLUMNS, golden_posts, published, real_posts, tables_of, variants

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CASES = [
    pytest.param(name, options, id=f"{name}-{'-'.join(options.values())}")
    for name, question in analysis.QUESTIONS.items()
    for options in variants(question.options)
]


@pytest.fixture(scope="module")
def real(real_data: Path) -> list[Post]:
    return real_posts(real_data)


@pytest.fixture(scope="module", autouse=True)
def no_views_stay(spark: SparkSession) -> Iterator[None]:
    yield
    for name in COLUMNS:
        spark.catalog.dropTempView(name)


def asked(spark: SparkSession, posts: Sequence[Post], partitions: int = 2) -> DataFrame:
    """Posts as a frame; their three tables are there as SQL names them."""
    tables = tables_of(spark, posts, partitions)
    for name, table in tables.items():
        table.createOrReplaceTempView(name)
    return tables["pins"].join(tables["geo"], "ind").join(tables["users"], "ind")


@pytest.fixture
def frame(spark: SparkSession, real: list[Post]) -> DataFrame:
    return asked(spark, real)


def rows(frame: DataFrame) -> Answer:
    return [tuple(row) for row in frame.collect()]


@pytest.mark.once
@pytest.mark.parametrize(("name", "options"), CASES)
def test_function_sql_and_plain_python_agree(
    spark: SparkSession, frame: DataFrame, real: list[Post], name: str, options: dict[str, str]
) -> None:
    want = ANSWERS[name](real, **options)
    assert want
    answer = analysis.QUESTIONS[name].answer(frame, **options)
    assert rows(answer) == want
    same = spark.sql(analysis.sql(name, **options))
    assert same.columns == answer.columns
    assert rows(same) == want


def test_ties_are_among_the_real_answers(real: list[Post]) -> None:
    """Else the comparison above would say nothing about them."""
    for name in ("top_category_by_country", "top_user_by_country"):
        every, first = ANSWERS[name](real), ANSWERS[name](real, ties="first")
        assert len(every) > len(first) == len({row[0] for row in every})


MEDIANS = [name for name, asked in analysis.QUESTIONS.items() if "approximate" in asked.options]


@pytest.mark.once
@pytest.mark.parametrize("per", ["user", "post"])
@pytest.mark.parametrize("name", MEDIANS)
def test_approximate_medians_of_few_posts_are_values_in_the_middle(
    spark: SparkSession, real: list[Post], name: str, per: str
) -> None:
    """Of so few values `percentile_approx` gives the lower one of two in the middle."""
    # Without the first ones the two differ somewhere in each of these answers.
    some = real[53:]
    want = ANSWERS[name](some, per=per, approximate=True)
    assert want != ANSWERS[name](some, per=per)
    answer = analysis.QUESTIONS[name].answer(asked(spark, some), per=per, approximate=True)
    assert rows(answer) == want
    assert rows(spark.sql(analysis.sql(name, per=per, approximate=True))) == want


# ---- the published answers ---------------------------------------------------------------------


@pytest.mark.lane
def test_published_answers(spark: SparkSession, real_data: Path) -> None:
    posts, answers = golden_posts(real_data), published(real_data)
    frame = asked(spark, posts)

    def ours(name: str, **options: Any) -> list[tuple[str, ...]]:
        found = rows(analysis.QUESTIONS[name].answer(frame, **options))
        return sorted(tuple(map(str, row)) for row in found)

    def theirs(name: str) -> list[tuple[str, ...]]:
        return sorted(tuple(row.values()) for row in answers[name])

    assert ours("top_category_by_country") == theirs("q1_top_category_by_country")
    assert ours("top_category_by_year") == theirs("q2_top_category_by_year")
    # Its third answer lists everybody, unknown counts too; the greatest of each country are ours.
    listed = theirs("q3a_followers_by_country_and_poster")
    listed = [row for row in listed if row[2] != "null"]
    greatest = {
        country: max(int(n) for c, _, n in listed if c == country) for country, *_ in listed
    }
    top = [row for row in listed if int(row[2]) == greatest[row[0]]]
    assert ours("top_user_by_country", per="post") == sorted(set(top))
    # It gives one of the two countries whose poster has 8,000,000 followers, by chance.
    assert theirs("q3b_country_of_top_poster") == [("Angola", "8000000")]
    assert ours("country_of_top_user", per="post") == [
        ("American Samoa", "8000000"),
        ("Angola", "8000000"),
    ]
    assert ours("top_category_by_age_group") == theirs("q4_top_category_by_age_group")
    for name, number in (
        ("median_followers_by_age_group", "q5"),
        ("median_followers_by_join_year", "q7"),
        ("median_followers_by_age_group_and_join_year", "q8"),
    ):
        assert ours(name, per="post") == theirs(f"{number}_{name}")
    # Its sixth counts distinct names: people of one name are one to it.
    names = {
        (str(post["date_joined"].year), post["user_name"]) for post in posts if post["date_joined"]
    }
    named = [(year, str(sum(at == year for at, _ in names))) for year in ("2015", "2016", "2017")]
    assert theirs("q6_users_joined_by_year") == named
    assert ours("users_joined_by_year") != named
    assert ours("users_joined_by_year") == [
        tuple(map(str, row)) for row in ANSWERS["users_joined_by_year"](posts)
    ]
    for name in analysis.QUESTIONS:
        assert rows(spark.sql(analysis.sql(name))) == ANSWERS[name](posts), name


# ---- any posts ---------------------------------------------------------------------------------


# Ends of groups and years, numbers that floats round, texts whose order depends on the alphabet.
AGES = (None, 0, 17, 18, 24, 25, 35, 36, 50, 51, 150)
COUNTS = (None, 0, 1, 2, 2**53 + 1, 2**63 - 1)
TEXTS = (None, "art", "food", "Zebra", "é", "\U0001f600", "")
TIMES = (
    None,
    *(datetime(year, 12, 31, 23, 59, 59) for year in (2014, 2017, 2020, 2022)),
    *(datetime(year, 1, 1) for year in (2015, 2018, 2021, 2023)),
)


# A few names, of which posts take theirs: so that ties meet.
NAMES = st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=3)), min_size=1, max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> list[Post]:
    """Many posts of few people, countries and categories, some columns without any value."""
    moments = st.one_of(
        st.sampled_from(TIMES), st.datetimes(datetime(2014, 1, 1), datetime(2024, 1, 1))
    )
    ages = st.one_of(st.sampled_from(AGES), st.integers(0, 150))
    person = st.tuples(st.sampled_from(TEXTS), ages, moments)
    people = draw(st.lists(person, min_size=1, max_size=12))
    columns = {
        "category": st.sampled_from(draw(NAMES)),
        "poster_name": st.sampled_from(draw(NAMES)),
        "follower_count": st.one_of(st.sampled_from(COUNTS), st.integers(0, 10)),
        "country": st.sampled_from(draw(NAMES)),
        "timestamp": moments,
        "person": st.sampled_from(people),
    }
    unknown = draw(st.sets(st.sampled_from(list(columns)), max_size=1))
    for name in unknown - {"person"}:
        columns[name] = st.none()
    drawn = draw(st.lists(st.fixed_dictionaries(columns), min_size=30, max_size=150))
    return [
        {**row, **dict(zip(PERSON, row["person"], strict=True)), "ind": ind}
        for ind, row in enumerate(drawn)
    ]


def null_only(count: int) -> list[Post]:
    names = [column.split()[0] for ddl in COLUMNS.values() for column in ddl.split(", ")]
    return [{**dict.fromkeys(names), "ind": ind} for ind in range(count)]


@pytest.mark.once
# A plan of all answers takes seconds: few tables, each of many rows, and none made smaller.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(posts=tables(), order=st.randoms(use_true_random=False), partitions=st.integers(1, 6))
@example(posts=[], order=random.Random(0), partitions=1)
@example(posts=null_only(3), order=random.Random(0), partitions=2)
def test_any_posts_in_any_order_and_partitions(
    spark: SparkSession, posts: list[Post], order: random.Random, partitions: int
) -> None:
    """One plan for all answers: each row tells which it is of."""
    from pyspark.sql import functions as F

    frame = asked(spark, order.sample(posts, len(posts)), partitions)
    parts = []
    for number, case in enumerate(CASES):
        name, options = case.values
        answer = analysis.QUESTIONS[name].answer(frame, **options)
        same = spark.sql(analysis.sql(name, **options))
        for way, found in (("function", answer), ("sql", same)):
            row = F.array(*(F.col(column).cast("string") for column in found.columns))
            parts.append(found.select(F.lit(f"{way} {number}").alias("of"), row.alias("row")))
    got: dict[str, list[tuple[Any, ...]]] = {}
    for held in reduce(type(frame).unionAll, parts).collect():
        got.setdefault(held["of"], []).append(tuple(held["row"]))
    for number, case in enumerate(CASES):
        name, options = case.values
        want = sorted((typed(name, row) for row in ANSWERS[name](posts, **options)), key=repr)
        for way in ("function", "sql"):
            rows_ = sorted((typed(name, row) for row in got.get(f"{way} {number}", [])), key=repr)
            assert rows_ == want, (way, case.id)


def typed(question: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row whose texts and numbers compare, wherever it comes from."""
    *names, last = row
    value = float(last) if question.startswith("median") else int(last)
    return (*(name if name is None else str(name) for name in names), value)


# ---- the rest ----------------------------------------------------------------------------------


def test_answers_become_tables(spark: SparkSession, frame: DataFrame, warehouse: str) -> None:
    for per in ("post", "user"):
        found = analysis.answers(frame, ["users_joined_by_year"], per=per, ties="first")
        tables = analysis.save(found, warehouse)
        assert tables == [f"delta.`{warehouse}/users_joined_by_year`"]
        held = spark.table(tables[0]).orderBy("post_year")
        assert rows(held) == rows(found["users_joined_by_year"])


def test_years_are_inclusive_and_can_be_chosen(
    spark: SparkSession, frame: DataFrame, real: list[Post]
) -> None:
    years = {"first_year": 2019, "last_year": 2020}
    for name in ("top_category_by_year", "category_counts_by_year"):
        want = ANSWERS[name](real, **years)
        assert {row[0] for row in want} == {2019, 2020}
        assert rows(analysis.QUESTIONS[name].answer(frame, **years)) == want
        assert rows(spark.sql(analysis.sql(name, **years))) == want
        # As widgets give them.
        texts = {option: str(year) for option, year in years.items()}
        assert rows(analysis.QUESTIONS[name].answer(frame, **texts)) == want
        assert analysis.sql(name, **texts) == analysis.sql(name, **years)


def test_what_cannot_be_answered(frame: DataFrame) -> None:
    with pytest.raises(ConfigError, match="did you mean 'users_joined_by_year'"):
        analysis.answers(frame, ["user_joined_by_year"])
    with pytest.raises(ConfigError, match="unknown option 'tie'; did you mean 'ties'"):
        analysis.answers(frame, tie="all")
    with pytest.raises(ConfigError, match="ties='none': one of all, first"):
        analysis.top_category_by_country(frame, ties="none")
    with pytest.raises(ConfigError, match="per='person': one of user, post"):
        analysis.users_joined_by_year(frame, per="person")
    with pytest.raises(ConfigError, match="category_counts_by_year has no option 'ties'"):
        analysis.sql("category_counts_by_year", ties="all")
    with pytest.raises(ConfigError, match='ties="\' OR": one of'):
        analysis.sql("top_category_by_country", ties="' OR")
    with pytest.raises(SchemaError, match="the frame has no age: give what posts"):
        analysis.top_category_by_age_group(frame.drop("age"))
    name = "median_followers_by_join_year"
    for option, value, told in (
        ("approximate", "false", "approximate='false': True or False"),
        ("approximate", 0, "approximate=0: True or False"),
        ("first_year", "x", "first_year='x': a year, such as 2018"),
        ("last_year", 2018.5, r"last_year=2018\.5: a year, such as 2018"),
        ("last_year", True, "last_year=True: a year, such as 2018"),
        ("first_year", None, "first_year=None: a year, such as 2018"),
    ):
        with pytest.raises(ConfigError, match=told):
            analysis.answers(frame, [name], **{option: value})
        with pytest.raises(ConfigError, match=told):
            analysis.sql(name, **{option: value})


def test_tables_that_are_not_there_go_by_their_own_names(
    spark: SparkSession, warehouse: str
) -> None:
    house = Warehouse.of(warehouse, {"pin": "u1_pins"})
    with pytest.raises(SourceError, match=r"no table u1_pins, geo, users here; make them with"):
        analysis.posts_of(spark, house)


def test_posts_are_what_the_questions_take(spark: SparkSession) -> None:
    frames = [
        pinlake.clean(spark.createDataFrame([(bytearray(b'{"ind": 1}'),)], "value binary"), kind)
        for kind in ("pin", "geo", "user")
    ]
    for name, answer in analysis.answers(pinlake.posts(*frames)).items():
        assert answer.collect() == [], name
