"""Bytes of files and landing objects to payloads."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.scan import BLANKS

BOM = b"\xef\xbb\xbf"


def lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of every line; a last newline starts no new line."""
    at = len(BOM) if data.startswith(BOM) else 0
    while at < len(data):
        end = data.find(b"\n", at)
        if end < 0:
            end = len(data)
        yield at, data[at:end]
        at = end + 1


def file_payloads(data: bytes) -> list[tuple[int, bytes]]:
    """Byte offset and payload of every line of a plain file that is not blank."""
    return [(at, line) for at, line in lines(data) if line.strip(BLANKS)]


def landing_payloads(data: bytes, start: int) -> list[tuple[int, bytes]]:
    """Offset and payload of every line of a landing object whose name says `start`."""
    found = [line for _, line in lines(data)] or [b""]
    return list(enumerate(found, start))
