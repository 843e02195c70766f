"""What the glue asks of a session: the same on classic Spark and on Spark Connect."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pinlake import errors
from pinlake.errors import PinlakeError, SinkError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")

# How Delta says that another writer was first. Error classes since Delta 2.3, class names before
# and behind Connect, where only the text arrives.
_CONFLICT = re.compile(
    r"DELTA_CONCURRENT_|DELTA_METADATA_CHANGED|DELTA_PROTOCOL_CHANGED|"
    r"\b(Concurrent\w+|MetadataChanged|ProtocolChanged)Exception\b"
)
_LOST = re.compile(r"DELTA_CONCURRENT_TRANSACTION|ConcurrentTransactionException")
# An error raised by the core inside a Python worker, as Spark prints it.
_OURS = re.compile(
    r"^(?:pinlake[.\w]*\.)?"
    r"(ConfigError|QualityError|SchemaError|SinkError|SourceError|FileNotFoundError): (.*)$",
    re.M,
)
_MISSING = re.compile(
    r"DELTA_MISSING_DELTA_TABLE|DELTA_TABLE_NOT_FOUND|DELTA_PATH_DOES_NOT_EXIST|PATH_NOT_FOUND|"
    r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND"
)
# How Spark says that a schema, a catalog or the reader of a place's scheme is not there.
_NO_SCHEMA = re.compile(r"SCHEMA_NOT_FOUND\](?: The schema (?P<name>`[^`]+`(?:\.`[^`]+`)*))?")
_NO_CATALOG = re.compile(
    r"CATALOG_NOT_FOUND\] The catalog `([^`]+)`|Catalog '([^']+)' plugin class not found|"
    # An unknown catalog is looked for as a schema of the one that is there.
    r"REQUIRES_SINGLE_PART_NAMESPACE\].* but got `([^`]+)`\.`"
)
_NO_S3 = re.compile(r"S3AFileSystem not found|No FileSystem for scheme \"?s3")
_DENIED = re.compile(
    r"AccessDenied|Access Denied|Status Code: 403|NoCredentials|InvalidAccessKeyId", re.I
)

CONFLICT_ATTEMPTS = 12
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 10.0


def is_connect(spark: SparkSession) -> bool:
    """Whether the session is a Spark Connect client."""
    return type(spark).__module__.startswith("pyspark.sql.connect")


def on_databricks() -> bool:
    """Whether this process runs on Databricks, where some things have other names or ways."""
    return "DATABRICKS_RUNTIME_VERSION" in os.environ


def is_conflict(error: BaseException) -> bool:
    """Whether a commit was lost to another writer and may be tried again."""
    return _CONFLICT.search(str(error)) is not None


def is_lost(error: BaseException) -> bool:
    """Whether another process appended the same transaction at the same moment."""
    return _LOST.search(str(error)) is not None


def is_missing(error: BaseException) -> bool:
    """Whether a table is simply not there."""
    return _MISSING.search(str(error)) is not None


def retried(step: Callable[[], T], what: str) -> T:
    """Does a step again as long as another writer is first, with growing random waits.

    Raises `SinkError` if that never ends.
    """
    for attempt in range(CONFLICT_ATTEMPTS):
        try:
            return step()
        except Exception as error:
            if not is_conflict(error):
                raise
            last = error
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
            time.sleep(random.uniform(longest / 2, longest))
    raise SinkError(
        f"{what}: other writers were first {CONFLICT_ATTEMPTS} times; run again when they are done"
    ) from last


def translated(error: Exception, doing: str) -> Exception:
    """A Spark error as ours: the core's own error out of a worker, else one line about it."""
    if isinstance(error, PinlakeError):
        return error
    text = str(error)
    found = _OURS.search(text)
    if found is not None:
        ours: type[Exception] = getattr(errors, found[1], FileNotFoundError)
        return ours(found[2].strip())
    if _DENIED.search(text):
        # The other way of reading has other credentials.
        other = "" if 'access="spark"' in doing else ', or read through Spark with access="spark"'
        return SourceError(
            f"{doing}: the store refused access to Spark's workers; give them credentials by "
            f"their role or environment{other}"
        )
    found = _NO_SCHEMA.search(text)
    if found is not None:
        schema = found["name"] or "such schema"
        return SinkError(f"{doing}: there is no {schema}; make it with CREATE SCHEMA")
    found = _NO_CATALOG.search(text)
    if found is not None:
        return SinkError(
            f"{doing}: this Spark has no catalog {found[found.lastindex or 0]!r}; name another "
            f"warehouse (a folder, or spark_catalog.<schema>)"
        )
    if _NO_S3.search(text):
        return SourceError(
            f"{doing}: Spark cannot reach S3 here; it needs the jars of {_hadoop_aws()} and of "
            f"what that depends on in the folder PINLAKE_JARS (README, Limits, says how to fetch "
            f"them), and a warehouse named s3a://; "
            f'access="direct" reads a landing without them'
        )
    if "No module named 'pinlake'" in text:
        return SourceError(
            f"{doing}: Spark's workers have no pinlake; install the wheel where they run"
        )
    return error


def _hadoop_aws() -> str:
    """The jar of S3 that fits PySpark's own Hadoop, as a Maven coordinate."""
    import pyspark

    jars = Path(next(iter(pyspark.__path__)), "jars").glob("hadoop-client-api-*.jar")
    version = next((jar.stem.rpartition("-")[2] for jar in jars), "<Spark's Hadoop version>")
    return f"org.apache.hadoop:hadoop-aws:{version}"


def doing(what: str, step: Callable[[], T]) -> T:
    """Runs a step and raises what went wrong as pinlake's own errors where it is one of them."""
    try:
        return step()
    except Exception as error:
        ours = translated(error, what)
        if ours is error:
            raise
        raise ours from error


def parallelism(spark: SparkSession) -> int:
    """How many tasks run at once.

    The settings say it on a local master; elsewhere the number of partitions that Spark itself
    gives a small range is asked for, once a session.
    """
    for key in ("spark.sql.leafNodeDefaultParallelism", "spark.default.parallelism"):
        value = conf(spark, key)
        if value is not None and value.isdigit() and int(value) > 0:
            return int(value)
    local = re.fullmatch(r"local(?:\[(\d+|\*)(?:,\s*\d+)?\])?", conf(spark, "spark.master") or "")
    if local is not None:
        if local[1] == "*" and not is_connect(spark):
            return os.cpu_count() or 1
        if local[1] != "*":
            return int(local[1] or 1)
    return _probed(spark)


def _probed(spark: SparkSession) -> int:
    from pyspark.sql import functions as F

    part = F.spark_partition_id().alias("part")
    rows = spark.range(1 << 16).select(part).distinct().collect()
    return max(1, len(rows))


def conf(spark: SparkSession, key: str) -> str | None:
    """A setting, None where it is unset or may not be read."""
    try:
        value = spark.conf.get(key, None)
    except Exception:
        return None
    return None if value is None else str(value)


def one_row(spark: SparkSession, ddl: str, **values: Any) -> DataFrame:
    """A frame of one row out of literals: no worker, no upload.

    `ddl` names a type for each value, in the table's order.
    """
    from pyspark.sql import functions as F

    columns = []
    for column in ddl.split(","):
        name, sql_type = column.split()
        value = values[name]
        if sql_type == "TIMESTAMP" and value is not None:
            columns.append(F.timestamp_micros(F.lit(value)).alias(name))
        else:
            columns.append(F.lit(value).cast(sql_type).alias(name))
    return spark.range(1).select(*columns).coalesce(1)


def row(frame: DataFrame) -> dict[str, Any]:
    """The only row of a frame as a dictionary."""
    rows = frame.collect()
    return rows[0].asDict(recursive=True) if rows else {}


def quoted(text: str) -> str:
    """Text as a Spark SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def name(identifier: str) -> str:
    """A name as a quoted SQL identifier."""
    return "`" + identifier.replace("`", "``") + "`"
