"""Payload to records: a strict RFC 8259 reader that knows where every value stands."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BLANKS = b" \t\n\r"
MAX_DEPTH = 128
MAX_RECORD = 10 * 1024 * 1024
KEPT_OF_TOO_LARGE = 1024 * 1024

_BLANKS = re.compile(rb"[ \t\n\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
# What follows a complete number is the next value's business; a number that starts and does not
# end ("1.", "1e", "-") is an error.
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][+-]?[0-9]*)?")
_HEX4 = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPES = {
    ord('"'): '"',
    ord("\\"): "\\",
    ord("/"): "/",
    ord("b"): "\b",
    ord("f"): "\f",
    ord("n"): "\n",
    ord("r"): "\r",
    ord("t"): "\t",
}


class Broken(Exception):
    """The text at hand is not JSON; `at` is where that shows."""

    code = "not_json"

    def __init__(self, at: int) -> None:
        self.at = at


class TooDeep(Broken):
    """More than 128 brackets are open at once."""

    code = "too_deep"


@dataclass(frozen=True)
class Value:
    """One JSON value: its type, its content and where its text stands in the payload.

    data: None, bool, the number's text, str, list of values, dict of values (last key wins).
    """

    type: str
    data: Any
    start: int
    end: int


@dataclass(frozen=True)
class Record:
    """One record of a payload; `code` says why it is none, else `value` is what was read.

    `cause` is the fault that the kept start of a rest shows which is `too_large`.
    """

    item: int
    raw: bytes | None
    code: str | None
    value: Value | None
    cause: str | None = None


class Reader:
    """Recursive descent over the bytes of one payload."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def skip(self, at: int) -> int:
        match = _BLANKS.match(self.text, at)
        assert match is not None
        return match.end()

    def byte(self, at: int) -> bytes:
        return self.text[at : at + 1]

    def value(self, at: int, depth: int = 0) -> Value:
        """The value that starts at `at` (no blanks before it)."""
        first = self.byte(at)
        if first == b"{":
            return self.object(at, depth + 1)
        if first == b"[":
            return self.array(at, depth + 1)
        if first == b'"':
            end, content = self.string(at)
            return Value("string", content, at, end)
        for word, kind, data in (
            (b"null", "null", None),
            (b"true", "boolean", True),
            (b"false", "boolean", False),
        ):
            if self.text.startswith(word, at):
                return Value(kind, data, at, at + len(word))
        return self.number(at)

    def number(self, at: int) -> Value:
        match = _NUMBER.match(self.text, at)
        if match is None or match["fraction"] == b".":
            raise Broken(at)
        exponent = match["exponent"]
        if exponent is not None and not exponent[-1:].isdigit():
            raise Broken(at)
        return Value("number", match.group().decode("ascii"), at, match.end())

    def string(self, at: int) -> tuple[int, str]:
        """End and content of the string whose opening quote stands at `at`."""
        parts: list[str] = []
        at += 1
        while True:
            plain = _PLAIN.match(self.text, at)
            assert plain is not None
            try:
                parts.append(plain.group().decode("utf-8"))
            except UnicodeDecodeError as error:
                raise Broken(at + error.start) from error
            at = plain.end()
            here = self.byte(at)
            if here == b'"':
                return at + 1, "".join(parts)
            if here != b"\\":  # a control character, or the end
                raise Broken(at)
            at, char = self.escape(at + 1)
            parts.append(char)

    def escape(self, at: int) -> tuple[int, str]:
        here = self.byte(at)
        if here == b"u":
            high = self.hex4(at + 1)
            at += 5
            if 0xDC00 <= high <= 0xDFFF:
                raise Broken(at)
            if not 0xD800 <= high <= 0xDBFF:
                return at, chr(high)
            if self.text[at : at + 2] != b"\\u":
                raise Broken(at)
            low = self.hex4(at + 2)
            if not 0xDC00 <= low <= 0xDFFF:
                raise Broken(at)
            return at + 6, chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        if not here or here[0] not in _ESCAPES:
            raise Broken(at)
        return at + 1, _ESCAPES[here[0]]

    def hex4(self, at: int) -> int:
        match = _HEX4.match(self.text, at)
        if match is None:
            raise Broken(at)
        return int(match.group(), 16)

    def array(self, at: int, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise TooDeep(at)
        start, items = at, []
        at = self.skip(at + 1)
        if self.byte(at) == b"]":
            return Value("array", items, start, at + 1)
        while True:
            item = self.value(at, depth)
            items.append(item)
            at = self.skip(item.end)
            if self.byte(at) == b"]":
                return Value("array", items, start, at + 1)
            if self.byte(at) != b",":
                raise Broken(at)
            at = self.skip(at + 1)

    def object(self, at: int, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise TooDeep(at)
        start, fields = at, {}
        at = self.skip(at + 1)
        if self.byte(at) == b"}":
            return Value("object", fields, start, at + 1)
        while True:
            if self.byte(at) != b'"':
                raise Broken(at)
            at, name = self.string(at)
            at = self.skip(at)
            if self.byte(at) != b":":
                raise Broken(at)
            value = self.value(self.skip(at + 1), depth)
            fields[name] = value
            at = self.skip(value.end)
            if self.byte(at) == b"}":
                return Value("object", fields, start, at + 1)
            if self.byte(at) != b",":
                raise Broken(at)
            at = self.skip(at + 1)


def records(payload: bytes | None) -> list[Record]:
    """All records of a payload, in order; every payload has at least one."""
    if payload is None:
        return [Record(0, None, "empty_payload", None)]
    if payload.strip(BLANKS) in (b"", b"null"):
        return [Record(0, payload, "empty_payload", None)]
    return list(_records(payload))


def _records(payload: bytes) -> Iterator[Record]:
    reader = Reader(payload)
    item = 0
    at = reader.skip(0)
    while at < len(payload):
        try:
            value = reader.value(at)
        except Broken as error:
            yield _rest(payload, at, item, error)
            return
        found = value.data if value.type == "array" else [value]
        if any(one.end - one.start > MAX_RECORD for one in found):
            yield _rest(payload, at, item, None)
            return
        if not found:
            raw = payload[value.start : value.end]
            yield Record(item, raw, "empty_payload", None)
            item += 1
        for one in found:
            raw = payload[one.start : one.end]
            yield Record(item, raw, None, one)
            item += 1
        at = reader.skip(value.end)


def _rest(payload: bytes, at: int, item: int, error: Broken | None) -> Record:
    """What is left of a payload whose next record does not parse, or is too large."""
    raw = payload[at:]
    if len(raw) > MAX_RECORD:
        start = raw[:KEPT_OF_TOO_LARGE]
        shows = error is not None and error.at - at < len(start)
        cause = _cause(start, error if shows else None, more=True)
        return Record(item, raw, "too_large", None, cause)
    return Record(item, raw, _cause(raw, error, more=False), None)


def _cause(raw: bytes, error: Broken | None, *, more: bool) -> str | None:
    """The code of a fault; with `more` the last character may be cut."""
    if isinstance(error, TooDeep):
        return error.code
    try:
        getincrementaldecoder("utf-8")().decode(raw, final=not more)
    except UnicodeDecodeError:
        return "invalid_utf8"
    return None if error is None else error.code
