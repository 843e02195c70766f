"""The eight questions about posts, each a function from one DataFrame to another.

A question takes the frame of `pinlake.posts`, one row a post, and gives its answer lazily, in the
order of its first columns. `sql(question)` is the same as SQL.

What they have in common (the data contract, section 7): age groups are 18-24, 25-35, 36-50 and
50+ (51 and older), years are inclusive, and what has no value where the answer needs one (country,
category, time, age, follower count) is left out. `ties="all"` keeps all that share the first
place, `ties="first"` the first of them by name. `per="user"` counts a person once, known by name,
age and join date, with the follower count of the latest post (by time, then `ind`) that has one;
`per="post"` counts every post. Medians are exact and interpolated; `approximate=True` takes
Spark's `percentile_approx`. A value that an option does not take is a `ConfigError`.

>>> posts = pinlake.posts(pins, geo, users)
>>> pinlake.analysis.users_joined_by_year(posts).collect()
[Row(post_year=2016, number_users_joined=1)]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib.resources import files
from inspect import signature
from operator import and_, index
from typing import TYPE_CHECKING, Any

from pinlake._settings import explain
from pinlake.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from pinlake._tables import Warehouse

# Label, youngest, oldest.
AGE_GROUPS = (("18-24", 18, 24), ("25-35", 25, 35), ("36-50", 36, 50), ("50+", 51, None))
PERSON = ("user_name", "age", "date_joined")
TIES = ("all", "first")
PER = ("user", "post")

_USES = (
    *("ind", "category", "poster_name", "follower_count", "country", "timestamp"),
    *("user_name", "age", "date_joined"),
)


@dataclass(frozen=True)
class Question:
    """A question by its name."""

    name: str
    asks: str
    """The question as a sentence."""
    answer: Callable[..., DataFrame]
    options: tuple[str, ...]
    """The options that it takes."""


QUESTIONS: dict[str, Question] = {}
"""The questions by name, in the order in which they are asked."""


def _asks(text: str) -> Callable[[Callable[..., DataFrame]], Callable[..., DataFrame]]:
    def register(answer: Callable[..., DataFrame]) -> Callable[..., DataFrame]:
        name = answer.__name__
        QUESTIONS[name] = Question(name, text, answer, tuple(signature(answer).parameters)[1:])
        return answer

    return register


@_asks("Which category is the most popular in each country?")
def top_category_by_country(posts: DataFrame, *, ties: str = "all") -> DataFrame:
    """The category with the most posts per country: `country`, `category`, `category_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> top_category_by_country(posts).collect()
    [Row(country='Peru', category='food', category_count=1)]

    Raises `ConfigError` for an unknown `ties`, `SchemaError` if `posts` lacks a column.
    """
    return _top(_category_counts(posts, _country()), ("country",), ties)


@_asks("How many posts did each category have in each year?")
def category_counts_by_year(
    posts: DataFrame, first_year: int = 2018, last_year: int = 2022
) -> DataFrame:
    """Posts per year and category: `post_year`, `category`, `category_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> category_counts_by_year(posts).collect()
    [Row(post_year=2019, category='food', category_count=1)]

    Raises `ConfigError` for a year that is none, `SchemaError` if `posts` lacks a column.
    """
    year = _year("timestamp", first_year, last_year)
    return _sorted(_category_counts(posts, year).coalesce(1), "post_year", "category")


@_asks("Which category was the most popular in each year?")
def top_category_by_year(
    posts: DataFrame, first_year: int = 2018, last_year: int = 2022, *, ties: str = "all"
) -> DataFrame:
    """The category with the most posts per year: `post_year`, `category`, `category_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> top_category_by_year(posts, 2019, 2019).collect()
    [Row(post_year=2019, category='food', category_count=1)]

    Raises `ConfigError` for an unknown `ties`, `SchemaError` if `posts` lacks a column.
    """
    year = _year("timestamp", first_year, last_year)
    return _top(_category_counts(posts, year), ("post_year",), ties)


@_asks("Who has the most followers in each country?")
def top_user_by_country(posts: DataFrame, *, per: str = "user", ties: str = "all") -> DataFrame:
    """The most followed poster per country: `country`, `poster_name`, `follower_count`.

    With `per="user"` the count is a person's latest, and the country that of the same post; with
    `per="post"` it is the largest that any post shows.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> top_user_by_country(posts).collect()[0].follower_count
    1500000

    Raises `ConfigError` for an unknown `per` or `ties`, `SchemaError` if `posts` lacks a column.
    """
    there = _followers(posts, per, _country())
    # The places are given to posts: to add up their posters first would cost an exchange of all.
    named = there.select("country", "poster_name", "follower_count")
    return _top(named, ("country",), ties, repeated=True)


@_asks("In which country is the most followed user?")
def country_of_top_user(posts: DataFrame, *, per: str = "user", ties: str = "all") -> DataFrame:
    """The country of the most followed: `country`, `follower_count`; several if they share it.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> country_of_top_user(posts).collect()
    [Row(country='Peru', follower_count=1500000)]

    Raises `ConfigError` for an unknown `per` or `ties`, `SchemaError` if `posts` lacks a column.
    """
    from pyspark.sql import functions as F

    there = _followers(posts, per, _country())
    largest = there.groupBy("country").agg(F.max("follower_count").alias("follower_count"))
    return _top(largest, (), ties)


@_asks("Which category is the most popular in each age group?")
def top_category_by_age_group(posts: DataFrame, *, ties: str = "all") -> DataFrame:
    """The category with the most posts per age group: `age_group`, `category`, `category_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> top_category_by_age_group(posts).collect()
    [Row(age_group='18-24', category='food', category_count=1)]

    Raises `ConfigError` for an unknown `ties`, `SchemaError` if `posts` lacks a column.
    """
    return _top(_category_counts(posts, _age_group()), ("age_group",), ties)


@_asks("What is the median follower count of each age group?")
def median_followers_by_age_group(
    posts: DataFrame, *, per: str = "user", approximate: bool = False
) -> DataFrame:
    """Median followers per age group: `age_group`, `median_follower_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> median_followers_by_age_group(posts).collect()
    [Row(age_group='18-24', median_follower_count=1500000.0)]

    Raises `ConfigError` for an unknown `per`, `SchemaError` if `posts` lacks a column.
    """
    return _medians(posts, per, (_age_group(),), approximate)


@_asks("How many users joined in each year?")
def users_joined_by_year(
    posts: DataFrame, first_year: int = 2015, last_year: int = 2020, *, per: str = "user"
) -> DataFrame:
    """Users per year in which they joined: `post_year` (of the join date), `number_users_joined`.

    With `per="post"` every post counts.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> users_joined_by_year(posts).collect()
    [Row(post_year=2016, number_users_joined=1)]

    Raises `ConfigError` for an unknown `per`, `SchemaError` if `posts` lacks a column.
    """
    from pyspark.sql import functions as F

    _one_of("per", per, PER)
    people = _checked(posts).select(*PERSON)
    if per == "user":
        people = people.distinct()
    year = _year("date_joined", first_year, last_year)
    counts = people.where(year.there).groupBy(year.column)
    return _sorted(counts.agg(F.count("*").alias("number_users_joined")).coalesce(1), "post_year")


@_asks("What is the median follower count of the users who joined in each year?")
def median_followers_by_join_year(
    posts: DataFrame,
    first_year: int = 2015,
    last_year: int = 2020,
    *,
    per: str = "user",
    approximate: bool = False,
) -> DataFrame:
    """Median followers per year of joining: `post_year`, `median_follower_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> median_followers_by_join_year(posts).collect()
    [Row(post_year=2016, median_follower_count=1500000.0)]

    Raises `ConfigError` for an unknown `per`, `SchemaError` if `posts` lacks a column.
    """
    return _medians(posts, per, (_year("date_joined", first_year, last_year),), approximate)


@_asks("What is the median follower count of each age group, by the year in which they joined?")
def median_followers_by_age_group_and_join_year(
    posts: DataFrame,
    first_year: int = 2015,
    last_year: int = 2020,
    *,
    per: str = "user",
    approximate: bool = False,
) -> DataFrame:
    """Median followers per age group and year of joining: `age_group`, `post_year`,
    `median_follower_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> median_followers_by_age_group_and_join_year(posts, 2017).collect()
    []

    Raises `ConfigError` for an unknown `per`, `SchemaError` if `posts` lacks a column.
    """
    by = (_age_group(), _year("date_joined", first_year, last_year))
    return _medians(posts, per, by, approximate)


def followers_by_age_group(posts: DataFrame, *, per: str = "user") -> DataFrame:
    """The follower counts that the medians are of, one row a person or a post: `age_group`,
    `follower_count`.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> followers_by_age_group(posts).collect()
    [Row(age_group='18-24', follower_count=1500000)]

    Raises `ConfigError` for an unknown `per`, `SchemaError` if `posts` lacks a column.
    """
    age = _age_group()
    return _followers(posts, per, age).select(age.column, "follower_count")


def answers(
    posts: DataFrame, questions: Iterable[str] = (), **options: Any
) -> dict[str, DataFrame]:
    """The answers to some questions, by default all, by name; each is given those of `options`
    that it takes.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> len(answers(posts, per="post")), list(answers(posts, ["country_of_top_user"]))
    (10, ['country_of_top_user'])

    Raises `ConfigError` for an unknown question or option, `SchemaError` if `posts` lacks a column.
    """
    known = sorted({option for question in QUESTIONS.values() for option in question.options})
    for option in options:
        if option not in known:
            raise ConfigError(explain(f"unknown option {option!r}", option, known))
    asked = [question_of(name) for name in questions] or list(QUESTIONS.values())
    return {
        question.name: question.answer(
            posts, **{name: options[name] for name in question.options if name in options}
        )
        for question in asked
    }


def posts_of(spark: SparkSession, warehouse: str | Warehouse) -> DataFrame:
    """The posts of a warehouse's tables, one row each, as the questions take them.

    >>> run = pinlake.open_run(spark, warehouse, "geo", landing)
    >>> report = pinlake.write_table(pinlake.clean_landing(spark, "geo", landing, run=run), run=run)
    >>> posts_of(spark, warehouse)
    Traceback (most recent call last):
        ...
    pinlake.errors.SourceError: ... no table pins, users here; make them with pinlake run

    Raises `SourceError` if one of the three tables is not there.
    """
    from pinlake import _tables
    from pinlake._dedup import posts
    from pinlake._kinds import Kind
    from pinlake.errors import SourceError

    house = _tables.Warehouse.of(warehouse)
    tables = {kind: house.silver(Kind.of(kind)) for kind in ("pin", "geo", "user")}
    missing = [
        house.names.get(kind, Kind.of(kind).table)
        for kind, table in tables.items()
        if _tables.describe(spark, table) is None
    ]
    if missing:
        raise SourceError(
            f"{house.root}: no table {', '.join(missing)} here; make them with pinlake run"
        )
    return posts(*map(spark.table, tables.values()))


def question_of(name: str) -> Question:
    """The question of a name.

    >>> question_of("users_joined_by_year").options
    ('first_year', 'last_year', 'per')

    Raises `ConfigError` for an unknown name.
    """
    if name not in QUESTIONS:
        raise ConfigError(explain(f"unknown question {name!r}", name, QUESTIONS))
    return QUESTIONS[name]


def sql(question: str, *, warehouse: str | Warehouse | None = None, **options: Any) -> str:
    """A question as SQL: the text of its file, which stands in the wheel's `pinlake/sql`.

    It asks the tables `pins`, `geo` and `users` of the current schema, or those of `warehouse`.
    `options` are put in place of the defaults, which stand in its first lines.

    >>> print(sql("category_counts_by_year", first_year=2020, warehouse="main.social"))
    -- How many posts did each category have in each year?
    -- years are inclusive
    WITH options AS (
      SELECT 2020 AS first_year, 2022 AS last_year
    )
    ...
    FROM `main`.`social`.`pins` JOIN `main`.`social`.`geo` USING (ind) JOIN ...

    Raises `ConfigError` for an unknown name, an option that the question does not take, or a value
    that the option does not.
    """
    from pinlake._kinds import Kind
    from pinlake._tables import Warehouse

    asked = question_of(question)
    text = (files("pinlake") / "sql" / f"{asked.name}.sql").read_text("utf-8")
    for name, value in options.items():
        if name not in asked.options:
            raise ConfigError(explain(f"{question} has no option {name!r}", name, asked.options))
        text = re.sub(rf"\S+ AS {name}\b", f"{_literal(name, value)} AS {name}", text, count=1)
    if warehouse is None:
        return text
    house = Warehouse.of(warehouse)
    pins, geo, users = (house.silver(Kind.of(kind)) for kind in ("pin", "geo", "user"))
    return text.replace(_FROM, f"FROM {pins} JOIN {geo} USING (ind) JOIN {users} USING (ind)")


# As every file has it.
_FROM = "FROM pins JOIN geo USING (ind) JOIN users USING (ind)"


def _literal(name: str, value: Any) -> str:
    if name in ("per", "ties"):
        _one_of(name, value, PER if name == "per" else TIES)
        return f"'{value}'"
    if name == "approximate":
        return str(_truth(name, value)).lower()
    return str(_whole_year(name, value))


def save(found: Mapping[str, DataFrame], warehouse: str | Warehouse) -> list[str]:
    """Writes answers as Delta tables of a warehouse, each named as its question; what was there
    is replaced. Returns the tables' SQL names.

    >>> posts = pinlake.posts(pins, geo, users)
    >>> tables = save(answers(posts, ["country_of_top_user"]), warehouse)
    >>> spark.table(tables[0]).count()
    1

    Raises `ConfigError` for a warehouse that is none, or a name that no table can have.
    """
    from pinlake import _tables
    from pinlake._spark import doing, retried

    house = _tables.Warehouse.of(warehouse)
    tables = []
    for name, frame in found.items():
        _tables.check_name("an answer", name)
        table = house.table(name)
        writer = frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
        doing(f"write {table}", lambda: retried(lambda: _tables.save(writer, table), table))  # noqa: B023
        tables.append(table)
    return tables


# ---- what the questions are made of ------------------------------------------------------------


def _checked(posts: DataFrame) -> DataFrame:
    there = set(posts.columns)
    missing = [column for column in _USES if column not in there]
    if missing:
        raise SchemaError(
            f"the frame has no {', '.join(missing)}: give what posts(pins, geo, users) makes"
        )
    return posts


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name}={value!r}: one of {', '.join(known)}")


def _truth(name: str, value: Any) -> bool:
    """A switch. Texts are refused: "false" would count as true."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name}={value!r}: True or False")
    return value


def _whole_year(name: str, value: Any) -> int:
    """A year; as text too, as widgets give it."""
    try:
        if not isinstance(value, bool):
            return int(value) if isinstance(value, str) else index(value)
    except (TypeError, ValueError):
        pass
    raise ConfigError(f"{name}={value!r}: a year, such as 2018")


def _top(
    counts: DataFrame, within: tuple[str, ...], ties: str, *, repeated: bool = False
) -> DataFrame:
    """The rows with the greatest last column, per `within`; once each, if rows may be repeated."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    _one_of("ties", ties, TIES)
    *names, count = counts.columns
    if not repeated:
        # Few rows: in one partition the places need no exchange of their own.
        counts = counts.coalesce(1)
    others = [F.asc_nulls_last(name) for name in names if name not in within]
    greatest = F.desc(count)
    if ties == "all":
        place = F.rank().over(Window.partitionBy(*within).orderBy(greatest))
    else:
        place = F.row_number().over(Window.partitionBy(*within).orderBy(greatest, *others))
    first = counts.withColumn("_place", place).where("_place = 1").drop("_place")
    if repeated:
        first = first.distinct().coalesce(1)
    return _sorted(first, *within, *others)


@dataclass(frozen=True)
class _Group:
    """What posts or people are put together by."""

    column: Column
    """Its value, under its name."""
    there: Column
    """Whether there is one; what has none is left out."""


def _country() -> _Group:
    from pyspark.sql import functions as F

    return _Group(F.col("country"), F.col("country").isNotNull())


def _year(column: str, first_year: int, last_year: int) -> _Group:
    """The year of a time, of those from the first to the last."""
    from pyspark.sql import functions as F

    first, last = _whole_year("first_year", first_year), _whole_year("last_year", last_year)
    year = F.year(column)
    return _Group(year.alias("post_year"), year.between(first, last))


def _age_group() -> _Group:
    from pyspark.sql import functions as F

    group = F.lit(AGE_GROUPS[-1][0])
    for label, _, oldest in reversed(AGE_GROUPS[:-1]):
        group = F.when(F.col("age") <= F.lit(oldest), F.lit(label)).otherwise(group)
    return _Group(group.alias("age_group"), F.col("age") >= AGE_GROUPS[0][1])


def _category_counts(posts: DataFrame, by: _Group) -> DataFrame:
    from pyspark.sql import functions as F

    named = _checked(posts).where(by.there & F.col("category").isNotNull())
    return named.groupBy(by.column, "category").agg(F.count("*").alias("category_count"))


def _followers(posts: DataFrame, per: str, *by: _Group) -> DataFrame:
    """Follower counts: of each post, or of each person the latest; those of some groups."""
    from pyspark.sql import functions as F

    _one_of("per", per, PER)
    there = reduce(and_, (group.there for group in by))
    known = F.col("follower_count").isNotNull()
    if per == "post":
        return _checked(posts).where(known & there)
    # Structs compare field by field, nulls first: `ind` decides among posts of one moment.
    latest = F.max(F.struct("timestamp", "ind", "follower_count", "country", "poster_name"))
    people = _checked(posts).where(known).groupBy(*PERSON).agg(latest.alias("latest"))
    named = people.select(*PERSON, "latest.follower_count", "latest.country", "latest.poster_name")
    return named.where(there)


def _medians(posts: DataFrame, per: str, by: tuple[_Group, ...], approximate: bool) -> DataFrame:
    from pyspark.sql import functions as F

    if _truth("approximate", approximate):
        median = F.percentile_approx("follower_count", 0.5).cast("double")
    else:
        median = F.expr("percentile(follower_count, 0.5)")
    groups = _followers(posts, per, *by).groupBy(*(group.column for group in by))
    answer = groups.agg(median.alias("median_follower_count"))
    return _sorted(answer.coalesce(1), *answer.columns[:-1])


def _sorted(answer: DataFrame, *by: str | Column) -> DataFrame:
    """In order. An answer has hundreds of rows, and comes in one partition: that spares the job and
    the exchange by which Spark would divide them."""
    return answer.sortWithinPartitions(*by)
