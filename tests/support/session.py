"""The Spark session of the tests, classic or Connect, and a warehouse of a test's own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.cli import STAND_IN

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHECKOUT = Path(__file__).resolve().parents[2]
# `classic`, or `connect`: a server in a process of its own.
MODE = os.environ.get("PINLAKE_TEST_CONNECT", "classic")
# What every Spark of the tests starts from, those in processes of their own as well.
os.environ["SPARK_CONF_DIR"] = str(Path(__file__).with_name("conf"))

_SETTINGS = {
    "spark.driver.memory": "2g",
    "spark.ui.showConsoleProgress": "false",
}
# What `conf` says, and one partition, for the least work beside another suite.
_LEAST = {
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
}
# PINLAKE_TEST_PLANS=compiled: compiled, planned anew half-way and spread, as users' sessions do.
_COMPILED = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.codegen.wholeStage": "true",
}


def start(folder: Path) -> SparkSession:
    """A session whose own files go below `folder`."""
    from pinlake._session import local_session

    find_jars()
    # Processes that Spark starts for a stream's batches know only the environment of its start.
    os.environ.setdefault("PINLAKE_FAULT", f"@{fault_file(folder)}")
    if MODE not in ("classic", "connect"):
        pytest.fail(f"PINLAKE_TEST_CONNECT={MODE}: say classic or connect")
    conf = {**_SETTINGS, "spark.sql.warehouse.dir": str(folder), "spark.local.dir": str(folder)}
    conf.update(_COMPILED if os.environ.get("PINLAKE_TEST_PLANS") == "compiled" else _LEAST)
    if MODE == "classic" and hosts_connect():
        conf["spark.plugins"] = "org.apache.spark.sql.connect.SparkConnectPlugin"
        conf[_PORT] = str(free_port())
    with _stand_in():
        return local_session(connect=MODE == "connect", conf=conf)


@contextmanager
def _stand_in() -> Iterator[None]:
    """Credentials for stand-ins of AWS where there are none: workers know only those of now."""
    with pytest.MonkeyPatch.context() as patch:
        if "AWS_ACCESS_KEY_ID" not in os.environ:
            for name, value in STAND_IN.items():
                patch.setenv(name, value or "")
        yield


# What other processes connect to: a warm Spark serves them too.
_PORT = "spark.connect.grpc.binding.port"


def fault_file(folder: Path) -> Path:
    """Where tests say at which point Spark's own processes die."""
    return folder / "fault"


def hosts_connect() -> bool:
    """Whether PySpark's own jars hold the Connect server."""
    import pyspark

    return not pyspark.__version__.startswith("3.")


def connect_address(spark: SparkSession) -> str:
    """Where a classic session of the tests serves Connect clients."""
    return f"sc://127.0.0.1:{spark.conf.get(_PORT)}"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_jars() -> None:
    """Sets `PINLAKE_JARS` to the checkout's own jars, where they are and it is unset."""
    import pyspark

    lane = ".".join(pyspark.__version__.split(".")[:2])
    jars = CHECKOUT / ".jars" / lane
    if jars.is_dir():
        os.environ.setdefault("PINLAKE_JARS", str(jars))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session of all Spark tests; `PINLAKE_TEST_CONNECT` says which face it shows."""
    session = start(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    """An empty folder of tables."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    return str(folder)
