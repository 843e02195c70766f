"""A landing as a stream: objects as they appear, whole, by Spark's own file source."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pinlake import _core
from pinlake._clean import INVALID
from pinlake._kinds import Kind
from pinlake._source import cleaned_objects, literal_paths, plan_landing
from pinlake._spark import on_databricks
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What a micro-batch takes: objects of one record each are the commonest, and cost most.
OBJECTS_A_TRIGGER = 20_000

# How old an object may be.
EVER = "36500d"

# Of the object store, not of Spark's source.
_STORE: tuple[str, ...] = ("endpoint", "region", "allow_http")

_DDL = "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY"


def clean_landing_stream(
    spark: SparkSession,
    kind: str | Kind,
    url: str,
    *,
    invalid: str = "report",
    epoch: int = 0,
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """The clean records of a landing's objects as they appear, for `write_table`.

    Each object is read once, whole, in the order of their times; objects that appear late are read
    as well, and positions settle what is newer. Partitions of a topic, and folders such as Firehose
    writes. Spark's file source finds new objects by listing all; on Databricks Auto Loader does
    (`cloudFiles`). `options` are theirs (`maxFilesPerTrigger`, `cloudFiles.…`) and, for the look
    at the landing before the start, the store's (`endpoint`, `region`, `allow_http`).

    A topic that has no folder yet cannot be watched. Spark passes over objects of no bytes, and
    over names that begin with `_` or `.`; `pinlake run` reads these.

    >>> users = clean_landing_stream(spark, "user", landing)
    >>> users.isStreaming, users.columns[:2]
    (True, ['ind', 'user_name'])

    Raises `FileNotFoundError` and `SourceError` as `clean_landing`, `ConfigError` for an unknown
    kind or option.
    """
    kind = Kind.of(kind)
    if invalid not in INVALID:
        raise ConfigError(f"invalid={invalid!r}: one of {', '.join(INVALID)}")
    given = {str(name): str(value) for name, value in (options or {}).items()}
    store = {name: given.pop(name) for name in _STORE if name in given}
    plan = plan_landing(kind, url, epoch=epoch, options=store)
    objects = _objects(spark, _watched(plan), given)
    if json.loads(plan)["layout"] == "files":
        objects = _of_kind(objects, kind, json.loads(plan))
    reading = {"invalid": invalid, "ingested_at": None, "run_id": None, "frame": "run"}
    contents = objects.select("path", "modificationTime", "content")
    return cleaned_objects(contents, kind, _core.plan_frame(plan), reading)


def _watched(plan: str) -> str:
    """The folder whose objects are a kind's, as Spark takes it."""
    found = json.loads(plan)
    folders = sorted({part["dir"].rpartition("/")[0] for part in found["parts"]})
    if len(folders) > 1:
        raise ConfigError(
            f"{found['url']}: several topics of kind {found['kind']!r} ({', '.join(folders)}); "
            f"watch a landing that has one"
        )
    below = [found["url"].rstrip("/"), *folders]
    return literal_paths(["/".join(filter(None, below))])[0]


def _objects(spark: SparkSession, folder: str, given: Mapping[str, str]) -> DataFrame:
    if on_databricks():
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "binaryFile")
    else:
        reader = spark.readStream.format("binaryFile").schema(_DDL)
        reader = reader.option("maxFilesPerTrigger", str(OBJECTS_A_TRIGGER))
        # Else what is a week older than the newest, as copies that keep times, is passed over.
        reader = reader.option("maxFileAge", EVER)
    # Names such as partition=0 are no columns.
    reader = reader.option("recursiveFileLookup", "true").options(**given)
    return reader.load(folder)


def _of_kind(objects: DataFrame, kind: Kind, plan: Mapping[str, Any]) -> DataFrame:
    """Objects of a kind, as a batch run tells them: the innermost name on the way to an object that
    names a kind decides; what names none is every kind's, unless others there do."""
    from pyspark.sql import functions as F

    own, other = map(_part, _core.file_words(kind.plan))
    files = [str(file["name"]) for file in plan["files"]]
    named = any(re.search(f"{own}|{other}", name.lower()) for name in files)
    # Schemes are spelt in several ways.
    folder = re.sub("^[a-z0-9]+:/*", "", plan["url"]).rstrip("/")
    below = F.lower(F.substring_index(F.col("path"), f"{folder}/", -1))
    # Behind a name of this kind there is none of another; one name of both is this kind's.
    mine = below.rlike(f"(^|/){own}(/(?!{other}(/|$))[^/]*)*$")
    return objects.where(mine if named else mine | ~below.rlike(other))


def _part(words: Sequence[str]) -> str:
    """What a name matches that holds one of some words, with no letter beside it."""
    return f"[^/]*(?<![a-z])(?:{'|'.join(map(re.escape, words))})(?![a-z])[^/]*"
