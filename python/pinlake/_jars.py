"""Which jars a pip-installed PySpark needs for Delta, and where they come from.

Nothing but the standard library is used here, so that a checkout can fetch the jars before the
package is built: `python python/pinlake/_jars.py 4.1 .jars/4.1`.
Installed: `pinlake doctor --jars`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A jar's version follows neither from PySpark's nor from a wheel's: not every Maven mirror carries
# every version, so each one is pinned. `PINLAKE_JARS` or `spark.jars.packages` override them.
_DELTA_4 = "4.4.0"
_DELTA_3 = "3.3.3"
# What Hadoop's S3 reader calls of AWS's SDK, module by module: the bundle that it asks for holds
# all of AWS in 640 MB.
_SDK = "2.29.52"
_SDK_MODULES = ("apache-client", "netty-nio-client", "s3", "s3-transfer-manager", "sts")


@dataclass(frozen=True)
class Lane:
    """One Spark version line: the jars it needs, as Maven coordinates."""

    spark: str
    packages: tuple[str, ...]
    kafka: tuple[str, ...] = ()
    """Spark's source for Kafka."""
    connect: tuple[str, ...] = ()
    """The Connect server, where PySpark's own jars lack it."""
    s3: tuple[str, ...] = ()
    """Hadoop's reader of `s3a://` for PySpark's Hadoop; what these depend on comes with them."""


def _kafka(scala: str, source: str, tokens: str, client: str, pool: str) -> tuple[str, ...]:
    """Spark's source for Kafka, and what it needs that Spark does not bring."""
    return (
        f"org.apache.spark:spark-sql-kafka-0-10_{scala}:{source}",
        f"org.apache.spark:spark-token-provider-kafka-0-10_{scala}:{tokens}",
        f"org.apache.kafka:kafka-clients:{client}",
        f"org.apache.commons:commons-pool2:{pool}",
    )


_KAFKA = {
    "4.0": _kafka("2.13", "4.0.4", "4.0.0", "3.9.1", "2.12.1"),
    "4.1": _kafka("2.13", "4.1.3", "4.1.0-preview1", "3.9.1", "2.12.1"),
    # Those of 4.1 do not work: Spark's own classes have changed.
    "4.2": _kafka("2.13", "4.2.0", "4.2.0", "3.9.2", "2.13.1"),
}

# By Spark line: the first is of PySpark's own Hadoop.
_S3 = {
    "4.1": (
        "org.apache.hadoop:hadoop-aws:3.4.2",
        *(f"software.amazon.awssdk:{module}:{_SDK}" for module in _SDK_MODULES),
    )
}

LANES = {
    "3.5": Lane(
        "3.5",
        (f"io.delta:delta-spark_2.12:{_DELTA_3}", f"io.delta:delta-storage:{_DELTA_3}"),
        _kafka("2.12", "3.5.7", "3.5.7", "3.4.1", "2.11.1"),
        ("org.apache.spark:spark-connect_2.12:3.5.7",),
    ),
    **{
        line: Lane(
            line,
            (
                f"io.delta:delta-spark_{line}_2.13:{_DELTA_4}",
                f"io.delta:delta-storage:{_DELTA_4}",
            ),
            kafka=_KAFKA[line],
            s3=_S3.get(line, ()),
        )
        for line in ("4.0", "4.1", "4.2")
    },
}

# Spark's own resolver takes no "everything": what Delta asks for and Spark already ships.
EXCLUDES = (
    *(
        f"{group}:*"
        for group in (
            "at.yawk.lz4",
            "com.fasterxml.jackson.core",
            "com.fasterxml.jackson.datatype",
            "com.github.luben",
            "com.google.code.findbugs",
            "commons-logging",
            "commons-pool",
            "io.airlift",
            "io.unitycatalog",
            "javax.annotation",
            "org.antlr",
            "org.apache.hadoop",
            "org.apache.logging.log4j",
            "org.apache.parquet",
            "org.locationtech.jts",
            "org.lz4",
            "org.roaringbitmap",
            "org.scala-lang",
            "org.scala-lang.modules",
            "org.slf4j",
            "org.xerial.snappy",
        )
    ),
    "io.delta:delta-kernel-api",
    "io.delta:delta-kernel-defaults",
    "io.delta:delta-kernel-unitycatalog",
)

# The same of S3's reader, and what it can do without.
S3_EXCLUDES = (
    "commons-codec:*",
    "commons-logging:*",
    "io.netty:*",
    "org.apache.httpcomponents:*",
    "org.slf4j:*",
    "org.wildfly.openssl:*",
    "software.amazon.awssdk:bundle",
    "software.amazon.s3.analyticsaccelerator:*",
)


def lane_of(version: str) -> Lane | None:
    """The lane of a Spark version, None if there are no jars for it.

    >>> lane_of("4.1.4").packages
    ('io.delta:delta-spark_4.1_2.13:4.4.0', 'io.delta:delta-storage:4.4.0')
    """
    return LANES.get(".".join(version.split(".")[:2]))


def jar_files(folder: str | os.PathLike[str]) -> list[str]:
    """The jars of a folder, sorted, as absolute paths."""
    return sorted(str(path.resolve()) for path in Path(folder).glob("*.jar"))


def spark_conf(version: str) -> dict[str, str]:
    """The settings that give Spark of this version its jars; empty if none are known for it.

    `PINLAKE_JARS`, a folder, goes first; without it Spark fetches the pins once into its cache.
    """
    folder = os.environ.get("PINLAKE_JARS")
    if folder:
        return {"spark.jars": ",".join(jar_files(folder))}
    lane = lane_of(version)
    if lane is None:
        return {}
    return {
        "spark.jars.packages": ",".join(lane.packages + lane.kafka),
        "spark.jars.excludes": ",".join(EXCLUDES),
    }


def connect_jars() -> list[str]:
    """The Connect server's own jars, where PySpark lacks them: from `PINLAKE_JARS/connect`."""
    return _below("connect")


def s3_jars() -> list[str]:
    """Hadoop's reader of `s3a://`, which no session has by itself: from `PINLAKE_JARS/s3`."""
    return _below("s3")


def _below(name: str) -> list[str]:
    folder = os.environ.get("PINLAKE_JARS")
    return jar_files(Path(folder, name)) if folder else []


def pom(packages: tuple[str, ...], excludes: tuple[str, ...] = ("*:*",)) -> str:
    """A Maven project that depends on these jars and on what they depend on, less `excludes`."""
    exclude = "".join(
        f"<exclusion><groupId>{group}</groupId><artifactId>{artifact}</artifactId></exclusion>"
        for group, artifact in (name.split(":") for name in excludes)
    )
    depends = "\n".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version><exclusions>{exclude}</exclusions></dependency>"
        for group, artifact, version in (name.split(":") for name in packages)
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">'
        "<modelVersion>4.0.0</modelVersion><groupId>pinlake</groupId>"
        f"<artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>\n{depends}\n</dependencies></project>\n"
    )


def fetch(lane: Lane, folder: Path) -> None:
    """Puts the lane's jars into `folder`: by mvn, or without it by Spark's own resolver.

    A Connect server that PySpark lacks goes into `folder/connect`, where classic Spark does not
    see it (by mvn only), and what reads `s3a://` into `folder/s3`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("mvn") is None:
        _by_spark(lane, folder)
        return
    _by_maven(lane.packages + lane.kafka, folder)
    if lane.connect:
        _by_maven(lane.connect, folder / "connect")
    if lane.s3:
        _by_maven(lane.s3, folder / "s3", S3_EXCLUDES)


def _by_maven(
    packages: tuple[str, ...], folder: Path, excludes: tuple[str, ...] = ("*:*",)
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, "pom.xml")
        project.write_text(pom(packages, excludes), encoding="utf-8")
        command = ["mvn", "-q", "-B", "-f", str(project), "dependency:copy-dependencies"]
        command.append(f"-DoutputDirectory={folder.resolve()}")
        subprocess.run(command, check=True, stdout=sys.__stderr__)


def _by_spark(lane: Lane, folder: Path) -> None:
    """Starts the PySpark of this interpreter once; it resolves before anything else."""
    from pyspark.sql import SparkSession

    excludes = EXCLUDES
    if lane.s3:
        # To Spark's resolver an excluded group is excluded wherever it is named.
        excludes = tuple({*EXCLUDES, *S3_EXCLUDES} - {"org.apache.hadoop:*"})
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.jars.packages", ",".join(lane.packages + lane.kafka + lane.s3))
        .config("spark.jars.excludes", ",".join(excludes))
        .getOrCreate()
    )
    own = {package.split(":")[0] for package in lane.packages + lane.kafka}
    listed = spark.sparkContext.getConf().get("spark.jars", "") or ""
    spark.stop()
    for jar in filter(None, listed.split(",")):
        path = Path(jar.removeprefix("file://").removeprefix("file:"))
        # Spark's resolver puts the group before the name.
        group, name = path.name.split("_", 1)
        place = folder if group in own else folder / "s3"
        place.mkdir(exist_ok=True)
        shutil.copy(path, place / name)


if __name__ == "__main__":
    fetch(LANES[sys.argv[1]], Path(sys.argv[2]))
