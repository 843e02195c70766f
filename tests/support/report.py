"""Reports for tests: a page as a reader finds it, and posts that try to break out of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

# Run by whatever takes a text for markup; a browser test looks for it.
PWN = "window.__pwned = (window.__pwned || 0) + 1"

HOSTILE = (
    f"<script>{PWN}</script>",
    f"<img src=x onerror='{PWN}'>",
    f"</script><script>{PWN}</script><!--",
    f'</style></title></textarea><svg onload="{PWN}">',
    f'<a href="javascript:{PWN}">click</a><br><b>bold</b>',
    f"\"><body onload={PWN}>'`${{{PWN}}}",
    "]]><!-- <![CDATA[ &lt;b&gt; &amp; &#60;",
    "line\u2028end\u2029and\nnewline\rreturn\ttab",
    "right \u202e tfel \u2066 isolate \u200f mark",
    "nul \x00 bell \x07 escape \x1b[31m",
    "%{text} ${x} {{y}} \\u003cscript\\u003e",
    "--c1",
    "مرحبا שלום " + "\U0001f600",
)
RAW = b"\xff\xfe<script>" + PWN.encode() + b"</script>\x00\xc3(" + b"\xe2\x80\xae"


def hostile_records() -> dict[str, list[Any]]:
    """A post for each hostile text, and what goes to quarantine and to bad fields."""
    pins: list[Any] = [
        {"index": n, "title": text, "category": text, "poster_name": text, "follower_count": "1k"}
        for n, text in enumerate(HOSTILE)
    ]
    geo: list[Any] = [
        {
            "ind": n,
            "country": text,
            "latitude": n,
            "longitude": -n,
            "timestamp": f"20{18 + n % 5}-01-01T00:00:00",
        }
        for n, text in enumerate(HOSTILE)
    ]
    users: list[Any] = [
        {"ind": n, "first_name": text, "age": 20 + n, "date_joined": f"20{15 + n % 6}-05-05"}
        for n, text in enumerate(HOSTILE)
    ]
    bad = [{"ind": 100 + n, "age": text, "country": [text]} for n, text in enumerate(HOSTILE)]
    return {
        "pin": [*pins, RAW, *(text.encode() for text in HOSTILE if "\n" not in text)],
        "geo": [*geo, *({k: v for k, v in row.items() if k != "age"} for row in bad)],
        "user": [*users, *({k: v for k, v in row.items() if k != "country"} for row in bad)],
    }


@dataclass
class Table:
    """A table of the page, as text."""

    caption: str = ""
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """What an HTML parser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Table] = []
        self.ids: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append((tag, held))
        if held.get("id"):
            self.ids.append(held["id"] or "")
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append((int(tag[1]), ""))
        elif tag == "script":
            self.scripts.append("")
        if tag not in ("meta", "link", "br"):
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._in[-1] == tag, f"</{tag}> ends <{self._in[-1]}>"
        self._in.pop()
        if tag == "thead":
            self.tables[-1].heads = self.tables[-1].rows.pop()

    def handle_data(self, data: str) -> None:
        within = set(self._in)
        if "script" in within:
            self.scripts[-1] += data
            return
        if "style" in within:
            return
        self.text += data
        if within & {"td", "th"}:
            self.tables[-1].rows[-1][-1] += data
        elif "caption" in within:
            self.tables[-1].caption += data
        elif within & {"h1", "h2", "h3"}:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def table(self, caption: str) -> Table:
        """The table of a caption."""
        found = [table for table in self.tables if table.caption == caption]
        assert len(found) == 1, (caption, [table.caption for table in self.tables])
        return found[0]


def value(text: str) -> Any:
    """A cell's number, or its text; None for nothing."""
    if text == "–":
        return None
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text
