"""The eight questions, read in plain Python from posts as dictionaries (the data contract, 7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

Post = Mapping[str, Any]
Answer = list[tuple[Any, ...]]


def join(pins: Iterable[Post], geo: Iterable[Post], users: Iterable[Post]) -> list[Post]:
    """Posts: what stands in all three tables, by `ind`."""
    places = {row["ind"]: row for row in geo}
    people = {row["ind"]: row for row in users}
    return [
        {**pin, **places[pin["ind"]], **people[pin["ind"]]}
        for pin in pins
        if pin["ind"] in places and pin["ind"] in people
    ]


def age_group(age: int | None) -> str | None:
    """The label of an age; None for one that is in no group."""
    if age is None or age < 18:
        return None
    return "18-24" if age < 25 else "25-35" if age < 36 else "36-50" if age < 51 else "50+"


def median(values: list[int]) -> float:
    """The middle one, or the mean of the two in the middle."""
    values = sorted(values)
    low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
    return 0.5 * float(low) + 0.5 * float(high)


def lower_median(values: list[int]) -> float:
    """The middle one, or the lower of the two in the middle: what `percentile_approx` gives of
    fewer values than its accuracy, 10,000."""
    return float(sorted(values)[(len(values) - 1) // 2])


def counted(posts: Iterable[Post], per: str) -> list[Post]:
    """Posts that have a follower count, or the latest such post of each person."""
    there = [post for post in posts if post["follower_count"] is not None]
    if per == "post":
        return there
    latest: dict[Any, Post] = {}
    for post in there:
        who = person(post)
        if who not in latest or moment(latest[who]) < moment(post):
            latest[who] = post
    return list(latest.values())


def person(post: Post) -> tuple[Any, ...]:
    """Who wrote it."""
    return post["user_name"], post["age"], post["date_joined"]


def moment(post: Post) -> tuple[bool, datetime, int]:
    """When: a post without a time is older than any with one."""
    at = post["timestamp"]
    return at is not None, at or datetime.min, post["ind"]


def top(counts: Mapping[tuple[Any, ...], int], within: int, ties: str) -> Answer:
    """The greatest per the first `within` names of the key."""
    groups: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for key, count in counts.items():
        groups[key[:within]].append((*key, count))
    found: Answer = []
    for rows in groups.values():
        greatest = max(row[-1] for row in rows)
        first = sorted((row for row in rows if row[-1] == greatest), key=by_name)
        found += first[:1] if ties == "first" else first
    return sorted(found, key=by_name)


def by_name(row: tuple[Any, ...]) -> list[Any]:
    """Texts as Spark orders them: by their bytes, unknown ones last."""
    return [
        (value is None, value.encode() if isinstance(value, str) else value or 0)
        for value in row[:-1]
    ]


def categories(posts: Iterable[Post], by: Callable[[Post], Any]) -> Counter[tuple[Any, ...]]:
    """Posts by something and category, where both are known."""
    return Counter(
        (by(post), post["category"])
        for post in posts
        if by(post) is not None and post["category"] is not None
    )


def year(column: str, first: int, last: int) -> Callable[[Post], int | None]:
    """The year of a column, if it is one of those."""

    def of(post: Post) -> int | None:
        at = post[column]
        return at.year if at is not None and first <= at.year <= last else None

    return of


def medians(posts: Iterable[Post], approximate: bool, *by: Callable[[Post], Any]) -> Answer:
    """Median follower counts, where all of `by` are known."""
    middle = lower_median if approximate else median
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for post in posts:
        key = tuple(of(post) for of in by)
        if None not in key:
            groups[key].append(post["follower_count"])
    return sorted((*key, middle(values)) for key, values in groups.items())


def largest(posts: Iterable[Post], *names: str) -> dict[tuple[Any, ...], int]:
    """The largest follower count by names, in known countries."""
    found: dict[tuple[Any, ...], int] = {}
    for post in posts:
        if post["country"] is not None:
            key = tuple(post[name] for name in names)
            found[key] = max(found.get(key, -1), post["follower_count"])
    return found


def _group(post: Post) -> str | None:
    return age_group(post["age"])


def _joined(posts: list[Post], first: int, last: int, per: str) -> Answer:
    of = year("date_joined", first, last)
    one = {person(post): post for post in posts}
    counts = Counter(of(post) for post in (one.values() if per == "user" else posts))
    return sorted((at, count) for at, count in counts.items() if at is not None)


ANSWERS: dict[str, Callable[..., Answer]] = {
    "top_category_by_country": lambda posts, ties="all": top(
        categories(posts, lambda post: post["country"]), 1, ties
    ),
    "category_counts_by_year": lambda posts, first_year=2018, last_year=2022: sorted(
        (*key, count)
        for key, count in categories(posts, year("timestamp", first_year, last_year)).items()
    ),
    "top_category_by_year": lambda posts, first_year=2018, last_year=2022, ties="all": top(
        categories(posts, year("timestamp", first_year, last_year)), 1, ties
    ),
    "top_user_by_country": lambda posts, per="user", ties="all": top(
        largest(counted(posts, per), "country", "poster_name"), 1, ties
    ),
    "country_of_top_user": lambda posts, per="user", ties="all": top(
        largest(counted(posts, per), "country"), 0, ties
    ),
    "top_category_by_age_group": lambda posts, ties="all": top(categories(posts, _group), 1, ties),
    "median_followers_by_age_group": lambda posts, per="user", approximate=False: medians(
        counted(posts, per), approximate, _group
    ),
    "users_joined_by_year": lambda posts, first_year=2015, last_year=2020, per="user": _joined(
        posts, first_year, last_year, per
    ),
    "median_followers_by_join_year": (
        lambda posts, first_year=2015, last_year=2020, per="user", approximate=False: medians(
            counted(posts, per), approximate, year("date_joined", first_year, last_year)
        )
    ),
    "median_followers_by_age_group_and_join_year": (
        lambda posts, first_year=2015, last_year=2020, per="user", approximate=False: medians(
            counted(posts, per), approximate, _group, year("date_joined", first_year, last_year)
        )
    ),
}
"""The answers by question: rows as tuples, in order."""
