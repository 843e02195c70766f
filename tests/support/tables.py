"""Delta tables in the oracle's shape, and their comparison."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oracle import KINDS, Reject, Row, Source
from oracle.books import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def silver(spark: SparkSession, warehouse: str, kind: str) -> dict[int, dict[str, Any]]:
    """A silver table by ind: clean columns, errors, rescued data, position, content."""
    name = {"pin": "pins", "geo": "geo", "user": "users"}[kind]
    rows = frame(spark, warehouse, name).collect()
    found = {row["ind"]: _plain(row.asDict(recursive=True)) for row in rows}
    assert len(found) == len(rows), f"{name} holds an ind twice"
    return found


def frame(spark: SparkSession, warehouse: str, table: str) -> DataFrame:
    """A table of a folder's warehouse."""
    return spark.table(f"delta.`{warehouse}/{table}`")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    row["_fingerprint"] = bytes(row["_fingerprint"])
    row["_source"] = Source(**row["_source"])
    row["_errors"] = tuple((e["column"], e["code"], e["value"]) for e in row["_errors"])
    return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}


def expected(kind: str, row: Row) -> dict[str, Any]:
    """What a silver row of an oracle row holds, but for times and run ids."""
    assert row.values is not None
    return {
        **{name: _moment(kind, name, value) for name, value in row.values.items()},
        "_errors": row.errors,
        "_rescued_data": row.rescued,
        "_source": row.source,
        "_fingerprint": row.fingerprint,
    }


def _moment(kind: str, name: str, value: Any) -> Any:
    """The oracle's µs since 1970 as the naive time that Spark gives."""
    rules = {column.name: column.rule for column in KINDS[kind].columns}
    if value is None or rules.get(name) != "timestamp":
        return value
    from datetime import datetime, timedelta

    return datetime(1970, 1, 1) + timedelta(microseconds=value)


def assert_silver(spark: SparkSession, warehouse: str, kind: str, table: Table) -> None:
    """The silver table holds exactly what the oracle's does, run ids included by their grouping."""
    held = silver(spark, warehouse, kind)
    assert held.keys() == table.rows.keys()
    names: dict[str, str] = {}
    for ind, row in held.items():
        want = expected(kind, table.rows[ind].row)
        got = {name: row[name] for name in want}
        assert got == want, f"{kind} {ind}"
        for mine, its in (
            (row["_first_run_id"], table.rows[ind].first_run),
            (row["_run_id"], table.rows[ind].run),
        ):
            assert names.setdefault(its, mine) == mine, f"{kind} {ind}: run {its}"


def quarantine(spark: SparkSession, warehouse: str, kind: str) -> set[tuple[Source, str, Any]]:
    """Position, code and payload of a kind's quarantined records."""
    rows = frame(spark, warehouse, "quarantine").where(f"kind = '{kind}'").collect()
    found = {
        (
            Source(**row["_source"].asDict()),
            row["code"],
            None if row["payload"] is None else bytes(row["payload"]),
        )
        for row in rows
    }
    assert len(found) == len(rows), f"quarantine of {kind} holds a record twice"
    return found


def assert_quarantine(spark: SparkSession, warehouse: str, kind: str, table: Table) -> None:
    """Quarantine holds exactly the oracle's rejected records of a kind."""
    want = set()
    for row in table.quarantine.values():
        assert isinstance(row.reject, Reject)
        want.add((row.source, row.reject.code, row.reject.payload))
    assert quarantine(spark, warehouse, kind) == want


def held(spark: SparkSession, warehouse: str) -> dict[str, Any]:
    """All that tables hold, but for times and ids of runs."""
    own = ("_ingested_at", "_run_id", "_first_run_id", "_arrived_at")
    found: dict[str, Any] = {}
    for kind in KINDS:
        rows = silver(spark, warehouse, kind)
        found[kind] = {
            ind: {name: value for name, value in row.items() if name not in own}
            for ind, row in rows.items()
        }
        found[f"{kind} quarantine"] = quarantine(spark, warehouse, kind)
    return found


def stream_books(spark: SparkSession, warehouse: str, kind: str) -> list[dict[str, Any]]:
    """The books of a kind's micro-batches, each done once."""
    rows = frame(spark, warehouse, "runs").where(f"kind = '{kind}'").orderBy("n").collect()
    assert [row["n"] for row in rows if row["state"] == "done"] == sorted(
        {row["n"] for row in rows}
    )
    return [json.loads(row["books"]) for row in rows if row["state"] == "done"]


def fates(found: dict[str, Any]) -> int:
    """How many records some books know the fate of."""
    names = ("inserted", "updated", "unchanged", "superseded", "quarantined")
    return sum(found[name]["records"] for name in names)
