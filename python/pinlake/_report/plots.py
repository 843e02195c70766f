"""From a report's data to figures, as plotly takes them: plain dictionaries.

Colours are names of the page's own (`--c1`), which its script fills in, so that light and dark are
settled in one place. Every label is made by `text.label`. A category stands at a number, not at
its name: names may be equal once they are cut, or look like dates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pinlake._report.data import Data, Grid
from pinlake._report.text import cut, label, shown

Figure = dict[str, Any]

# Bars that a plot has room for; its table has all.
BARS = 20
# Rows of the map of heat; the real tables have thirteen.
_CATEGORIES = 50
# Characters of a record's text that a place on a plot says.
_HOVER = 25
# Characters of a name beside a plot, and where it is narrow.
_LABEL = 28
_SHORT = 17
PER = {"user": "per user", "post": "per post", "": ""}
# A pattern and a symbol besides the colour, for those who do not see it.
_LOOKS = (
    ("--c1", "", "circle"),
    ("--c2", "/", "diamond"),
    ("--c3", "x", "square"),
    ("--c4", ".", "triangle-up"),
    ("--c5", "-", "cross"),
)


@dataclass(frozen=True)
class Plot:
    """A figure and what it shows in words."""

    figure: Figure
    says: str
    """The text for those who do not see it."""
    note: str = ""
    """What the plot leaves out."""


def _axis(title: str = "", **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "automargin": True, "zeroline": False, **more}


def _names(texts: Sequence[Any], **more: Any) -> dict[str, Any]:
    """An axis of names; the page's script takes the short ones where there is little room."""
    long, short = ([label(text, length) for text in texts] for length in (_LABEL, _SHORT))
    places = list(range(len(texts)))
    return _axis(tickvals=places, ticktext=long, short=short, showgrid=False, **more)


def _bar(look: int, **more: Any) -> dict[str, Any]:
    colour, pattern, _ = _LOOKS[look % len(_LOOKS)]
    marker: dict[str, Any] = {"color": colour}
    if pattern:
        marker["pattern"] = {
            "shape": pattern,
            "fillmode": "overlay",
            "fgcolor": "--card",
            "fgopacity": 0.5,
            "size": 6,
            "solidity": 0.15,
        }
    return {"type": "bar", "marker": marker, "hovertemplate": "%{text}<extra></extra>", **more}


def bars(names: Sequence[Any], series: Mapping[str, Sequence[float | None]], unit: str) -> Figure:
    """Bars that lie, a group a name, the first on top."""
    traces = [
        _bar(
            number,
            orientation="h",
            name=label(name),
            x=list(values),
            y=list(range(len(names))),
            text=[_hover(text, name, value) for text, value in zip(names, values, strict=True)],
            textposition="none",
        )
        for number, (name, values) in enumerate(series.items())
    ]
    height = 90 + len(names) * (14 + 12 * len(series))
    return {
        "data": traces,
        "layout": {
            "height": max(190, height),
            "barmode": "group",
            "bargap": 0.25,
            "showlegend": len(series) > 1,
            "xaxis": _axis(unit, rangemode="tozero", **_whole(series.values())),
            "yaxis": _names(names, autorange="reversed"),
        },
    }


def _whole(values: Iterable[Sequence[float | None]]) -> dict[str, Any]:
    """No ticks between whole numbers where these are few."""
    greatest = max((value or 0 for row in values for value in row), default=0)
    return {"dtick": 1} if greatest <= 5 else {}


def _scale(values: Iterable[float | None]) -> dict[str, Any]:
    """A logarithmic axis where values lie powers of ten apart, else one from nought."""
    there = [value for value in values if value is not None]
    if not there or min(there) <= 0 or max(there) < 100 * min(there):
        return {"rangemode": "tozero"}
    return {"type": "log", "exponentformat": "SI", "dtick": 1}


def _hover(name: Any, series: str, value: float | None) -> str:
    of = f" ({label(series)})" if series else ""
    return f"{label(name)}{of}: {label(value)}"


def dots(
    names: Sequence[Any], series: Mapping[str, Sequence[float | None]], unit: str, *, lines: bool
) -> Figure:
    """Marks above names; medians may lie powers of ten apart."""
    traces = []
    for number, (name, values) in enumerate(series.items()):
        colour, _, symbol = _LOOKS[number % len(_LOOKS)]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if lines else "markers",
                "name": label(name),
                "x": list(range(len(names))),
                "y": list(values),
                "text": [_hover(n, name, v) for n, v in zip(names, values, strict=True)],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"color": colour, "symbol": symbol, "size": 11},
                "line": {"color": colour, "dash": "dot" if number % 2 else "solid", "width": 2},
            }
        )
    return {
        "data": traces,
        "layout": {
            "height": 340,
            "showlegend": len(series) > 1,
            "xaxis": _names(names, range=[-0.5, len(names) - 0.5]),
            "yaxis": _axis(unit, **_scale(value for values in series.values() for value in values)),
        },
    }


def told_apart(answer: dict[str, Grid]) -> dict[str, Grid]:
    """The answers of each way to count; one, without a name, where they are the same."""
    grids = list(answer.values())
    return answer if any(one.rows != grids[0].rows for one in grids) else {"": grids[0]}


# ---- the questions -----------------------------------------------------------------------------


def _by_name(count: str, *names: str) -> Callable[[dict[str, Grid]], Plot | None]:
    """Bars of an answer whose rows are names and a count."""

    def plot(answer: dict[str, Grid]) -> Plot | None:
        keys: dict[tuple[Any, ...], dict[str, Any]] = {}
        for per, grid in answer.items():
            for row in grid.dicts():
                keys.setdefault(tuple(row[name] for name in names), {})[per] = row[count]
        chosen = list(keys.items())
        if len(chosen) > BARS:
            chosen = sorted(chosen, key=lambda one: -max(one[1].values()))[:BARS]
        if not chosen:
            return None
        series = {PER[per]: [held.get(per) for _, held in chosen] for per in answer}
        texts = [
            " · ".join(str(part) if isinstance(part, int) else shown(part) for part in key)
            for key, _ in chosen
        ]
        note = ""
        if len(keys) > BARS:
            note = f"The {BARS} rows with the greatest counts; the table has more."
        return Plot(bars(texts, series, count.replace("_", " ")), _bars_say(texts, series), note)

    return plot


def _bars_say(names: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    first = next(iter(series))
    values = [value for value in series[first] if value is not None]
    if not values:
        return f"Bars for {len(names)} rows."
    best = max(values)
    at = list(series[first]).index(best)
    name = cut(shown(names[at]), 60)
    return f"Bars for {len(names)} rows; the longest is {name} with {shown(best)}."


def _medians(name: str) -> Callable[[dict[str, Grid]], Plot | None]:
    def plot(answer: dict[str, Grid]) -> Plot | None:
        names = sorted({value for grid in answer.values() for value in grid.column(name)})
        if not names:
            return None
        series = {}
        for per, grid in answer.items():
            held = {row[0]: row[1] for row in grid.rows}
            series[PER[per]] = [held.get(one) for one in names]
        texts = [str(one) for one in names]
        figure = dots(texts, series, "median followers", lines=False)
        return Plot(
            figure, _bars_say(texts, series).replace("Bars", "Marks").replace("longest", "highest")
        )

    return plot


def _median_lines(answer: dict[str, Grid]) -> Plot | None:
    years = sorted({year for grid in answer.values() for year in grid.column("post_year")})
    groups = sorted({group for grid in answer.values() for group in grid.column("age_group")})
    series: dict[str, list[Any]] = {}
    for group in groups:
        for per, grid in answer.items():
            held = {row[1]: row[2] for row in grid.rows if row[0] == group}
            series[", ".join(filter(None, (group, PER[per])))] = [held.get(year) for year in years]
    if not series:
        return None
    figure = dots([str(year) for year in years], series, "median followers", lines=True)
    ways = len(answer)
    for number, trace in enumerate(figure["data"]):
        colour, _, symbol = _LOOKS[number // ways % len(_LOOKS)]
        open_ = "-open" if number % ways else ""
        trace["marker"].update(color=colour, symbol=symbol + open_)
        trace["line"]["color"] = colour
    figure["layout"]["height"] = 420
    return Plot(figure, f"Lines of {len(series)} medians over {len(years)} years of joining.")


def _commonest(grid: Grid) -> tuple[list[str], str]:
    """The categories with the most posts, by name, and what is said where there are more."""
    totals: dict[str, int] = {}
    for _, category, count in grid.rows:
        totals[category] = totals.get(category, 0) + count
    if len(totals) <= _CATEGORIES:
        return sorted(totals), ""
    kept = sorted(totals, key=lambda one: (-totals[one], one))[:_CATEGORIES]
    return sorted(kept), f"The {_CATEGORIES} categories with the most posts; the table has more."


def _heat(answer: dict[str, Grid]) -> Plot | None:
    grid = answer[""]
    years = sorted(set(grid.column("post_year")))
    if not years:
        return None
    held = {(row[0], row[1]): row[2] for row in grid.rows}
    categories, note = _commonest(grid)
    counts = [[held.get((year, category), 0) for year in years] for category in categories]
    greatest = max(max(row) for row in counts)
    figure = {
        "data": [
            {
                "type": "heatmap",
                "z": counts,
                "x": list(range(len(years))),
                "y": list(range(len(categories))),
                "text": [[shown(count) for count in row] for row in counts],
                "texttemplate": "%{text}",
                "textfont": {"color": "--ink"},
                "hovertext": [
                    [f"{label(c, _HOVER)}, {y}: {held.get((y, c), 0):,}" for y in years]
                    for c in categories
                ],
                "hoverinfo": "text",
                "colorscale": [[0, "--heat0"], [1, "--heat1"]],
                "xgap": 2,
                "ygap": 2,
                "showscale": False,
                "zmin": 0,
                "zmax": greatest,
            }
        ],
        "layout": {
            "height": 50 + 28 * len(categories),
            "margin": {"l": 8, "r": 8, "t": 30, "b": 8},
            "xaxis": _names([str(year) for year in years], side="top"),
            "yaxis": _names(categories, autorange="reversed"),
        },
    }
    return Plot(
        figure,
        f"A field for each of {len(categories)} categories in {len(years)} years, the darker the "
        f"more posts; the greatest count is {shown(greatest)}.",
        note,
    )


QUESTIONS: dict[str, Callable[[dict[str, Grid]], Plot | None]] = {
    "top_category_by_country": _by_name("category_count", "country", "category"),
    "category_counts_by_year": _heat,
    "top_category_by_year": _by_name("category_count", "post_year", "category"),
    "top_user_by_country": _by_name("follower_count", "country", "poster_name"),
    "country_of_top_user": _by_name("follower_count", "country"),
    "top_category_by_age_group": _by_name("category_count", "age_group", "category"),
    "median_followers_by_age_group": _medians("age_group"),
    "users_joined_by_year": _by_name("number_users_joined", "post_year"),
    "median_followers_by_join_year": _medians("post_year"),
    "median_followers_by_age_group_and_join_year": _median_lines,
}


# ---- places, times, followers ------------------------------------------------------------------


@cache
def _land() -> tuple[list[float | None], list[float | None]]:
    """Land as one line with breaks."""
    held = json.loads((files("pinlake") / "_report" / "land.json").read_text("utf-8"))
    longitudes: list[float | None] = []
    latitudes: list[float | None] = []
    for ring in held["rings"]:
        longitudes += [*ring[0::2], None]
        latitudes += [*ring[1::2], None]
    return longitudes, latitudes


def world(cells: Grid, what: str) -> Plot | None:
    """Where posts come from."""
    if not cells.rows:
        return None
    longitudes, latitudes = _land()
    rows = cells.dicts()
    greatest = max(row["posts"] for row in rows)
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": longitudes,
                "y": latitudes,
                "fill": "toself",
                "fillcolor": "--land",
                "line": {"color": "--coast", "width": 0.6},
                "hoverinfo": "skip",
                "showlegend": False,
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [row["longitude"] + 0.5 for row in rows],
                "y": [row["latitude"] + 0.5 for row in rows],
                "text": [_place(row, what) for row in rows],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "size": [row["posts"] for row in rows],
                    "sizemode": "area",
                    "sizeref": 2 * greatest / 20**2,
                    "sizemin": 2.5,
                    "color": "--c1",
                    "opacity": 0.75,
                    "line": {"color": "--card", "width": 0.5},
                },
                "showlegend": False,
            },
        ],
        "layout": {
            "meta": {"ratio": 0.52},
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "xaxis": {"range": [-180, 180], "visible": False},
            "yaxis": {"range": [-90, 90], "visible": False, "scaleanchor": "x"},
        },
    }
    top = rows[0]
    says = (
        f"A map of the world with {len(rows):,} places; most {what} ({shown(top['posts'])}) are at "
        f"latitude {top['latitude']}, longitude {top['longitude']}."
    )
    return Plot(figure, says)


def _place(row: dict[str, Any], what: str) -> str:
    more = f" and {row['countries'] - 1} more" if row["countries"] > 1 else ""
    at = f"{row['latitude']}°, {row['longitude']}°"
    return f"{label(row['country'], _HOVER)}{more}<br>{at}: {row['posts']:,} {what}"


def over_time(months: Grid, what: str) -> Plot | None:
    """Posts per month."""
    rows = sorted(months.rows)
    if not rows:
        return None
    figure = {
        "data": [
            _bar(
                0,
                x=[f"{month}-01" for month, _ in rows],
                y=[count for _, count in rows],
                text=[f"{month}: {count:,}" for month, count in rows],
                textposition="none",
            )
        ],
        "layout": {
            "height": 300,
            "bargap": 0.15,
            "xaxis": _axis(type="date"),
            "yaxis": _axis(what, rangemode="tozero"),
        },
    }
    best = max(rows, key=lambda row: row[1])
    return Plot(
        figure,
        f"Bars for {len(rows)} months from {rows[0][0]} to {rows[-1][0]}; the most {what}, "
        f"{best[1]:,}, are of {best[0]}.",
    )


def spread(found: dict[str, Grid]) -> Plot | None:
    """How follower counts are spread within age groups: boxes from quantiles."""
    traces = []
    for number, (per, grid) in enumerate(found.items()):
        if not grid.rows:
            continue
        colour, _, _ = _LOOKS[number]
        # Nought has no place on a logarithmic axis.
        low = {name: [max(v, 1) for v in grid.column(name)] for name in ("q05", "q25", "q50")}
        high = {name: [max(v, 1) for v in grid.column(name)] for name in ("q75", "q95")}
        traces.append(
            {
                "type": "box",
                "name": PER[per],
                "x": grid.column("age_group"),
                "lowerfence": low["q05"],
                "q1": low["q25"],
                "median": low["q50"],
                "q3": high["q75"],
                "upperfence": high["q95"],
                "boxpoints": False,
                "hoverinfo": "y",
                "line": {"color": colour, "width": 2},
                "fillcolor": "--card" if number else "--fill",
            }
        )
    if not traces:
        return None
    figure = {
        "data": traces,
        "layout": {
            "height": 380,
            "boxmode": "group",
            "showlegend": True,
            "xaxis": _axis(type="category", showgrid=False),
            "yaxis": _axis("followers", type="log", dtick=1, exponentformat="SI"),
        },
    }
    return Plot(
        figure,
        "Boxes for each age group: the middle half of follower counts, with the median, and "
        "whiskers from 5 % to 95 %.",
    )


# ---- the books ---------------------------------------------------------------------------------


def books(runs: Sequence[dict[str, Any]], fates: Iterable[str]) -> Plot | None:
    """What became of the records of the newest runs."""
    chosen = [run for run in runs if run["books"].get("read", {}).get("records")][:BARS]
    if not chosen:
        return None
    names = [_run_name(run) for run in chosen]
    series = {fate: [run["books"][fate]["records"] for run in chosen] for fate in fates}
    figure = bars(names, series, "records")
    figure["layout"].update(barmode="stack", height=110 + 30 * len(names))
    figure["layout"]["legend"] = {"traceorder": "normal"}
    total = sum(run["books"]["read"]["records"] for run in chosen)
    says = f"Stacked bars of {len(chosen)} runs, which read {total:,} records together."
    note = f"The newest {BARS} runs that read something." if len(chosen) == BARS else ""
    return Plot(figure, says, note)


def throughput(runs: Sequence[dict[str, Any]]) -> Plot | None:
    """Records a second of the newest runs that say how long they took."""
    chosen = [run for run in runs if _read(run) and run["books"].get("seconds")][:BARS]
    if not chosen:
        return None
    values = [round(_read(run) / run["books"]["seconds"]) for run in chosen]
    names = [_run_name(run) for run in chosen]
    note = f"The newest {BARS} runs that read something." if len(chosen) == BARS else ""
    return Plot(bars(names, {"": values}, "records/s"), _bars_say(names, {"": values}), note)


def _read(run: dict[str, Any]) -> int:
    found: int = run["books"].get("read", {}).get("records", 0)
    return found


def counted(grid: Grid, names: Sequence[str], count: str) -> Plot | None:
    """Bars of a grid's counts, by names."""
    rows = grid.dicts()[:BARS]
    if not rows:
        return None
    texts = [" · ".join(shown(row[name]) for name in names) for row in rows]
    series = {"": [row[count] for row in rows]}
    note = f"The {BARS} commonest." if len(grid.rows) > BARS else ""
    return Plot(bars(texts, series, "records"), _bars_say(texts, series), note)


def _run_name(run: dict[str, Any]) -> str:
    number = "" if run["n"] is None else f" {run['n']}"
    return f"{run['kind']}{number}"


def all_of(data: Data) -> dict[str, Plot]:
    """Every plot that the data have something for, by the id of its place on the page."""
    from pinlake._books import FATES

    what = "posts" if data.of_posts else "records"
    runs = data.runs.dicts() if data.runs is not None else []
    found: dict[str, Plot | None] = {
        "map": world(data.cells, what) if data.cells else None,
        "months": over_time(data.months, what) if data.months else None,
        "spread": spread(data.spread) if data.spread else None,
        "books": books(runs, FATES),
        "throughput": throughput(runs),
        "quarantine": counted(data.quarantine, ("kind", "code"), "records")
        if data.quarantine
        else None,
        "errors": counted(data.errors, ("kind", "column", "code"), "number")
        if data.errors
        else None,
    }
    for name, answer in (data.answers or {}).items():
        found[name] = QUESTIONS[name](told_apart(answer))
    return {name: plot for name, plot in found.items() if plot is not None}
