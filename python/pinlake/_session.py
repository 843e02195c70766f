"""A local SparkSession with Delta: classic, or Connect against a server of its own."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pinlake import _jars
from pinlake.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Seconds until a Connect server must answer; jars may have to be fetched first.
CONNECT_START = 180.0

_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}

# Nothing listens beyond this machine.
_LOOPBACK = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.ui.enabled": "false",
}

# Variables that make of a process a Connect client, or make its server ask for a token.
_CLIENT_ONLY = (
    "SPARK_API_MODE",
    "SPARK_CONNECT_AUTHENTICATE_TOKEN",
    "SPARK_CONNECT_MODE_ENABLED",
    "SPARK_LOCAL_REMOTE",
    "SPARK_REMOTE",
)

# For tables of some thousand rows: Spark's defaults are made for clusters (Delta's 50 snapshot
# partitions make each small MERGE slow; VACUUM lists in 10,000 tasks).
_SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
}


def local_session(
    *,
    master: str = "local[2]",
    connect: bool = False,
    app: str = "pinlake",
    conf: Mapping[str, str] | None = None,
) -> SparkSession:
    """The active session, or a new one on this machine, with Delta, loopback only.

    Jars come from the folder `PINLAKE_JARS`, or Spark fetches the pinned ones once. `connect`
    starts a Spark Connect server as a process of its own, which ends with this one. `conf` goes
    over every setting made here. Raises ConfigError where PySpark, Java or jars are missing.
    """
    version = _pyspark_version()
    from pyspark.sql import SparkSession

    if connect:
        url = connect_server(master=master, conf=conf)
        return SparkSession.builder.remote(url).appName(app).getOrCreate()
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    _require_java()
    builder = SparkSession.builder.master(master).appName(app)
    for key, value in settings(version, conf).items():
        builder = builder.config(key, value)
    _workers_python()
    return builder.getOrCreate()


def settings(version: str, conf: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a local Spark of this version is started with; `conf` goes over it."""
    jars = _jars.spark_conf(version)
    if not jars and not {"spark.jars", "spark.jars.packages"} & set(conf or {}):
        known = ", ".join(_jars.LANES)
        raise ConfigError(
            f"no Delta jars are known for Spark {version} (known: {known}); "
            "set PINLAKE_JARS to a folder that holds them"
        )
    if jars.get("spark.jars") == "":
        raise ConfigError(
            f"PINLAKE_JARS={os.environ['PINLAKE_JARS']} holds no jars; "
            "put Delta's there, or unset it to have them fetched"
        )
    return {
        **_DELTA,
        **_LOOPBACK,
        **_SMALL,
        **jars,
        "spark.sql.session.timeZone": "UTC",
        "spark.log.level": "ERROR",
        **(conf or {}),
    }


def connect_server(*, master: str = "local[2]", conf: Mapping[str, str] | None = None) -> str:
    """Starts a Spark Connect server and gives its address once it answers.

    It is a process of its own, on a free loopback port, and ends with this one. Raises
    ConfigError with the server's last words if it does not come up.
    """
    version = _pyspark_version()
    _require_java()
    _workers_python()
    port = _free_port()
    made = settings(version, {"spark.connect.grpc.binding.port": str(port), **(conf or {})})
    extra = _jars.connect_jars()
    if extra:
        made["spark.jars"] = ",".join(filter(None, (made.get("spark.jars", ""), *extra)))
    words = _submit_command(master, made)
    env = {k: v for k, v in os.environ.items() if k not in _CLIENT_ONLY}
    log = Path(_log_folder(), f"connect-{port}.log")
    with log.open("wb") as out:
        server = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=env)
    atexit.register(_end, server)
    _await_port(server, port, log)
    return f"sc://127.0.0.1:{port}"


def _submit_command(master: str, conf: Mapping[str, str]) -> list[str]:
    import pyspark

    home = Path(next(iter(pyspark.__path__)))
    pairs = [word for pair in conf.items() for word in ("--conf", "=".join(pair))]
    server = ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    return [str(home / "bin/spark-submit"), "--master", master, *pairs, *server, "spark-internal"]


def _await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + CONNECT_START
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    _end(server)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    raise ConfigError(f"the Spark Connect server did not start: {' | '.join(last)} ({log})")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def _log_folder() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="pinlake-")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _workers_python() -> None:
    """Spark's Python workers must be this interpreter, where pinlake is."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)


def _pyspark_version() -> str:
    try:
        import pyspark
    except ImportError:
        raise ConfigError("PySpark is not installed; pip install 'pinlake[spark]'") from None
    version: str = pyspark.__version__
    return version


def _require_java() -> None:
    from pinlake import _doctor

    finding = _doctor.java()
    if finding.state == "missing":
        raise ConfigError(f"Spark needs Java 17 or 21: {finding.found}; {finding.remedy}")
