"""Field rules: a raw JSON value, no placeholder, becomes a clean value, or an error code."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from oracle.kinds import Column
from oracle.scan import Value

MAX_BIGINT = 2**63 - 1
MICROS = 1_000_000

_BLANKS = " \t\n\r"
_DIGITS = re.compile(r"[0-9]+")
_INTEGER = re.compile(r"-?[0-9]+")
_COUNT = re.compile(
    r"(?P<whole>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<part>[0-9]+))?(?P<unit>[kKmMbB]?)"
)
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MOMENT = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?P<clock>[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<oh>[0-9]{2}):(?P<om>[0-9]{2}))?)?"
)
_ZEROS = {"": 0, "k": 3, "m": 6, "b": 9}


class Invalid(Exception):
    """The value is none of what its rule allows; the message is the code."""


def digits_to_int(digits: str, limit: int) -> int | None:
    """The value of ASCII digits, None above `limit`; never converts absurdly long text."""
    significant = digits.lstrip("0")
    if len(significant) > len(str(limit)):
        return None
    value = int(significant or "0")
    return value if value <= limit else None


def json_integer(text: str, limit: int) -> int | None:
    """A JSON number's text as an integer in 0…limit; None if it is something else."""
    if _INTEGER.fullmatch(text) is None:
        return None
    value = digits_to_int(text.lstrip("-"), limit)
    return None if text.startswith("-") and value != 0 else value


def key(value: Value) -> int:
    """An integer or a string of ASCII digits, 0…2⁶³−1."""
    found = None
    if value.type == "number":
        found = json_integer(value.data, MAX_BIGINT)
    elif value.type == "string" and _DIGITS.fullmatch(value.data):
        found = digits_to_int(value.data, MAX_BIGINT)
    if found is None:
        raise Invalid("invalid_key")
    return found


def text(value: Value, column: Column) -> str | None:
    """A string; an empty one is nothing."""
    if value.type != "string":
        raise Invalid("wrong_type")
    content: str = value.data
    return content or None


def prefix(value: Value, column: Column) -> str | None:
    """Text without its leading prefix, dropped once."""
    content = text(value, column)
    return None if content is None else content.removeprefix(column.prefix) or None


def count(value: Value, column: Column) -> int | None:
    """`437`, `79k`, `1.5M`, `2B`, `1,200`; exact."""
    if value.type == "number":
        found = json_integer(value.data, MAX_BIGINT)
    elif value.type == "string":
        content = text(value, column)
        if content is None:
            return None
        found = count_of(content)
    else:
        raise Invalid("wrong_type")
    if found is None:
        raise Invalid("invalid_follower_count")
    return found


def count_of(content: str) -> int | None:
    """The whole number that a follower text names, None if it names none."""
    match = _COUNT.fullmatch(content.strip(_BLANKS))
    if match is None:
        return None
    part = (match["part"] or "").rstrip("0")
    zeros = _ZEROS[match["unit"].lower()]
    if len(part) > zeros:  # a fraction would be left
        return None
    whole = match["whole"].replace(",", "")
    return digits_to_int(whole + part + "0" * (zeros - len(part)), MAX_BIGINT)


def boolean(value: Value, column: Column) -> bool:
    """0, 1, true or false."""
    if value.type == "boolean":
        return bool(value.data)
    if value.type == "number":
        found = json_integer(value.data, 1)
        if found is not None:
            return found == 1
    raise Invalid("wrong_type")


def age(value: Value, column: Column) -> int | None:
    """0…150, a JSON integer or ASCII digits."""
    found = None
    if value.type == "number":
        found = json_integer(value.data, 150)
    elif value.type == "string":
        if value.data == "":
            return None
        if _DIGITS.fullmatch(value.data):
            found = digits_to_int(value.data, 150)
    else:
        raise Invalid("wrong_type")
    if found is None:
        raise Invalid("invalid_age")
    return found


def timestamp(value: Value, column: Column) -> int | None:
    """Microseconds since 1970-01-01T00:00:00, of the naive moment or of its UTC time."""
    if value.type != "string":
        raise Invalid("wrong_type")
    if value.data == "":
        return None
    found = micros_of(value.data)
    if found is None:
        raise Invalid("invalid_timestamp")
    return found


def micros_of(content: str) -> int | None:
    """Microseconds since the epoch of a timestamp text, None if it is none."""
    match = _MOMENT.fullmatch(content)
    if match is None:
        return None
    days = _days(int(match["year"]), int(match["month"]), int(match["day"]))
    if days is None:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    shift = 0
    if match["sign"]:
        hours, minutes = int(match["oh"]), int(match["om"])
        if hours > 23 or minutes > 59:
            return None
        shift = (hours * 60 + minutes) * (-1 if match["sign"] == "-" else 1)
    seconds = days * 86_400 + hour * 3_600 + (minute - shift) * 60 + second
    micros = seconds * MICROS + int((match["fraction"] or "")[:6].ljust(6, "0"))
    earliest = _EARLIEST * 86_400 * MICROS
    latest = (_LATEST + 1) * 86_400 * MICROS
    return micros if earliest <= micros < latest else None


def _days(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01; year 0, which `date` does not know, is moved by 400 years."""
    moved = 400 if year == 0 else 0
    try:
        found = date(year + moved, month, day)
    except ValueError:
        return None
    return found.toordinal() - date(1970, 1, 1).toordinal() - (146_097 if moved else 0)


_EARLIEST = date(1, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
_LATEST = date(9999, 12, 31).toordinal() - date(1970, 1, 1).toordinal()


def degrees(value: Value | None, limit: float) -> float:
    """A finite number or numeric text within ±limit; zero has no sign."""
    if value is None or value.type not in ("number", "string"):
        raise Invalid("invalid_coordinates")
    content = value.data.strip(_BLANKS)
    if _DECIMAL.fullmatch(content) is None:
        raise Invalid("invalid_coordinates")
    found = float(content)
    if not math.isfinite(found) or abs(found) > limit:
        raise Invalid("invalid_coordinates")
    return found + 0.0


SINGLE: dict[str, Callable[[Value, Column], Any]] = {
    "text": text,
    "prefix": prefix,
    "count": count,
    "boolean": boolean,
    "age": age,
    "timestamp": timestamp,
}
