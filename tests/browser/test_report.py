"""The report in a browser: drawn, quiet, readable on a phone, deaf to what records say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinlake.report import page
from support.report import HOSTILE, PWN, geo_report, hostile_data, real_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

WIDE, NARROW = 1280, 360


@dataclass
class Seen:
    """An open page and what it did beside showing itself."""

    tab: Tab
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


Open = Callable[..., Seen]


# The plots of each report: all of them, and those of a warehouse that holds only geo.
PLOTS = {"hostile": 17, "real": 17, "geo": 2}
OF = pytest.mark.parametrize("of", list(PLOTS))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> dict[str, Path]:
    """A report whose every text tries to break out, and two of the real records."""
    folder = tmp_path_factory.mktemp("page")
    made = {
        "hostile": hostile_data(),
        "real": real_report(real_data),
        "geo": geo_report(real_data),
    }
    for name, data in made.items():
        (folder / f"{name}.html").write_text(page(data), encoding="utf-8", newline="\n")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def opened(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """Opens a page, once for each way to look at it."""
    contexts = []
    kept: dict[tuple[Any, ...], Seen] = {}

    def look(
        scheme: str = "light", width: int = WIDE, *, of: str = "hostile", scripts: bool = True
    ) -> Seen:
        key = (scheme, width, of, scripts)
        if key in kept:
            return kept[key]
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": 800},
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        seen = kept[key] = Seen(context.new_page())
        seen.tab.on("request", lambda request: seen.requests.append(request.url))
        seen.tab.on("console", lambda line: seen.said.append(f"{line.type}: {line.text}"))
        seen.tab.on("pageerror", lambda error: seen.said.append(str(error)))

        def dialog(one: Any) -> None:
            seen.dialogs.append(one.message)
            one.dismiss()

        seen.tab.on("dialog", dialog)
        seen.tab.goto(files[of].as_uri())
        if scripts:
            seen.tab.wait_for_selector("html[data-plots=drawn]", state="attached", timeout=60_000)
        return seen

    yield look
    for context in contexts:
        context.close()


# What a reader can see of each plot: marks that take up room.
_MARKS = """() => [...document.querySelectorAll('[data-plot]')].map(place => [place.dataset.plot,
  [...place.querySelectorAll('.plot-container .cartesianlayer .trace, .plot-container .hm image')]
    .filter(mark => { const box = mark.getBoundingClientRect();
      return box.width > 2 && box.height > 2; }).length])"""


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@OF
def test_every_plot_is_drawn_without_a_word_or_a_request(
    opened: Open, files: dict[str, Path], screenshots: Path, of: str, scheme: str, width: int
) -> None:
    seen = opened(scheme, width, of=of)
    picture = screenshots / f"report-{of}-{scheme}-{width}.png"
    seen.tab.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 50_000
    marks = dict(seen.tab.evaluate(_MARKS))
    assert len(marks) == PLOTS[of]
    assert all(marks.values()), marks
    assert seen.said == []
    assert {url for url in seen.requests if not url.startswith("data:")} == {files[of].as_uri()}


@pytest.mark.parametrize("width", [WIDE, NARROW, 320])
@OF
def test_nothing_scrolls_sideways_but_tables(opened: Open, of: str, width: int) -> None:
    tab = opened("light", width, of=of).tab
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    outside = tab.evaluate(
        """() => [...document.querySelectorAll('body *')]
        .filter(one => !one.closest('.scroll') && !one.closest('svg') && !one.matches('.skip'))
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.outerHTML.slice(0, 200))"""
    )
    assert outside == []
    # A name that is cut off within a plot is not read by anybody.
    cut = tab.evaluate(
        """() => [...document.querySelectorAll('.plot svg text')].filter(text => {
          const box = text.getBoundingClientRect();
          const plot = text.closest('.plot').getBoundingClientRect();
          return box.width && (box.left < plot.left - 1 || box.right > plot.right + 1);
        }).map(text => text.textContent)"""
    )
    assert cut == []


def test_what_a_plot_or_table_leaves_out_is_said(opened: Open, screenshots: Path) -> None:
    tab = opened("light", WIDE, of="real").tab
    article = tab.locator("article", has=tab.locator("#q-top_category_by_country"))
    assert article.locator(".cartesianlayer .trace .point").count() == 20
    under = article.locator("figcaption")
    assert under.inner_text() == "The 20 rows with the greatest counts; the table has more."
    assert article.locator("tbody tr").count() > 243
    for name in ("books", "throughput"):
        under = tab.locator(f"#{name} figcaption")
        assert under.inner_text().endswith("The newest 20 runs that read something.")
        assert tab.locator(f"#{name} tbody tr").count() == 93
    # The map's table holds all that the map shows.
    places = tab.locator("#posts tbody").first.locator("tr").count()
    assert f"Posts by place ({places:,} rows)" in tab.locator("#posts").inner_text()
    assert places > 243
    # Of one answer, for the README.
    article = tab.locator("article", has=tab.locator("#q-category_counts_by_year"))
    article.locator("details").evaluate("table => { table.open = false; }")
    article.screenshot(path=screenshots / "report-answer.png")


def test_tables_that_are_not_there_are_said(opened: Open) -> None:
    tab = opened("light", NARROW, of="geo").tab
    posts = tab.locator("#posts").inner_text()
    assert "The warehouse has no table pins, users: these are all records of geo." in posts
    assert "The 2,000 fields with the most: 8,095 of 11,154 posts." in posts
    for name, lacking in (
        ("questions", "pins, users"),
        ("followers", "pins, users"),
        ("books", "pins, users, quarantine, runs"),
    ):
        said = f"Not here: the warehouse has no table {lacking}."
        assert tab.locator(f"#{name}").inner_text().endswith(said), name


def test_records_run_nothing_and_are_still_shown(opened: Open) -> None:
    for width in (WIDE, NARROW):
        seen = opened("light", width)
        tab = seen.tab
        for place in tab.query_selector_all("[data-plot]")[:6]:
            place.scroll_into_view_if_needed()
            box = place.bounding_box()
            assert box is not None
            tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + min(60, box["height"] / 2))
            tab.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
        assert tab.evaluate("window.__pwned") is None
        assert seen.dialogs == []
        assert tab.evaluate("[...document.scripts].length") == 4
        odd = "img, iframe, object, embed, base, form, a:not([href^='#']), [onload], [onerror]"
        assert tab.evaluate(f"document.querySelectorAll(`main :is({odd})`).length") == 0
        assert tab.evaluate("document.querySelectorAll('.plot a').length") == 0
        text = tab.evaluate("document.querySelector('main').textContent")
        for hostile in HOSTILE:
            if hostile.isprintable():
                assert hostile in text
        assert f"\\xff\\xfe<script>{PWN}</script>\\u0000\\xc3(" in text
        assert "right \\u202e tfel \\u2066 isolate \\u200f mark" in text
        drawn = tab.evaluate(
            "[...document.querySelectorAll('.plot svg text')].map(one => one.textContent)"
        )
        # As the names beside bars, where an entity or a tag would be gone.
        assert any(label.startswith("<script>") for label in drawn)
        assert any(label.startswith("]]><!-- <![CDATA") for label in drawn)
        assert "--c1 · --c1" in drawn


def test_light_and_dark_differ_and_a_change_is_followed(opened: Open) -> None:
    colours = """() => [getComputedStyle(document.body).backgroundColor,
      getComputedStyle(document.querySelector('#plot-months .point path')).fill,
      getComputedStyle(document.querySelector('#plot-months text')).fill]"""
    light = opened("light", WIDE).tab.evaluate(colours)
    dark = opened("dark", WIDE).tab.evaluate(colours)
    assert all(one != other for one, other in zip(light, dark, strict=True))
    tab = opened("light", WIDE).tab
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function(f"want => JSON.stringify(({colours})()) === want", arg=_json(dark))
    tab.emulate_media(color_scheme="light")
    tab.wait_for_function(f"want => JSON.stringify(({colours})()) === want", arg=_json(light))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def test_the_keyboard_reaches_what_scrolls(opened: Open) -> None:
    tab = opened("dark", NARROW).tab
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    tab.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    boxes = tab.evaluate("document.querySelectorAll('.scroll').length")
    reached = 0
    for _ in range(10 * boxes):
        tab.keyboard.press("Tab")
        at = tab.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
              return [at.className, at.getAttribute('aria-label'), style.outlineStyle]; }"""
        )
        assert at[2] != "none", at
        if at[0] == "scroll":
            assert at[1]
            reached += 1
        if reached == boxes:
            break
    assert reached == boxes > 10
    wide = (
        "[...document.querySelectorAll('.scroll')].find(one => one.scrollWidth > one.clientWidth)"
    )
    tab.evaluate(f"{wide}.focus()")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("() => document.activeElement.scrollLeft > 0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@OF
def test_text_stands_out_and_everything_is_named(opened: Open, of: str, scheme: str) -> None:
    tab = opened(scheme, WIDE, of=of).tab
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert tab.evaluate(_CONTRAST) == []
    assert tab.evaluate(_UNNAMED) == []


# Text on its ground, as WCAG counts it, HTML and names within plots alike.
_CONTRAST = """() => {
  const parts = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => { const [r, g, b] = rgb.map(part => { part /= 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (one) => { for (; one; one = one.parentElement) {
      const own = parts(getComputedStyle(one).backgroundColor);
      if (own.length === 3 || own[3] > 0.99) return own.slice(0, 3); }
    return [255, 255, 255]; };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const box = one.getBoundingClientRect();
    // Counts within the fields of a heat map and labels at the mouse have a ground of their own.
    if (!own || !box.width || one.closest('script, noscript, .hm, .hoverlayer')) continue;
    const style = getComputedStyle(one);
    const ink = parts(one.closest('svg') ? style.fill : style.color).slice(0, 3);
    const [high, low] = [light(ink), light(ground(one))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) found.push([one.tagName, one.textContent.slice(0, 40), ratio]);
  }
  return found;
}"""

_UNNAMED = """() => [
  ...[...document.querySelectorAll('[role=img], [role=region], nav, .scroll')]
    .filter(one => !one.getAttribute('aria-label')),
  ...[...document.querySelectorAll('section')].filter(one =>
    !document.getElementById(one.getAttribute('aria-labelledby'))),
  ...[...document.querySelectorAll('table')].filter(one => !one.caption),
  ...[...document.querySelectorAll('th')].filter(one => !one.scope),
  ...[...document.querySelectorAll('header, main, footer')].filter((_, at) => at > 2),
].map(one => one.outerHTML.slice(0, 200))"""


def test_an_old_browser_is_told_and_keeps_its_tables(
    browser: Browser, files: dict[str, Path]
) -> None:
    context = browser.new_context()
    context.add_init_script("delete window.DecompressionStream")
    tab = context.new_page()
    tab.goto(files["hostile"].as_uri())
    told = tab.locator("#no-plots").inner_text()
    assert told.startswith("This browser is too old to draw the plots.")
    assert tab.locator(".scroll:visible").count() > 5
    context.close()


def test_without_scripts_the_tables_say_it_all(opened: Open, screenshots: Path) -> None:
    tab = opened("light", NARROW, scripts=False).tab
    tab.screenshot(path=screenshots / "report-without-scripts.png", full_page=True)
    text = tab.locator("main").inner_text()
    assert "Scripts do not run here" in text
    assert "Books of the runs" in text
    # Open what is folded, as a reader does.
    first = tab.locator("details").first
    first.locator("summary").click()
    assert first.locator("table").is_visible()
