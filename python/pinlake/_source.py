"""Reading the landing: planned on the driver, read and cleaned in Rust inside one mapInArrow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from pinlake import _core
from pinlake._clean import _check, arrow, plain
from pinlake._kinds import Kind
from pinlake._spark import doing, is_connect, on_databricks, parallelism
from pinlake._stamp import Stamp
from pinlake.errors import ConfigError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from pinlake._run import Run

ACCESS = ("auto", "direct", "spark")

# No task takes more than this: a lost task is then done again in minutes.
TASK_OBJECTS = 1_000_000
TASK_BYTES = 1 << 30


def clean_landing(
    spark: SparkSession,
    kind: str | Kind,
    url: str,
    *,
    run: Run | None = None,
    invalid: str = "report",
    meta: bool = True,
    access: str = "auto",
    epoch: int = 0,
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """The clean records of a landing: read, parsed and cleaned in one crossing into Rust.

    Objects and byte ranges are planned on the driver. With `run` (from `open_run`) only what is
    new is read and the frame ends with receipts for `write_table`; without it everything is read
    and no mark moves. Rejected records are rows too, see `rejected`.

    `access="direct"`: Spark's workers read the landing themselves, many objects in flight.
    `"spark"`: Spark's `binaryFile` reader brings the bytes, for places where workers may not
    reach storage; same rows. `"auto"` is direct, except on Databricks through Spark Connect
    (serverless and standard clusters) with a landing that is no path: code of users has no
    network there.

    `options` are the object store's (`endpoint`, `region`, `allow_http`), never credentials.
    Spark's own reader goes by Spark's settings instead (`spark.hadoop.fs.s3a.endpoint` and so on).

    >>> clean_landing(spark, "user", landing, meta=False).first().user_name
    'Abigail Ali'

    Raises `FileNotFoundError` for a folder that is not there, `SourceError` if the landing cannot
    be listed, `ConfigError` for an unknown kind or option. What workers find comes with the
    frame's first action.
    """
    kind = Kind.of(kind)
    _check(invalid, run, kind, meta)
    how = _access(spark, url, access)
    if run is None:
        plan = plan_landing(kind, url, epoch=epoch, options=options)
        stamp = Stamp.now(kind.name)
    else:
        plan, stamp = run.landing_plan, run.stamp
    reading: dict[str, Any] = {
        "invalid": invalid,
        "ingested_at": stamp.ingested_at,
        "run_id": stamp.run_id,
        "frame": "run" if run is not None else "frame" if meta else "clean",
    }
    if int(json.loads(plan)["objects"]) == 0:
        return empty(spark, kind.ddl(reading["frame"]))
    if how == "spark":
        return _through_spark(spark, kind, plan, reading, options)
    return _direct(spark, kind, plan, reading, dict(options or {}))


def plan_landing(
    kind: Kind,
    url: str,
    *,
    marks: str | None = None,
    full: bool = False,
    epoch: int = 0,
    options: Mapping[str, str] | None = None,
) -> str:
    """What a reading of the landing would read, as the core's plan (JSON)."""
    return _core.plan_landing(
        kind.plan, url, marks=marks, full=full, epoch=epoch, options=dict(options or {}) or None
    )


def _access(spark: SparkSession, url: str, access: str) -> str:
    if access not in ACCESS:
        raise ConfigError(f"access {access!r}: one of {', '.join(ACCESS)}")
    if access != "auto":
        return access
    walled = on_databricks() and is_connect(spark)
    return "spark" if walled and "://" in url and not url.startswith("file:") else "direct"


def tasks_of(spark: SparkSession, landing_plan: str) -> list[str]:
    """The plan cut for Spark's tasks: as many as run at once, more where one would be too big."""
    plan = json.loads(landing_plan)
    size = sum(max(0, f["end"] - f["start"]) for f in plan.get("files", ()))
    least = max(-(-int(plan["objects"]) // TASK_OBJECTS), -(-size // TASK_BYTES))
    return list(_core.split_plan(landing_plan, max(parallelism(spark), least)))


def _direct(
    spark: SparkSession, kind: Kind, plan: str, reading: dict[str, Any], options: dict[str, str]
) -> DataFrame:
    tasks = tasks_of(spark, plan)
    read = partial(_read, tasks, kind.plan, {**reading, "options": options or None})
    numbers = spark.range(0, len(tasks), 1, len(tasks))
    return numbers.mapInArrow(plain(read), kind.ddl(reading["frame"]))


def _read(
    tasks: Sequence[str], plan: str, options: dict[str, Any], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """In a worker: reads and cleans the tasks whose numbers come in."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            for found in _core.read_task(plan, tasks[number], **options):
                yield arrow(found)


def _through_spark(
    spark: SparkSession,
    kind: Kind,
    plan: str,
    reading: dict[str, Any],
    options: Mapping[str, str] | None,
) -> DataFrame:
    """The planned objects' bytes by Spark's own reader; Rust unpacks, splits and cleans them."""
    urls = _core.plan_urls(plan)
    given = doing(
        'read the landing with access="spark"', lambda: _contents(spark, kind, urls, options)
    )
    return cleaned_objects(given, kind, _core.plan_frame(plan), reading)


def cleaned_objects(
    objects: DataFrame, kind: Kind, landing: str, reading: Mapping[str, Any]
) -> DataFrame:
    """Objects by path, time and bytes, clean; `landing` is their plan without what it names."""
    clean = partial(_clean_objects, kind.plan, landing, dict(reading))
    return objects.mapInArrow(plain(clean), kind.ddl(reading["frame"]))


def _contents(
    spark: SparkSession, kind: Kind, urls: Sequence[str], options: Mapping[str, str] | None
) -> DataFrame:
    """Objects by path, time and bytes."""
    paths = [_spark_path(url) for url in urls]
    _check_endpoint(spark, paths)
    objects = spark.read.format("binaryFile").load(literal_paths(urls))
    given = objects.select("path", "modificationTime", "content")
    # Spark passes over files of no bytes, but in a log such an object is one empty line.
    seen = {_one_slash(row["path"]) for row in objects.select("path").collect()}
    left = [url for url, path in zip(urls, paths, strict=True) if _one_slash(path) not in seen]
    if left:
        empty = [(url, _time_of_empty(kind, url, options), bytearray()) for url in left]
        given = given.unionByName(spark.createDataFrame(empty, given.schema))
    return given


def _check_endpoint(spark: SparkSession, paths: Sequence[str]) -> None:
    """Says in seconds what Hadoop would try for five minutes: nothing listens at its endpoint."""
    endpoint = spark.conf.get("spark.hadoop.fs.s3a.endpoint", None)
    if not endpoint or not any(path.startswith("s3a://") for path in paths):
        return
    from pinlake._doctor import answers

    found = answers(endpoint)
    if found.state == "missing":
        raise SourceError(
            f"spark.hadoop.fs.s3a.endpoint: {found.found}; start the service or mend the setting"
        )


def _time_of_empty(kind: Kind, url: str, options: Mapping[str, str] | None) -> datetime | None:
    """When an object that Spark passed over was changed last; it holds no bytes, or is told."""
    (found,) = json.loads(plan_landing(kind, url, options=options))["files"]
    if found["size"]:
        raise SourceError(
            f"{url}: Spark's readers pass over a file of this name (they do where it begins with "
            f'_ or .); rename it, or read it with access="direct"'
        )
    changed = timedelta(microseconds=found["modified"])
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + changed if changed else None


def literal_paths(urls: Sequence[str]) -> list[str]:
    """URLs of the core as Spark's readers take them, nothing in them a pattern."""
    return [_literal(_spark_path(url)) for url in urls]


def _spark_path(url: str) -> str:
    """A URL as Spark's reader takes it: outside Databricks s3 is Hadoop's s3a."""
    if url.startswith("s3://") and not on_databricks():
        return "s3a://" + url.removeprefix("s3://")
    return url


def _literal(path: str) -> str:
    """A path of which nothing is taken as a pattern."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", path)


def _one_slash(path: str) -> str:
    """Hadoop writes file:/x for file:///x."""
    return re.sub(r"^(\w+):/+", r"\1:/", path)


def _clean_objects(
    plan: str, landing: str, options: dict[str, Any], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """In a worker: cleans whole objects."""
    for batch in batches:
        paths, times, contents = batch.columns
        for found in _core.clean_objects(plan, landing, paths, contents, times, **options):
            yield arrow(found)


def empty(spark: SparkSession, ddl: str) -> DataFrame:
    """A frame of the given columns and no row."""
    return spark.createDataFrame([], ddl)
