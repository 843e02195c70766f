"""The Spark session of the tests, classic or Connect, and a warehouse of a test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHECKOUT = Path(__file__).resolve().parents[2]
# `classic`, or `connect`: a server in a process of its own.
MODE = os.environ.get("PINLAKE_TEST_CONNECT", "classic")
# What every Spark of the tests starts from, those in processes of their own as well.
os.environ["SPARK_CONF_DIR"] = str(Path(__file__).with_name("conf"))

# One JVM for hundreds of plans: it is the optimising compiler's, unlike those of `conf`.
_SETTINGS = {
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -Xmn600m",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.adaptive.enabled": "true",
}
# On Connect plans are compiled, so that both ways of evaluating them are seen.
_COMPILED = {
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.codegen.wholeStage": "true",
}


def start(folder: Path) -> SparkSession:
    """A session whose own files go below `folder`."""
    from pinlake._session import local_session

    find_jars()
    if MODE not in ("classic", "connect"):
        pytest.fail(f"PINLAKE_TEST_CONNECT={MODE}: say classic or connect")
    conf = {**_SETTINGS, "spark.sql.warehouse.dir": str(folder), "spark.local.dir": str(folder)}
    if MODE == "connect":
        conf.update(_COMPILED)
    return local_session(connect=MODE == "connect", conf=conf)


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
