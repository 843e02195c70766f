"""The questions as notebooks usually ask them: SQL over three views, joined for each question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_AGE = """CASE WHEN age BETWEEN 18 AND 24 THEN '18-24' WHEN age BETWEEN 25 AND 35 THEN '25-35'
  WHEN age BETWEEN 36 AND 50 THEN '36-50' WHEN age > 50 THEN '50+' END"""


def _sql(text: str) -> Callable[[SparkSession], DataFrame]:
    return lambda spark: spark.sql(text)


def _top(by: str, source: str, where: str = "true") -> Callable[[SparkSession], DataFrame]:
    """Counts by category, and the row that a window numbers 1."""
    return _sql(f"""
    SELECT label, category, category_count FROM (
      SELECT *, row_number() OVER (PARTITION BY label ORDER BY category_count DESC) AS row
      FROM (SELECT {by} AS label, category, count(*) AS category_count
            FROM {source} WHERE {where} GROUP BY {by}, category))
    WHERE row = 1 AND label IS NOT NULL""")


_GEO = "pin_view p JOIN geo_view g ON p.ind = g.ind"
_USER = "pin_view p JOIN user_view u ON p.ind = u.ind"
_ALL = f"{_GEO} JOIN user_view u ON p.ind = u.ind"

_JOINED = "year(date_joined) BETWEEN 2015 AND 2020"
_COUNTED = "follower_count IS NOT NULL"

# By what, of which posts.
MEDIANS = {
    "median_followers_by_age_group": (_AGE, f"age >= 18 AND {_COUNTED}"),
    "median_followers_by_join_year": ("year(date_joined)", f"{_JOINED} AND {_COUNTED}"),
    "median_followers_by_age_group_and_join_year": (
        f"{_AGE}, year(date_joined)",
        f"age >= 18 AND {_JOINED} AND {_COUNTED}",
    ),
}


def median(name: str, expression: str = "percentile_approx(follower_count, 0.5)") -> str:
    """A median question as SQL, with this for the median."""
    by, where = MEDIANS[name]
    return f"SELECT {by}, {expression} FROM {_ALL} WHERE {where} GROUP BY {by}"


QUESTIONS: dict[str, Callable[[SparkSession], DataFrame]] = {
    "top_category_by_country": _top("country", _ALL, "category IS NOT NULL"),
    "category_counts_by_year": _sql(f"""
      SELECT year(timestamp) AS post_year, category, count(*) AS category_count FROM {_ALL}
      WHERE year(timestamp) BETWEEN 2018 AND 2022 AND category IS NOT NULL
      GROUP BY year(timestamp), category"""),
    "top_category_by_year": _top(
        "year(timestamp)",
        _ALL,
        "year(timestamp) BETWEEN 2018 AND 2022 AND category IS NOT NULL",
    ),
    "top_user_by_country": _sql(f"""
      SELECT country, poster_name, follower_count FROM (
        SELECT country, poster_name, follower_count,
          row_number() OVER (PARTITION BY country ORDER BY follower_count DESC) AS row
        FROM {_ALL} WHERE follower_count IS NOT NULL)
      WHERE row = 1 AND country IS NOT NULL"""),
    "country_of_top_user": _sql(f"""
      SELECT country, follower_count FROM {_ALL}
      WHERE follower_count IS NOT NULL AND country IS NOT NULL
      ORDER BY follower_count DESC LIMIT 1"""),
    "top_category_by_age_group": _top(_AGE, _ALL, "category IS NOT NULL"),
    "users_joined_by_year": _sql(f"""
      SELECT year(date_joined) AS post_year, count(*) FROM {_ALL}
      WHERE year(date_joined) BETWEEN 2015 AND 2020 GROUP BY year(date_joined)"""),
    **{name: _sql(median(name)) for name in MEDIANS},
}
"""How each question is asked; all join the three views, as those notebooks do."""
