"""Values as text that no reader, page or plot takes for anything else."""

from __future__ import annotations

import html
import json
import math
import unicodedata
from typing import Any

# Marks that change the order or the look of what stands around them, and ends of lines.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# Characters of one value; records may hold texts of megabytes.
LONGEST = 1_000
# Joiners stay: letters and emoji are made with them.
_KEPT = "\u200c\u200d"


def shown(value: Any) -> str:
    """A value as text; characters that cannot be seen are written as escapes.

    >>> shown("a\\u202eb\\n"), shown(1234567), shown(2.5), shown(None)
    ('a\\\\u202eb\\\\n', '1,234,567', '2.5', '–')
    >>> shown(b"caf\\xc3\\xa9 \\xff")
    'café \\\\xff'
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "backslashreplace")
    return "".join(map(_visible, str(value)))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    value = round(value, 1)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _visible(char: str) -> str:
    if char.isprintable() or char in _KEPT or unicodedata.category(char) not in _HIDDEN:
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    code = ord(char)
    return named or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")


def cut(text: str, length: int) -> str:
    """A text of at most so many characters.

    >>> cut("home-decor", 6)
    'home-…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def markup(value: Any) -> str:
    """A value as HTML that keeps its own direction of writing to itself.

    >>> markup("<b>")
    '<bdi>&lt;b&gt;</bdi>'
    """
    return f"<bdi>{html.escape(cut(shown(value), LONGEST))}</bdi>"


def label(value: Any, length: int = 200) -> str:
    """A value as plotly's labels take it: they know some HTML, so none of it may be there.

    >>> label("<a href='x'>R&D</a>")
    "&lt;a href='x'&gt;R&amp;D&lt;/a&gt;"
    """
    text = cut(shown(value), length)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def script_json(value: Any) -> str:
    """JSON that can stand within a `script` element, whatever texts it holds.

    >>> print(script_json("</script>"))
    "\\u003c/script\\u003e"
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
