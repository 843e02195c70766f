"""Where tables lie, what they are called, and how they are made."""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pinlake._kinds import Kind
from pinlake._spark import doing, is_missing, name, quoted
from pinlake.errors import ConfigError, SchemaError, SinkError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

# Format of the tables; a greater one is refused, a lower one would be upgraded here.
TABLE_FORMAT = 1
FORMAT_KEY = "pinlake.format"
# One that no other table has: what is keyed by numbers of runs is keyed by this as well.
ID_KEY = "pinlake.id"

RUNS_DDL = (
    "n BIGINT, kind STRING, landing STRING, state STRING, nonce STRING, run_id STRING, "
    "ingested_at TIMESTAMP, format INT, plan STRING, books STRING, marks STRING"
)
_RUNS_COMMENTS = {
    "n": "Number of the run of this kind over this landing; null for a write without a plan",
    "kind": "Kind of record",
    "landing": "What was read",
    "state": "planned, replacing (conflicts that its MERGE will hide), done or failed",
    "nonce": "Which process wrote the row",
    "run_id": "Run id in the tables' _run_id",
    "ingested_at": "Ingestion time of the run",
    "format": "Format version of plan, books and marks",
    "plan": "What is to be read, JSON",
    "books": "What became of it, JSON",
    "marks": "What has been read so far, JSON; moved by done rows only",
}
_CATALOG = re.compile(r"[\w\-]+\.[\w\-]+")
# Always quoted, so a name may start with a digit, as `<user id>_pin_table` often does.
_TABLE_NAME = re.compile(r"[A-Za-z0-9_]+")
# Overwritten by every write of its kind: nothing that is to stay may be called so.
_STAGE = "_stage_"


@dataclass(frozen=True)
class Warehouse:
    """A folder of Delta tables, or a catalog's schema.

    `names` gives other names to the tables of a kind, to `quarantine` and to `runs`.

    >>> Warehouse.of("/data/lake").table("pins")
    'delta.`/data/lake/pins`'
    >>> Warehouse.of("main.social").table("pins")
    '`main`.`social`.`pins`'
    """

    root: str
    names: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, where: str | Warehouse, names: Mapping[str, str] | None = None) -> Warehouse:
        """The warehouse of a path, a URL or `catalog.schema` (two words, one dot, no slash).

        Raises `ConfigError` if it is none of them.
        """
        if isinstance(where, Warehouse):
            return where
        if not isinstance(where, (str, os.PathLike)) or not str(where).strip():
            raise ConfigError("a warehouse is a folder, a URL, or catalog.schema")
        text = os.fspath(where).rstrip("/") or "/"
        if not _CATALOG.fullmatch(text) and "://" not in text:
            text = os.path.abspath(text.removeprefix("file:"))
        if "`" in text:
            raise ConfigError(f"{text}: a warehouse's name may hold no backtick")
        for key, table in (names or {}).items():
            check_name(key, table)
        return cls(text, dict(names or {}))

    @property
    def is_catalog(self) -> bool:
        """Whether the tables are a catalog's, not a folder's."""
        return _CATALOG.fullmatch(self.root) is not None

    @property
    def quarantine(self) -> str:
        """SQL name of the quarantine table."""
        return self.table(self.names.get("quarantine", "quarantine"))

    @property
    def runs(self) -> str:
        """SQL name of the table of runs."""
        return self.table(self.names.get("runs", "runs"))

    def silver(self, kind: Kind) -> str:
        """SQL name of a kind's table."""
        table = self.names.get(kind.name, kind.table)
        check_name(kind.name, table)
        return self.table(table)

    def stage(self, kind: Kind) -> str:
        """SQL name of a kind's stage."""
        return self.table(_STAGE + kind.name)

    def table(self, table: str) -> str:
        """SQL name of a table by its plain name."""
        if self.is_catalog:
            catalog, schema = self.root.split(".")
            return ".".join(map(name, (catalog, schema, table)))
        return f"delta.{name(f'{self.root}/{table}')}"


def check_name(key: str, table: str) -> None:
    """Raises `ConfigError` if the tables of `key` (a kind, `quarantine`, `runs`) cannot be called
    so.

    >>> check_name("pin", "0affd9571f39_pin_table")
    """
    if not _TABLE_NAME.fullmatch(table):
        raise ConfigError(f"table name {table!r} of {key}: letters, digits and _ only")
    _check_no_stage(table)


def _check_no_stage(table: str) -> None:
    if table.lower().startswith(_STAGE):
        raise ConfigError(
            f"table name {table!r}: names that begin with {_STAGE} are of tables that every "
            f"write overwrites; give it another name"
        )


def split(table: str) -> tuple[Warehouse, str]:
    """The warehouse and plain name of a table given as path, delta.`path` or three-part name.

    Raises `ConfigError` if it is none of them, or the name of a stage.

    >>> split("main.social.pins")[1], split("/data/lake/pins")[0].root
    ('pins', '/data/lake')
    """
    text = table.strip()
    path = re.fullmatch(r"delta\.`([^`]+)`", text, re.I)
    text = path[1] if path else text.replace("`", "")
    if "/" in text:
        root, _, last = text.rstrip("/").rpartition("/")
        if root and last:
            _check_no_stage(last)
            return Warehouse.of(root), last
    words = text.split(".")
    if len(words) == 3 and all(words):
        _check_no_stage(words[2])
        return Warehouse.of(".".join(words[:2])), words[2]
    raise ConfigError(
        f"table {table!r}: give a folder's table (/lake/pins) or catalog.schema.table"
    )


def save(writer: DataFrameWriter, table: str) -> None:
    """Writes a frame to a table by its SQL name; a folder's table needs its path."""
    path = re.fullmatch(r"delta\.`([^`]+)`", table)
    if path is not None:
        writer.save(path[1])
    else:
        writer.saveAsTable(table)


def ensure_runs(
    spark: SparkSession, warehouse: Warehouse, *, first: Callable[[], object] | None = None
) -> str:
    """Makes the table of runs if it is not there; returns the id it was given.

    `first` is called before it is made: what raises there leaves nothing behind.
    """
    columns = ", ".join(
        f"{column.strip()} COMMENT {quoted(_RUNS_COMMENTS[column.split()[0]])}"
        for column in RUNS_DDL.split(",")
    )
    made = _ensure(
        spark, warehouse.runs, columns, comment="Every run, its plan and its books", first=first
    )
    _same_columns(spark, warehouse.runs, [c.split()[0] for c in RUNS_DDL.split(",")])
    return made


def ensure_quarantine(spark: SparkSession, warehouse: Warehouse, kind: Kind) -> None:
    """Makes the quarantine table if it is not there."""
    columns = kind.ddl("quarantine", comments=True)
    _ensure(spark, warehouse.quarantine, columns, comment="Records that are no rows, and why")
    _same_columns(spark, warehouse.quarantine, kind.frame("quarantine"))


def ensure_silver(spark: SparkSession, table: str, kind: Kind) -> None:
    """Makes a kind's table if it is not there: comments, constraints, clustering.

    Raises `SchemaError` if the table that is there has other columns: they never change by
    themselves.
    """
    ddl = kind.ddl("silver", comments=True).replace("`ind` BIGINT", "`ind` BIGINT NOT NULL", 1)
    properties = {"delta.constraints.ind_range": "ind >= 0"}
    for column, rule in kind.rules.items():
        if rule == "coordinates":
            c = name(column)
            properties[f"delta.constraints.{column}_range"] = (
                f"{c} IS NULL OR (size({c}) = 2 AND {c}[0] BETWEEN -90 AND 90 "
                f"AND {c}[1] BETWEEN -180 AND 180)"
            )
    # Statistics of what is searched for; those of long texts cost time and serve nobody.
    times = [column for column, rule in kind.rules.items() if rule == "timestamp"]
    searched = ["ind", *times, "_first_run_id", "_run_id"]
    properties["delta.dataSkippingStatsColumns"] = ",".join(name(c) for c in searched)
    comment = f"Clean {kind.name} records, one row an ind"
    _ensure(spark, table, ddl, comment=comment, properties=properties, cluster="ind")
    _same_columns(spark, table, kind.frame("silver"))


def _ensure(
    spark: SparkSession,
    table: str,
    columns: str,
    *,
    comment: str,
    properties: Mapping[str, str] | None = None,
    cluster: str | None = None,
    first: Callable[[], object] | None = None,
) -> str:
    """A table's id; it is made if it is not there."""
    held = _properties(spark, table)
    if held is None:
        if first is not None:
            first()
        with _MAKING:
            held = _properties(spark, table) or _made(
                spark, table, columns, comment, properties or {}, cluster
            )
    _check_format(table, held)
    return held.get(ID_KEY, "")


# Kinds are written side by side: one makes the tables they share, the others wait.
_MAKING = threading.Lock()


def _made(
    spark: SparkSession,
    table: str,
    columns: str,
    comment: str,
    properties: Mapping[str, str],
    cluster: str | None,
) -> dict[str, str]:
    texts = {FORMAT_KEY: str(TABLE_FORMAT), ID_KEY: uuid.uuid4().hex, **properties}
    listed = ", ".join(f"{quoted(k)} = {quoted(v)}" for k, v in texts.items())
    by = f"CLUSTER BY ({cluster})" if cluster and clusters(spark) else ""
    sql = (
        f"CREATE TABLE IF NOT EXISTS {table} ({columns}) USING delta {by} "
        f"COMMENT {quoted(comment)} TBLPROPERTIES ({listed})"
    )
    try:
        doing(f"make {table}", lambda: spark.sql(sql).collect())
    except Exception:
        # Another process may have made it at the same moment.
        held = _properties(spark, table)
        if held is None:
            raise
        return held
    held = _properties(spark, table)
    if held is None:
        raise SinkError(f"{table}: made, yet not there; may this session read it?")
    return held


def exists(spark: SparkSession, table: str) -> bool:
    """Whether a table is there."""
    return _properties(spark, table) is not None


def _properties(spark: SparkSession, table: str) -> dict[str, str] | None:
    """A table's properties, None if there is no table. Cheaper than its detail, which counts."""

    def look() -> dict[str, str] | None:
        try:
            return {row[0]: row[1] for row in spark.sql(f"SHOW TBLPROPERTIES {table}").collect()}
        except Exception as error:
            if is_missing(error):
                return None
            raise

    return doing(f"look at {table}", look)


def clusters(spark: SparkSession) -> bool:
    """Whether this Spark's Delta has CLUSTER BY (from Spark 3.5 with Delta 3.1 on)."""
    major, minor = (int(part) for part in spark.version.split(".")[:2])
    return (major, minor) >= (3, 5)


def describe(spark: SparkSession, table: str) -> dict[str, Any] | None:
    """Delta's detail of a table, None if there is none."""
    try:
        found: dict[str, Any] = spark.sql(f"DESCRIBE DETAIL {table}").collect()[0].asDict()
    except Exception as error:
        if is_missing(error):
            return None
        raise
    # A folder that holds no Delta table is described as files of no format.
    return found if found.get("format") == "delta" else None


def _check_format(table: str, properties: Mapping[str, str]) -> None:
    text = properties.get(FORMAT_KEY, "")
    if not text.isdigit():
        raise SinkError(
            f"{table}: is a Delta table that pinlake did not make; name another warehouse or table"
        )
    if int(text) > TABLE_FORMAT:
        raise SinkError(
            f"{table}: has format {text}, this release knows up to {TABLE_FORMAT}; upgrade pinlake"
        )


def _same_columns(spark: SparkSession, table: str, wanted: Sequence[str]) -> None:
    there = spark.table(table).columns
    missing = [column for column in wanted if column not in there]
    more = [column for column in there if column not in wanted]
    if missing:
        raise SchemaError(
            f"{table}: has no column {', '.join(missing)}, which the kind's plan has; tables never "
            f"change by themselves: ALTER TABLE {table} ADD COLUMN, or name another table"
        )
    if more:
        raise SchemaError(
            f"{table}: has the columns {', '.join(more)}, which the kind's plan does not have; "
            f"drop them, or name another table"
        )


def read(spark: SparkSession, table: str) -> DataFrame:
    """A table as a frame. Raises `SourceError` if it is not there."""
    try:
        frame = spark.table(table)
        frame.columns  # noqa: B018 - Connect looks for the table only now
    except Exception as error:
        if is_missing(error):
            why = f"{table}: there is no such table; make it with pinlake run"
            raise SourceError(why) from None
        raise
    return frame
