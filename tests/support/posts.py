"""Posts for the analyses: real ones read by the oracle, made ones, and their frames."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oracle import Source, clean_payload
from oracle.answers import Post, join
from support.landing import payload, real_records

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COLUMNS = {
    "pins": "ind BIGINT, category STRING, poster_name STRING, follower_count BIGINT",
    "geo": "ind BIGINT, country STRING, timestamp TIMESTAMP_NTZ",
    "users": "ind BIGINT, user_name STRING, age INT, date_joined TIMESTAMP_NTZ",
}
KINDS = {"pins": "pin", "geo": "geo", "users": "user"}


def real_posts(folder: Path) -> list[Post]:
    """The posts of the real tables: 2,019, for so many pins are known."""
    return join(*(cleaned(kind, real_records(folder, kind)) for kind in KINDS.values()))


def golden_posts(folder: Path) -> list[Post]:
    """The posts that one public notebook read, duplicates settled."""
    tables = []
    for kind in KINDS.values():
        lines = (folder / "golden_chefdata" / f"{kind}.jsonl").read_bytes().split(b"\n")
        tables.append(cleaned(kind, [line for line in lines if line]))
    return join(*tables)


def published(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The answers that this notebook published."""
    text = (folder / "golden_chefdata" / "published_answers.json").read_text("utf-8")
    answers: dict[str, list[dict[str, str]]] = json.loads(text)
    return answers


def cleaned(kind: str, records: Iterable[Any]) -> list[Post]:
    """Clean rows, one an `ind`; moments as naive times."""
    rows: dict[int, Post] = {}
    for number, record in enumerate(records):
        source = Source(0, "file:test", "", f"{number:020}")
        for row in clean_payload(kind, payload(record), source):
            assert row.values is not None
            rows[row.values["ind"]] = {
                name: _time(value) if name in ("timestamp", "date_joined") else value
                for name, value in row.values.items()
            }
    return list(rows.values())


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime(1970, 1, 1) + timedelta(microseconds=micros)


def tables_of(
    spark: SparkSession, posts: Sequence[Post], partitions: int = 2
) -> dict[str, DataFrame]:
    """The three tables of posts, as far as the analyses look at them."""
    made = {}
    for table, ddl in COLUMNS.items():
        names = [column.split()[0] for column in ddl.split(", ")]
        rows = [tuple(post[name] for name in names) for post in posts]
        made[table] = spark.createDataFrame(rows, ddl).repartition(partitions)
    return made


def variants(options: Sequence[str]) -> list[dict[str, str]]:
    """Every choice of `per` and `ties` among the options of a question."""
    choices = {"per": ("user", "post"), "ties": ("all", "first")}
    taken = [name for name in choices if name in options]
    return [
        dict(zip(taken, values, strict=True))
        for values in itertools.product(*(choices[name] for name in taken))
    ]
