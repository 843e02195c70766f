"""The oracle's own parts that no other test reaches: files, positions, books."""

from __future__ import annotations

from oracle import Books, Row, Source, Table, clean_payload, file_payloads, landing_payloads


def test_lines_of_a_plain_file() -> None:
    data = b"\xef\xbb\xbf{}\n\n \t\r\n[]\r\nlast"
    assert file_payloads(data) == [(3, b"{}"), (11, b"[]\r"), (15, b"last")]
    assert file_payloads(b"") == []


def test_lines_of_a_landing_object() -> None:
    assert landing_payloads(b"", 7) == [(7, b"")]
    assert landing_payloads(b"\n", 7) == [(7, b"")]
    assert landing_payloads(b"{}\n\n{}", 7) == [(7, b"{}"), (8, b""), (9, b"{}")]
    assert landing_payloads(b"\xef\xbb\xbf{}\r\n", 7) == [(7, b"{}\r")]


def rows(seq: int, *payloads: bytes) -> list[Row]:
    found: list[Row] = []
    for number, payload in enumerate(payloads, seq):
        source = Source(0, "kafka:x.geo", "0000000000", f"{number:020}")
        found += clean_payload("geo", payload, source)
    return found


def test_books() -> None:
    table = Table()
    first = rows(0, b'{"ind":1,"country":"a"}', b'{"ind":1,"country":"b"}', b'{"ind":2}', b"bad")
    books = table.write(first, "r1")
    assert books == Books(4, 2, 0, 0, 1, 1, sum(row.hash for row in first))
    assert books.balanced

    again = table.write(first, "r2")
    assert (again.inserted, again.updated, again.unchanged, again.superseded) == (0, 0, 2, 1)
    assert again.balanced

    later = rows(9, b'{"ind":1,"country":"b"}', b'{"ind":2,"country":"c"}', b'{"ind":3}')
    moved = table.write(later, "r3")
    assert (moved.inserted, moved.updated, moved.unchanged, moved.superseded) == (1, 1, 1, 0)
    assert table.rows[1].run == "r1"
    assert int(table.rows[1].row.source.seq) == 9
    assert (table.rows[2].first_run, table.rows[2].run) == ("r1", "r3")

    late = table.write(rows(5, b'{"ind":2,"country":"late"}'), "r4")
    assert late.superseded == 1
    assert late.balanced
