"""The Pinterest data pipeline: Kafka landings to clean Delta tables, with books that balance.

Public names are looked up when they are first used: `import pinlake` imports neither pyarrow nor
pyspark, starts no thread, and costs a few milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pinlake import analysis, errors, explore, pipeline, report, udf
    from pinlake._batch import clean_batch, dedup_batch, follower_count
    from pinlake._books import Books, RunReport
    from pinlake._clean import accepted, clean, clean_columns, rejected
    from pinlake._core import Emulator, __version__, verify
    from pinlake._dedup import dedup, posts
    from pinlake._feeds import run_stream
    from pinlake._kafka import clean_kafka, read_kafka
    from pinlake._kinds import Kind
    from pinlake._kinesis import clean_kinesis, read_kinesis
    from pinlake._landing_stream import clean_landing_stream
    from pinlake._maintain import maintain
    from pinlake._replay import replay
    from pinlake._run import Run
    from pinlake._runs import open_run
    from pinlake._schemas import geo_schema, pin_schema, user_schema
    from pinlake._sink import write_table
    from pinlake._verify import verify_tables
    from pinlake.pipeline import run_batch

# Public name: the module that holds it.
_HOMES = {
    "Books": "_books",
    "Emulator": "_core",
    "Kind": "_kinds",
    "Run": "_run",
    "RunReport": "_books",
    "__version__": "_core",
    "accepted": "_clean",
    "clean": "_clean",
    "clean_batch": "_batch",
    "clean_columns": "_clean",
    "clean_kafka": "_kafka",
    "clean_kinesis": "_kinesis",
    "clean_landing": "_source",
    "clean_landing_stream": "_landing_stream",
    "dedup": "_dedup",
    "dedup_batch": "_batch",
    "follower_count": "_batch",
    "geo_schema": "_schemas",
    "maintain": "_maintain",
    "open_run": "_runs",
    "pin_schema": "_schemas",
    "posts": "_dedup",
    "read_kafka": "_kafka",
    "read_kinesis": "_kinesis",
    "rejected": "_clean",
    "replay": "_replay",
    "run_batch": "pipeline",
    "run_stream": "_feeds",
    "user_schema": "_schemas",
    "verify": "_core",
    "verify_tables": "_verify",
    "write_table": "_sink",
}
_MODULES = ("analysis", "errors", "explore", "pipeline", "report", "udf")

__all__ = [
    "Books",
    "Emulator",
    "Kind",
    "Run",
    "RunReport",
    "__version__",
    "accepted",
    "analysis",
    "clean",
    "clean_batch",
    "clean_columns",
    "clean_kafka",
    "clean_kinesis",
    "clean_landing",
    "clean_landing_stream",
    "dedup",
    "dedup_batch",
    "errors",
    "explore",
    "follower_count",
    "geo_schema",
    "maintain",
    "open_run",
    "pin_schema",
    "pipeline",
    "posts",
    "read_kafka",
    "read_kinesis",
    "rejected",
    "replay",
    "report",
    "run_batch",
    "run_stream",
    "udf",
    "user_schema",
    "verify",
    "verify_tables",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"pinlake.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'pinlake' has no attribute {name!r}")
    value = getattr(import_module(f"pinlake.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
