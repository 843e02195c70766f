"""What this machine has and lacks for pinlake; one line and a remedy each."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pinlake import _jars
from pinlake._core import database_tables
from pinlake.config import Config, env_file, unknown_variables
from pinlake.errors import ConfigError, PinlakeError, SourceError, mask, one_line

State = Literal["ok", "optional", "missing"]

# Versions the tests run on; Spark 3.5 and 4.x need Java 17 or 21.
JAVA = (17, 21)
SPARK = ("3.5", "4.0", "4.1", "4.2")
# The demo's landing and tables take some 20 MB, Spark's scratch space more.
DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: State
    found: str
    remedy: str = ""


def examine(config: Config | None, problem: str = "") -> list[Finding]:
    """Looks at everything; `problem` is why the settings could not be read, if so."""
    version = pyspark_version()
    findings = [python(), java(), *spark(version), jars(version), disk(Path.cwd())]
    findings += [*services(), *variables()]
    if config is None:
        findings.append(Finding("settings", "missing", problem, "mend the setting that is named"))
        return findings
    findings += [*storage(config), *places(config), *streams(config), *database(config)]
    return findings


def as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """The findings as rows."""
    return [asdict(finding) for finding in findings]


def python() -> Finding:
    """The interpreter."""
    return Finding("python", "ok", f"{platform.python_version()}, {sys.executable}")


def java_home() -> str | None:
    """The `java` that Spark would start, or None."""
    home = os.environ.get("JAVA_HOME")
    if home:
        candidate = Path(home, "bin", "java")
        return str(candidate) if candidate.is_file() else None
    return shutil.which("java")


def java_version(java: str) -> int | None:
    """Major version of a `java`, or None if it does not run."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(match[1]) if match else None


JAVA_REMEDY = "install Java 17 or 21 (Debian: apt-get install openjdk-17-jre-headless)"


def java() -> Finding:
    """The Java that Spark would start."""
    found = java_home()
    home = os.environ.get("JAVA_HOME")
    if found is None and home:
        return Finding(
            "java", "missing", f"JAVA_HOME={home} has no bin/java", "mend or unset JAVA_HOME"
        )
    if found is None:
        return Finding("java", "missing", "none on the PATH", JAVA_REMEDY)
    version = java_version(found)
    if version is None:
        return Finding("java", "missing", f"{found} does not run", JAVA_REMEDY)
    if version not in JAVA:
        return Finding("java", "missing", f"Java {version}, {found}", JAVA_REMEDY)
    return Finding("java", "ok", f"Java {version}, {found}")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def pyspark_version() -> str | None:
    """Version of the PySpark that an import finds, or None."""
    try:
        import pyspark
    except ImportError:
        return None
    return str(pyspark.__version__)


def spark(version: str | None) -> Iterator[Finding]:
    """PySpark and the Python packages it needs to exchange Arrow data."""
    remedy = "pip install 'pinlake[spark]'"
    if version is None:
        yield Finding("pyspark", "missing", "not installed", remedy)
        return
    line = ".".join(version.split(".")[:2])
    if line in SPARK:
        yield Finding("pyspark", "ok", version)
    else:
        told = f"version {version}; this release works with {', '.join(SPARK)}"
        yield Finding("pyspark", "missing", told, remedy)
    for package in ("pyarrow", "pandas", "numpy"):
        found = _version(package)
        if found is None:
            yield Finding(package, "missing", "not installed", remedy)
        elif package == "pandas" and int(found.split(".")[0]) >= 3:
            yield Finding(package, "missing", found, "pip install 'pandas<3'")
        else:
            yield Finding(package, "ok", found)


def jars(version: str | None) -> Finding:
    """The Delta jars, which must be made for this Spark."""
    folder = _jars_folder()
    if folder is None:
        return Finding(
            "delta jars", "ok", "PINLAKE_JARS is not set: fetched once from Maven when needed"
        )
    found = sorted(path.name for path in folder.glob("delta-spark_*.jar"))
    if not found:
        return Finding(
            "delta jars",
            "missing",
            f"PINLAKE_JARS={folder} holds no delta-spark_*.jar",
            "put the jars there, or unset it to have them fetched",
        )
    told = f"{', '.join(found)} in {folder}"
    lane = _jars.lane_of(version) if version else None
    if lane is not None:
        wanted = lane.packages[0].split(":")[1]
        if not any(name.startswith(f"{wanted}-") for name in found):
            remedy = "put it there, or unset PINLAKE_JARS to have it fetched"
            return Finding(
                "delta jars", "missing", f"{told}, but Spark {version} needs {wanted}", remedy
            )
    return Finding("delta jars", "ok", told)


def fetch_jars(folder: Path) -> None:
    """Puts the jars of the installed PySpark into a folder.

    Raises `ConfigError` without a PySpark that has any, `SourceError` if they cannot be had.
    """
    version = pyspark_version()
    lane = _jars.lane_of(version) if version else None
    if lane is None:
        found = f"no jars are known for Spark {version}" if version else "PySpark is not installed"
        raise ConfigError(f"{found}; pip install 'pinlake[spark]'")
    try:
        _jars.fetch(lane, folder)
    except subprocess.CalledProcessError as error:
        said = f"{Path(error.cmd[0]).name} ended with {error.returncode}"
        raise SourceError(f"jars for Spark {version}: {said}; what it said stands above") from error


def disk(folder: Path) -> Finding:
    """Room to work in."""
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GiB free in {folder}"
    if free < DISK_BYTES:
        return Finding("disk", "missing", found, "make 2 GiB of room")
    return Finding("disk", "ok", found)


def variables() -> Iterator[Finding]:
    """Environment variables that look like ours and are not."""
    try:
        unknown = list(unknown_variables())
    except ConfigError:
        # Told with the settings, which cannot be read then.
        return
    for where, name, said in unknown:
        yield Finding(where, "missing", said, f"rename or unset {name}")


# What the readers take, in their order; a role of the machine itself shows only when asked.
_CREDENTIALS: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("the environment", lambda: bool(os.environ.get("AWS_ACCESS_KEY_ID"))),
    ("a web identity token", lambda: bool(os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"))),
    (
        "the container's role",
        lambda: any(
            os.environ.get(f"AWS_CONTAINER_CREDENTIALS_{kind}_URI") for kind in ("RELATIVE", "FULL")
        ),
    ),
)


def storage(config: Config) -> Iterator[Finding]:
    """Credentials and endpoint of the object store."""
    places = [config.landing, config.warehouse, config.emulate.to]
    wanted = any(place and re.search(r"\bs3[an]?://", place) for place in places)
    source = next((name for name, there in _CREDENTIALS if there()), None)
    if source is not None:
        yield Finding("aws credentials", "ok", f"from {source}")
    elif wanted:
        remedy = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role"
        yield Finding("aws credentials", "missing", "none seen", remedy)
    else:
        yield Finding("aws credentials", "optional", "none seen; only s3:// needs them")
    endpoint = config.storage.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        yield answers(endpoint)
    for service, options in (("kinesis", config.kinesis), ("firehose", config.firehose)):
        if options.get("endpoint"):
            mend = f"{service}.endpoint"
            yield answers(options["endpoint"], what=service, mend=mend)


# Services beside the object store: a line each, the variable that says where, and its URL's scheme.
_SERVICES = (
    ("kafka", "PINLAKE_KAFKA_URL", "kafka"),
    ("mysql", "PINLAKE_MYSQL_URL", "mysql"),
    # AWS's own names for one service of it at another place.
    ("s3", "AWS_ENDPOINT_URL_S3", "https"),
    ("kinesis", "AWS_ENDPOINT_URL_KINESIS", "https"),
    ("firehose", "AWS_ENDPOINT_URL_FIREHOSE", "https"),
    ("secrets", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "https"),
    # What a checkout's `make services` starts and no setting is made for by itself.
    ("kafka, SCRAM", "PINLAKE_TEST_KAFKA_SCRAM", "kafka"),
    ("kafka, IAM", "PINLAKE_TEST_KAFKA_IAM", "kafka"),
    ("kinesalite", "PINLAKE_TEST_KINESALITE", "http"),
)
_PORTS = {"http": 80, "https": 443, "kafka": 9092, "mysql": 3306}


def services() -> Iterator[Finding]:
    """The services that the environment names; where it names none, how a checkout starts some."""
    try:
        held = {**env_file(), **os.environ}
    except ConfigError:
        # Told with the settings, which cannot be read then.
        held = dict(os.environ)
    named = [service for service in _SERVICES if held.get(service[1])]
    for what, name, scheme in named:
        # Kafka is named by a list of brokers.
        for address in held[name].split(","):
            yield answers(address.strip(), what=what, scheme=scheme, mend=name)
    folder = _checkout()
    if not named and not os.environ.get("AWS_ENDPOINT_URL") and folder is not None:
        runs = Path(folder, ".services", "env")
        remedy = f". {runs}" if runs.is_file() else "make services"
        found = "none named; this checkout has some of its own"
        yield Finding("services", "optional", found, remedy)


def _checkout() -> Path | None:
    """The checkout of pinlake that this is called in, if any."""
    folders = (Path.cwd(), *Path.cwd().parents)
    return next((at for at in folders if Path(at, ".ci", "components").is_dir()), None)


def answers(
    address: str,
    *,
    what: str = "endpoint",
    scheme: str = "https",
    mend: str = "storage.endpoint",
) -> Finding:
    """Whether something listens where an address says; `scheme` is that of one without any."""
    remedy = f"start the service or mend {mend}"
    try:
        parts = urlsplit(address if "://" in address else f"{scheme}://{address}")
        host = parts.hostname or ""
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return Finding(what, "missing", f"{mask(address)}: no address of a service", remedy)
    try:
        with socket.create_connection((host, port), timeout=5):
            return Finding(what, "ok", f"{host}:{port} answers")
    except (OSError, ValueError) as error:
        return Finding(what, "missing", f"{host}:{port}: {one_line(error)}", remedy)


def database(config: Config) -> Iterator[Finding]:
    """The database that posts are replayed from, if settings name one: login, tables, rows."""
    source = config.emulate.source or ""
    if not source.startswith("mysql://"):
        return
    try:
        tables = database_tables(source, options=config.options_of(source))
    except (PinlakeError, OSError) as error:
        yield Finding("mysql", "missing", one_line(error), "mend emulate.source or [mysql]")
        return
    if tables:
        told = ", ".join(f"{name} {rows:,} rows" for name, rows in tables)
        yield Finding("mysql", "ok", told)
    else:
        remedy = "pinlake load puts them there"
        yield Finding("mysql", "missing", "it answers, and has none of the tables", remedy)


def places(config: Config) -> Iterator[Finding]:
    """The landing and the warehouse, if they are folders."""
    if config.landing and "://" not in config.landing:
        folder = Path(config.landing)
        if not folder.is_dir():
            yield Finding("landing", "missing", f"{folder} is no folder", "mend landing")
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield Finding("landing", "missing", f"{folder} cannot be read", "make it readable")
        else:
            yield Finding("landing", "ok", str(folder))
    if config.warehouse and re.match(r"s3[an]?://", config.warehouse):
        yield shared(config)
    if config.warehouse and "://" not in config.warehouse and is_path(config.warehouse):
        folder = Path(config.warehouse)
        if folder.exists() and not folder.is_dir():
            yield Finding("warehouse", "missing", f"{folder} is a file", "name a folder")
        else:
            yield Finding("warehouse", "ok", str(folder))


# Delta's own way to let several drivers commit to one table on S3, which cannot tell who was first.
LOG_STORE = "io.delta.storage.S3DynamoDBLogStore"


def shared(config: Config) -> Finding:
    """A warehouse on S3: how many drivers may write it."""
    if LOG_STORE in config.spark.values():
        return Finding("warehouse", "ok", f"{config.warehouse}, by {LOG_STORE.split('.')[-1]}")
    return Finding(
        "warehouse",
        "optional",
        f"{config.warehouse}: outside Databricks one driver at a time may write it",
        f"for more of them set spark.delta.logStore.s3a.impl = {LOG_STORE} under [spark]",
    )


def streams(config: Config) -> Iterator[Finding]:
    """What the source of streams that settings name needs of Spark."""
    source, version, folder = config.stream.source or "", pyspark_version(), _jars_folder()
    if source.startswith("kinesis://") and version and version.startswith("3."):
        yield Finding("stream", "missing", f"Kinesis on Spark {version}", "use Spark 4.0 or later")
    if source.startswith("kafka://") and folder and not list(folder.glob("spark-sql-kafka-*.jar")):
        yield Finding(
            "stream",
            "missing",
            f"PINLAKE_JARS={folder} holds no spark-sql-kafka-*.jar",
            f"pinlake doctor --jars {folder}",
        )


def _jars_folder() -> Path | None:
    folder = os.environ.get("PINLAKE_JARS")
    return Path(folder) if folder else None


def is_path(place: str) -> bool:
    """Two words and one dot, no slash, are `catalog.schema`; all else is a folder."""
    return re.fullmatch(r"\w+\.\w+", place) is None
