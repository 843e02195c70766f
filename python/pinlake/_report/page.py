"""From a report's data to the page: one HTML file that asks nobody for anything.

Scripts and styles are in it. Plotly's script is packed (gzip, base64); the page's own script
unpacks it. A policy in the page forbids every script but these two, by their hashes, and every
request. Without scripts the tables say it all.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from pinlake._report import sections
from pinlake._report.data import Data
from pinlake._report.parts import section
from pinlake._report.plots import all_of
from pinlake._report.text import markup, script_json, shown
from pinlake.errors import ConfigError


def check_plotly() -> Path:
    """Where plotly's script lies. Raises `ConfigError` if plotly is not installed."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("the report's plots need plotly; pip install 'pinlake[report]'")
    return Path(next(iter(spec.submodule_search_locations)), "package_data", "plotly.min.js")


def page(data: Data) -> str:
    """A report as an HTML page.

    Raises `ConfigError` if plotly is not installed.
    """
    plotly = _plotly()
    plots = all_of(data)
    script = _file("page.js")
    parts = sections.all_of(data, plots)
    nav = "".join(
        f'<li><a href="#{name}">{html.escape(title)}</a></li>' for name, title, _ in parts
    )
    return _PAGE.format(
        policy=_POLICY.format(own=_hash(script), plotly=_hash(plotly)),
        title=html.escape(f"pinlake report: {shown(data.warehouse)}"),
        style=_file("page.css"),
        warehouse=markup(data.warehouse),
        made=html.escape(data.made_at),
        version=html.escape(data.version),
        summary=sections.summary(data),
        nav=nav,
        parts="\n".join(section(*part) for part in parts),
        figures=script_json({name: plot.figure for name, plot in plots.items()}),
        plotly=_packed(),
        script=script,
    )


def _file(name: str) -> str:
    return (files("pinlake") / "_report" / name).read_text("utf-8")


@cache
def _plotly() -> str:
    return check_plotly().read_text("utf-8")


@cache
def _packed() -> str:
    # Without a time inside, equal data make equal pages.
    return base64.b64encode(gzip.compress(_plotly().encode(), mtime=0)).decode()


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


# Plotly sets styles on what it draws, hence 'unsafe-inline' for styles.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{own}' 'sha256-{plotly}'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="brand">pinlake</p>
<h1>What is in the warehouse</h1>
<p class="where">{warehouse} <span>· made {made} UTC · pinlake {version}</span></p>
</header>
<nav aria-label="Sections"><ul>{nav}</ul></nav>
<main id="main" tabindex="-1">
{summary}
<noscript><p class="say">Scripts do not run here, so the plots are not drawn. Every plot has its
table below its place; nothing is only in a picture.</p></noscript>
<p class="say" id="no-plots" hidden></p>
{parts}
</main>
<footer>
<p>Land outline: Natural Earth, 1:110m (public domain). Plots: plotly.js (MIT), packed into this
file. The page makes no request.</p>
</footer>
<script type="application/json" id="figures">{figures}</script>
<script type="application/gzip" id="plotly">{plotly}</script>
<script>{script}</script>
</body>
</html>
"""
