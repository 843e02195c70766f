"""The benchmark of the questions refuses answers that are wrong, whoever gives them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from bench.measure import Mismatch
from bench.notebook_questions import MEDIANS
from bench.questions import NOTEBOOKS, OURS, PEOPLE, Wanted, check

GROUPS = {
    "median_followers_by_age_group": ("18-24",),
    "median_followers_by_join_year": (2016,),
    "median_followers_by_age_group_and_join_year": ("18-24", 2016),
}
COUNTS = {
    "top_category_by_country": [("Chad", "art", 2), ("Peru", "food", 3)],
    "category_counts_by_year": [(2018, "art", 2)],
    "country_of_top_user": [("Peru", 7)],
    "users_joined_by_year": [(2016, 2)],
}
# Two countries share the first place, as do two categories of Peru: notebooks name one.
TIES = {"top_category_by_country": ("Peru", "tea", 3), "country_of_top_user": ("Chad", 7)}
MEDIAN, APART = 15.0, (10, 20)


def results() -> dict[str, Any]:
    """What all three give for some posts."""
    theirs = {**COUNTS, **{name: [(*GROUPS[name], APART[0])] for name in MEDIANS}}
    ours = {**COUNTS, **{name: [(*GROUPS[name], MEDIAN)] for name in MEDIANS}}
    for name, row in TIES.items():
        ours[name] = [*ours[name], row]
    return deepcopy({OURS: ours, NOTEBOOKS: theirs, PEOPLE: ours})


@pytest.fixture
def wanted() -> Wanted:
    return Wanted(
        medians={name: [(*GROUPS[name], MEDIAN)] for name in MEDIANS},
        around={name: [(*GROUPS[name], *APART)] for name in MEDIANS},
        people=results()[PEOPLE],
    )


def test_right_answers_pass(wanted: Wanted) -> None:
    check(results(), wanted)


def changed(who: str, name: str, rows: list[tuple[Any, ...]]) -> Callable[[Any], None]:
    return lambda found: found[who].update({name: rows})


@pytest.mark.parametrize(
    "change",
    [
        *(
            pytest.param(changed(who, name, [(*GROUPS[name], value)]), id=f"{who} {name}")
            for name in MEDIANS
            for who, value in ((OURS, 15.5), (PEOPLE, 16.0), (NOTEBOOKS, 9), (NOTEBOOKS, 21))
        ),
        *(
            pytest.param(changed(who, name, rows[1:]), id=f"{who} {name} without a row")
            for name, rows in COUNTS.items()
            for who in (OURS, NOTEBOOKS, PEOPLE)
            if who != NOTEBOOKS or name not in TIES
        ),
        *(
            pytest.param(changed(OURS, name, [*COUNTS[name], *more]), id=f"{name} with {more}")
            for name, more in (
                ("top_category_by_country", [("Peru", "tea", 2)]),
                ("top_category_by_country", [("Peru", "tea", 4)]),
                ("top_category_by_country", [("Togo", "tea", 3)]),
                ("top_category_by_country", [("Peru", "food", 3)]),
                ("country_of_top_user", [("Chad", 6)]),
                ("users_joined_by_year", [(2017, 1)]),
            )
        ),
    ],
)
def test_a_wrong_answer_ends_the_run(change: Callable[[Any], None], wanted: Wanted) -> None:
    found = results()
    change(found)
    with pytest.raises(Mismatch):
        check(found, wanted)
