"""The columns behind the clean ones: positions, times, run, and their order and types."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest

import pinlake
from oracle import KINDS, Source, clean_payload
from pinlake import _core, errors
from support.core import assert_same, record_batch, rows_of

TEXT = {"text", "prefix", "joined"}
BEHIND = [
    "_errors",
    "_rescued_data",
    "_source",
    "_fingerprint",
    "_arrived_at",
    "_ingested_at",
    "_run_id",
    "_hash",
    "_reject",
]
SOURCE = pa.struct(
    [
        ("epoch", pa.int32()),
        ("name", pa.string()),
        ("part", pa.string()),
        ("seq", pa.string()),
        ("item", pa.int32()),
    ]
)
PAYLOADS = [b'{"ind":1}{"ind":2}', None, b"bad", b'[{"ind":3},{"ind":4}]']
PLACES = [
    Source(2, "kafka:x.geo", "0000000007", f"{at:020}", item)
    for at, item in ((5, 0), (6, 0), (9, 4), (7, 30))
]
UTC = timezone.utc


@pytest.mark.parametrize("kind", list(KINDS))
def test_names_and_types(kind: str) -> None:
    batch = record_batch(pinlake.clean_batch(kind, pa.array([b"{}"], pa.binary())))
    assert batch.schema.names == ["ind", *(c.name for c in KINDS[kind].columns), *BEHIND]
    types = {
        "count": pa.int64(),
        "age": pa.int32(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us"),
    }
    assert batch.schema.field("ind").type == pa.int64()
    for column in KINDS[kind].columns:
        type_ = batch.schema.field(column.name).type
        if column.rule == "coordinates":
            assert pa.types.is_list(type_)
            assert type_.value_type == pa.float64()
        else:
            assert type_ == (pa.string() if column.rule in TEXT else types[column.rule])
    moment = pa.timestamp("us", "UTC")
    reject = {"code": pa.string(), "detail": pa.string(), "payload": pa.binary()}
    error = {"column": pa.string(), "code": pa.string(), "value": pa.string()}
    for name, want in (
        ("_rescued_data", pa.string()),
        ("_fingerprint", pa.binary()),
        ("_arrived_at", moment),
        ("_ingested_at", moment),
        ("_run_id", pa.string()),
        ("_hash", pa.int64()),
    ):
        assert batch.schema.field(name).type == want
    for name, fields in (("_source", {f.name: f.type for f in SOURCE}), ("_reject", reject)):
        assert {f.name: f.type for f in batch.schema.field(name).type} == fields
    items = batch.schema.field("_errors").type.value_type
    assert {f.name: f.type for f in items} == error


def test_given_positions_reach_every_record() -> None:
    """A rest that was quarantined behind four records is fed back as item 4, 5, …"""
    sources = pa.array([vars(place) for place in PLACES], SOURCE)
    batch = record_batch(
        pinlake.clean_batch("geo", pa.array(PAYLOADS, pa.binary()), source=sources)
    )
    want = []
    for place, payload in zip(PLACES, PAYLOADS, strict=True):
        want += clean_payload("geo", payload, place)
    assert_same(rows_of("geo", batch), want)


def test_sliced_positions_and_payloads_go_together() -> None:
    sources = pa.array([vars(place) for place in PLACES], SOURCE)[1:3]
    payloads = pa.array(PAYLOADS, pa.binary())[1:3]
    batch = record_batch(pinlake.clean_batch("geo", payloads, source=sources))
    assert [row.source for row in rows_of("geo", batch)] == PLACES[1:3]


def test_times_and_run_stand_in_every_row() -> None:
    arrived = [datetime(2020, 2, 29, tzinfo=UTC) + timedelta(microseconds=n) for n in range(3)]
    ingested = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    batch = record_batch(
        pinlake.clean_batch(
            "geo",
            pa.array(PAYLOADS, pa.binary()),
            arrived_at=pa.array([*arrived, None], pa.timestamp("us", "UTC")),
            ingested_at=ingested,
            run_id="r-1",
        )
    )
    rows = batch.select(["_arrived_at", "_ingested_at", "_run_id"]).to_pylist()
    assert [row["_arrived_at"] for row in rows] == [
        arrived[0], arrived[0], arrived[1], arrived[2], None, None,
    ]  # fmt: skip
    assert {(row["_ingested_at"], row["_run_id"]) for row in rows} == {(ingested, "r-1")}


def test_without_them_they_are_null() -> None:
    batch = record_batch(pinlake.clean_batch("geo", pa.array(PAYLOADS, pa.binary())))
    for name in ("_arrived_at", "_ingested_at", "_run_id"):
        assert batch.column(name).null_count == batch.num_rows


def test_content_does_not_depend_on_them() -> None:
    payloads = pa.array([b'{"ind":1,"country":"x"}'], pa.binary())
    source = pa.array([vars(PLACES[0])], SOURCE)
    plain = record_batch(pinlake.clean_batch("geo", payloads))
    placed = record_batch(
        pinlake.clean_batch("geo", payloads, source=source, run_id="r", ingested_at=5)
    )
    for name in ("_fingerprint", "_hash"):
        assert plain.column(name).equals(placed.column(name))


@pytest.mark.parametrize(
    "given",
    [
        {"source": pa.array([vars(PLACES[0])], SOURCE)},
        {"source": pa.array(["a"] * 4)},
        {"source": pa.array([None, *(vars(place) for place in PLACES[1:])], SOURCE)},
        {"source": pa.array([vars(place) | {"seq": None} for place in PLACES], SOURCE)},
        {"arrived_at": pa.array([None], pa.timestamp("us", "UTC"))},
        {"arrived_at": pa.array(["2020"] * 4)},
    ],
    ids=["short", "text", "null", "null field", "short times", "text times"],
)
def test_misfits_are_refused(given: dict[str, pa.Array]) -> None:
    with pytest.raises(errors.SchemaError):
        pinlake.clean_batch("geo", pa.array(PAYLOADS, pa.binary()), **given)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("frame", ["clean", "frame", "run", "silver", "quarantine"])
def test_schema_and_column_names_agree(kind: str, frame: str) -> None:
    plan = _core.kind_plan(kind)
    schema = pa.schema(_core.schema(plan, frame))
    assert schema.names == _core.column_names(plan, frame)
    ddl = _core.ddl(plan, frame)
    assert all(f"`{name}`" in ddl or name in ddl for name in schema.names)
