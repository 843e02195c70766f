"""Streams what sources hold now into tables, all of them in one Spark: the process that tests kill.

    python stream_driver.py [--remote sc://host:port] SETTINGS…

Each file of settings is one pipeline. Prints a line a micro-batch.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pinlake._feeds import feeds
from pinlake._follow import View, follow
from pinlake._session import local_session
from pinlake.config import load

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def session(remote: str | None) -> SparkSession:
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(remote).getOrCreate() if remote else local_session()


def told(views: Sequence[View], fresh: View | None) -> None:
    if fresh is not None:
        print(fresh.kind, fresh.source, fresh.batch, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--remote")
    parser.add_argument("settings", nargs="+")
    given = parser.parse_args()
    spark = session(given.remote)
    started = [one for file in given.settings for one in feeds(spark, load(file=file))]
    follow(started, told, threading.Event())


if __name__ == "__main__":
    main()
