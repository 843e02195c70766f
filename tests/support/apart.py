"""A Spark session in a process of its own, for tests that must not disturb the suite's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pinlake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Seconds for one step; none takes a fifth of them.
PATIENCE = 300.0

_held: list[SparkSession] = []


class Apart:
    """Does steps over there: importable functions that take the session first."""

    def __init__(self, conf: Mapping[str, str]) -> None:
        spawn = get_context("spawn")
        self._pool = ProcessPoolExecutor(1, spawn, _start, (dict(conf),))
        # It starts with its first task: the sooner, the more of that goes on beside other work.
        self._pool.submit(os.getpid)

    def __call__(self, step: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._pool.submit(_do, step, args, kwargs).result(PATIENCE)

    def close(self) -> None:
        """Ends the session and its process."""
        self._pool.submit(_stop)
        self._pool.shutdown()


def _start(conf: dict[str, str]) -> None:
    # Says what Sparks of tests start from.
    import support.session  # noqa: F401
    from pinlake._session import local_session

    _held.append(local_session(conf=conf))


def _do(step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return step(_held[0], *args, **kwargs)
    except (Py4JError, PySparkException) as error:
        # These hold on to the JVM and cannot cross.
        raise RuntimeError(str(error)) from None


def _stop() -> None:
    _held.pop().stop()


def rows(spark: SparkSession, kind: str, url: str, **how: Any) -> list[dict[str, Any]]:
    """What `clean_landing` gives, by position, but for what each call stamps anew."""
    frame = pinlake.clean_landing(spark, kind, url, **how).drop("_run_id", "_ingested_at")
    found = [row.asDict(recursive=True) for row in frame.collect()]
    return sorted(found, key=lambda row: tuple(row["_source"].values()))


def written(
    spark: SparkSession, warehouse: str, kind: str, url: str, *, access: str, storage: Any
) -> pinlake.RunReport:
    """A run by its three calls."""
    run = pinlake.open_run(spark, warehouse, kind, url, options=storage)
    frame = pinlake.clean_landing(spark, kind, url, run=run, access=access, options=storage)
    return pinlake.write_table(frame, run=run)
