"""Which kind a record of a shared stream or topic is of, by its key."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinlake.errors import ConfigError


def patterns(kind: str, kinds: Sequence[str]) -> tuple[str, str]:
    """What a key of this kind's records matches, and what it must not match (empty: anything).

    A key names a kind if the kind's name stands in it as a word: `pin`, `pin-7`,
    `streaming-u1-pin`. Of several the first of `kinds` counts. What names none goes to the first
    kind, whose rules say what it is: no record is passed over.

    >>> patterns("geo", ["pin", "geo"])
    ('(^|[^A-Za-z0-9])(geo)([^A-Za-z0-9]|$)', '(^|[^A-Za-z0-9])(pin)([^A-Za-z0-9]|$)')

    Raises `ConfigError` if the kind is none of them.
    """
    if kind not in kinds:
        raise ConfigError(f"kind {kind!r} is none of those that share a stream: {', '.join(kinds)}")
    place = list(kinds).index(kind)
    if place == 0:
        others = list(kinds[1:])
        # All but what names another kind and not this one.
        return _word([kind]), _word(others)
    return _word([kind]), _word(kinds[:place])


def belongs(key: str, kind: str, kinds: Sequence[str]) -> bool:
    """Whether a record of this key is read as this kind.

    >>> [belongs(key, "pin", ["pin", "geo"]) for key in ("pin-7", "geo", "7", "u1.geo.pin")]
    [True, False, True, True]
    >>> [belongs(key, "geo", ["pin", "geo"]) for key in ("pin-7", "geo", "7", "u1.geo.pin")]
    [False, True, False, False]
    """
    own, others = patterns(kind, kinds)
    mine, theirs = re.search(own, key), bool(others) and re.search(others, key)
    if kind == kinds[0]:
        return bool(mine or not theirs)
    return bool(mine and not theirs)


def _word(names: Sequence[str]) -> str:
    if not names:
        return ""
    any_of = "|".join(re.escape(name) for name in names)
    return f"(^|[^A-Za-z0-9])({any_of})([^A-Za-z0-9]|$)"
