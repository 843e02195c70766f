"""A Spark session for verbs that need one; what its JVM says goes to a log, not to the user."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pinlake import _doctor
from pinlake._progress import Progress, beat
from pinlake._spark import on_databricks
from pinlake.errors import ConfigError, PinlakeError, SourceError, mask

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# PySpark's loggers that print an error's whole trace besides raising it.
_TWICE = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
# Lines of the JVM's log that say why it did not start.
_TELLING = ("unresolved dependency", "Exception", "Error", "Caused by", "UNRESOLVED")


@contextlib.contextmanager
def session(conf: Mapping[str, str]) -> Iterator[SparkSession]:
    """The session that is there (a notebook's), which goes on, or one that ends with the block.

    Raises `ConfigError` if PySpark, Java or jars are missing, `SourceError` if Spark does not
    start, both in one line. A signal ends it at once: whatever a run is at, the next one takes
    it up again.
    """
    for logger in _TWICE:
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
    there = _active()
    if there is not None:
        yield there
        return
    if not on_databricks():
        _check(conf)
    folder = Path(tempfile.mkdtemp(prefix="pinlake-"))
    log = folder / "spark.log"
    signals = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    spark = None
    try:
        spark = _started({"spark.sql.warehouse.dir": str(folder / "warehouse"), **conf}, log)
        for name in signals:  # PySpark's own handler talks to a JVM that is busy
            signal.signal(name, signal.default_int_handler)
        yield spark
    except KeyboardInterrupt:
        if spark is not None:
            _kill(spark)
        raise
    finally:
        if spark is not None:
            with _quiet(log), contextlib.suppress(Exception):
                spark.stop()
        for name, handler in signals.items():
            signal.signal(name, handler)
        if sys.exc_info()[0] is not _NotStarted:
            shutil.rmtree(folder, ignore_errors=True)


def _active() -> SparkSession | None:
    if "pyspark" not in sys.modules:
        return None
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


class _NotStarted(SourceError):
    """Spark did not start; its log stays."""


def _started(conf: Mapping[str, str], log: Path) -> SparkSession:
    from pinlake import _session

    try:
        with _quiet(log), beat(Progress("start Spark")):
            return _session.local_session(master=conf.get("spark.master", "local[*]"), conf=conf)
    except PinlakeError:
        raise
    except Exception as error:
        told = f"Spark did not start: {_why(log, error)}; whole log in {log}"
        raise _NotStarted(told) from error


def _kill(spark: SparkSession) -> None:
    """Ends the JVM without asking; threads that wait for it fail, and need not say so."""
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(Exception):
        spark.sparkContext._gateway.proc.kill()  # type: ignore[union-attr]


def _check(conf: Mapping[str, str]) -> None:
    """What would only show up as a JVM's riddle."""
    version = _doctor.pyspark_version()
    if version is None:
        return  # the session says so
    findings = [_doctor.java(), *_doctor.spark(version)]
    if not {"spark.jars", "spark.jars.packages"} & set(conf):
        findings.append(_doctor.jars(version))
    for finding in findings:
        if finding.state == "missing":
            raise ConfigError(f"Spark needs {finding.what}: {finding.found}; {finding.remedy}")


@contextlib.contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """Processes started inside write to `log` instead of this process's stdout and stderr.

    The JVM and its Python workers keep what they inherit, so this holds for all their life.
    """
    out, err = os.dup(1), os.dup(2)
    own, sys.stderr = sys.stderr, os.fdopen(os.dup(2), "w", buffering=1)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        os.dup2(out, 1)
        os.dup2(err, 2)
        mine, sys.stderr = sys.stderr, own
        mine.close()
        for descriptor in (out, err, target):
            os.close(descriptor)


def _why(log: Path, error: Exception) -> str:
    """The line of the JVM's log that tells most, else the error itself."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            if any(word in line for word in _TELLING):
                return mask(line.strip().lstrip(":").strip()[:300])
    return mask((str(error).splitlines() or [type(error).__name__])[0])
