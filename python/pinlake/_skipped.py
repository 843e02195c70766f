"""Names that a reading passes over, told so that nobody takes them for read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Enough to see what kind of name it is; a dry run lists more.
SHOWN = 5


def first_names(skipped: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """The first names that a plan passes over, each with the reason.

    >>> first_names([{"name": "a.bz2", "why": "no file of records"}])
    ('a.bz2 (no file of records)',)
    """
    return tuple(f"{one['name']} ({one['why']})" for one in list(skipped)[:SHOWN])


def told(count: int, names: Iterable[str]) -> str:
    """How many names are passed over, and the first of them, as one line.

    >>> told(7, ["a.bz2 (no file of records)"])
    '7 names passed over, not read: a.bz2 (no file of records), …'
    """
    shown = list(names)
    more = ["…"] if count > len(shown) else []
    noun = "name" if count == 1 else "names"
    return f"{count:,} {noun} passed over, not read: {', '.join([*shown, *more])}"
