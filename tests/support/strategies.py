"""Hypothesis strategies: JSON source text, records, payloads, broken payloads."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from oracle import KINDS
from support.golden import cases

GOLDEN = Path(__file__).resolve().parent.parent / "golden"

blanks = st.text(" \t\n\r", max_size=3)
numbers = st.one_of(
    st.integers(-5, 200).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
)


@st.composite
def string_texts(draw: st.DrawFn) -> str:
    """A JSON string's text: each character plain or escaped in one of its forms."""
    parts = []
    for char in draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=12)):
        point = ord(char)
        form = draw(st.integers(0, 5))
        if form == 0:
            units = char.encode("utf-16-be").hex()
            text = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
            parts.append(text if point % 2 else text[:2] + text[2:].upper().replace("\\U", "\\u"))
        elif form == 1 and char == "/":
            parts.append("\\/")
        else:
            parts.append(json.dumps(char, ensure_ascii=False)[1:-1])
    return '"' + "".join(parts) + '"'


@cache
def known_texts() -> list[str]:
    """Value texts of the hand-made cases."""
    found: list[str] = []
    for name in (
        "text",
        "follower_count",
        "save_location",
        "downloaded",
        "timestamp",
        "age",
        "key",
    ):
        found += [case["value"] for case in cases(GOLDEN, name)]
    found += [case["value"] for case in cases(GOLDEN, "placeholder")]
    for case in cases(GOLDEN, "coordinates"):
        found += [text for text in (case["latitude"], case["longitude"]) if text is not None]
    found += [case["text"] for case in cases(GOLDEN, "json") if case["name"].startswith("y_")]
    return sorted({text for text in found if len(text) < 300})


scalars = st.one_of(
    st.sampled_from(["null", "true", "false"]),
    numbers,
    string_texts(),
    st.deferred(lambda: st.sampled_from(known_texts())),
    # near misses of the texts that rules read
    st.from_regex(
        r"[ \t]?[0-9]{1,4}(,[0-9]{2,3}){0,2}(\.[0-9]{0,4})?[kKmMbBT]?[ ]?", fullmatch=True
    ).map(json.dumps),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?"
        r"(Z|[+-][0-2][0-9]:[0-6][0-9])?)?",
        fullmatch=True,
    ).map(json.dumps),
    st.from_regex(
        r"[ ]?[+-]?[0-9]{0,3}\.?[0-9]{0,17}([eE][+-]?[0-9]{0,3})?[ ]?", fullmatch=True
    ).map(json.dumps),
    st.text("Local save in /x", max_size=40).map(lambda text: json.dumps("Local save in " + text)),
)


@st.composite
def arrays_of(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    inside = draw(st.lists(items, max_size=4))
    edge = draw(blanks)
    return "[" + edge + ",".join(edge + item + edge for item in inside) + "]"


@st.composite
def objects_of(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    names = st.one_of(
        string_texts(), st.sampled_from(['"a"', '"b"', '"\\u0061"', '"ind"', '"value"'])
    )
    inside = draw(st.lists(st.tuples(names, items), max_size=4))
    edge = draw(blanks)
    return "{" + edge + ",".join(f"{edge}{n}{edge}:{edge}{v}{edge}" for n, v in inside) + "}"


values = st.recursive(
    scalars, lambda inner: st.one_of(arrays_of(inner), objects_of(inner)), max_leaves=8
)

FIELDS = sorted({field for kind in KINDS.values() for field in kind.fields})


@st.composite
def records_of(draw: st.DrawFn, kind: str) -> str:
    """A record of one kind: mostly its own fields, any value in any, in any order."""
    plan = KINDS[kind]
    own = sorted(plan.fields)
    names = draw(
        st.one_of(
            st.just(own),
            st.lists(st.sampled_from(own), max_size=len(own) + 2),
            st.lists(st.sampled_from([*FIELDS, "records", "value", "x", "y"]), max_size=6),
        )
    )
    keys = draw(st.sampled_from([["index"], ["ind"], ["ind", "index"], ["index", "ind"], []]))
    fields = [(f'"{name}"', draw(st.one_of(scalars, values))) for name in names]
    for name in keys:
        text = st.one_of(
            st.integers(0, 99).map(str), st.integers(0, 99).map(lambda n: f'"{n}"'), scalars
        )
        fields.insert(draw(st.integers(0, len(fields))), (f'"{name}"', draw(text)))
    if fields and draw(st.integers(0, 9)) == 0:
        fields.append((draw(string_texts()), draw(values)))
    if draw(st.booleans()):
        fields = draw(st.permutations(fields))
    edge = draw(st.sampled_from(["", "", " ", "\n\t"]))
    return "{" + ",".join(f"{edge}{name}:{edge}{text}" for name, text in fields) + edge + "}"


@st.composite
def payloads_of(draw: st.DrawFn, kind: str) -> bytes:
    """Records one after the other or in arrays, with other values and rubbish between."""
    piece = st.one_of(
        records_of(kind),
        records_of(kind),
        st.lists(st.one_of(records_of(kind), values), max_size=3).map(
            lambda all_: f"[{','.join(all_)}]"
        ),
        values,
        st.sampled_from(["", ",", "]", "}", "{", "[", "x", "\ufeff", "null", "[]", '"']),
    )
    pieces = draw(st.lists(piece, min_size=1, max_size=4))
    between = draw(st.sampled_from(["", " ", "\n", "\r\n"]))
    return between.join(pieces).encode("utf-8")


@st.composite
def mutated(draw: st.DrawFn, base: st.SearchStrategy[bytes]) -> bytes:
    """A payload with a few bytes changed, dropped, doubled or put in."""
    data = bytearray(draw(base))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 8))
        form = draw(st.integers(0, 3))
        if form == 0:
            del data[at : at + size]
        elif form == 1:
            data[at:at] = draw(st.binary(min_size=1, max_size=3))
        elif form == 2:
            data[at:at] = data[at : at + size]
        elif at < len(data):
            data[at] = draw(
                st.sampled_from(list(b'"\\{}[],: \n\x00\x1f\x7f\x80\xc3\xed\xf4\xff09-.eEu'))
            )
    return bytes(data)


def any_payload(kind: str) -> st.SearchStrategy[bytes | None]:
    """Anything a message may hold."""
    whole = payloads_of(kind)
    one = records_of(kind).map(lambda text: text.encode("utf-8"))
    return st.one_of(one, whole, mutated(one), mutated(whole), st.binary(max_size=60), st.none())
