"""Records in a Kafka broker and in Kinesis' stand-in, and what streams them into tables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pinlake
from pinlake import _core
from pinlake._feeds import feeds
from pinlake._follow import follow
from pinlake.config import load
from support.cli import STAND_IN, environment
from support.components import Kafka, Kinesalite

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KINDS = ("pin", "geo", "user")
REGION = "us-east-1"
FAULTS = {"duplicate": 0.05, "late": 0.03, "corrupt": 0.01, "new_field": 0.02, "orphan": 0.02}
_DRIVER = Path(__file__).with_name("stream_driver.py")


@dataclass
class Source:
    """Topics or streams with records, and the ledger of how these came there."""

    name: str
    url: str
    user: str
    ledger: Path
    connection: Mapping[str, str]
    """What stands under its scheme's own table of settings."""
    limit: str
    """The option that bounds a micro-batch."""
    report: Any = field(default=None)

    def send(self, **settings: Any) -> None:
        """Fills it by the emulator."""
        names = list(_core.log_names(self.url, self.user, KINDS, options=self.connection).values())
        if self.name == "kafka":
            _core.create_topics(self.url, names, partitions=2, options=self.connection)
        else:
            _core.create_streams(self.url, names, shards=2, options=self.connection)
        emulator = pinlake.Emulator(user_id=self.user, **settings)
        self.report = emulator.run(self.url, ledger=str(self.ledger), options=dict(self.connection))

    def settings(self, folder: Path, warehouse: Path, records: int) -> Path:
        """A file of settings that streams it into a warehouse, so many records a micro-batch."""
        folder.mkdir(parents=True, exist_ok=True)
        table = "\n".join(f'{key} = "{value}"' for key, value in self.connection.items())
        file = folder / f"{self.name}.toml"
        file.write_text(
            f'user_id = "{self.user}"\nwarehouse = "{warehouse}"\n[{self.name}]\n{table}\n'
            f'[stream]\nsource = "{self.url}"\nonce = true\n'
            f"options = {{{self.limit} = {records}}}\n",
            encoding="utf-8",
        )
        return file


@pytest.fixture(autouse=True, scope="session")
def stand_in_credentials() -> Iterator[None]:
    """Those of the stand-in: before Spark starts, whose processes inherit them."""
    before = dict(os.environ)
    os.environ.update({name: value or "" for name, value in STAND_IN.items()})
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def sources(
    kafka: Kafka, kinesalite: Kinesalite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Makes empty sources of both sorts, for a user id of their own."""

    def made() -> tuple[Source, Source]:
        folder, user = tmp_path_factory.mktemp("ledgers"), f"u{uuid.uuid4().hex[:8]}"
        endpoint = {"endpoint": kinesalite.endpoint}
        return (
            Source(
                "kafka",
                f"kafka://{kafka.scram}",
                user,
                folder / "kafka.ledger",
                {"security": "scram-sha-512", "tls": "false"},
                "maxOffsetsPerTrigger",
            ),
            Source(
                "kinesis",
                f"kinesis://{REGION}",
                user,
                folder / "kinesis.ledger",
                endpoint,
                "maxRecordsPerTrigger",
            ),
        )

    # One user and password for the emulator and for Spark.
    login = {"PINLAKE_KAFKA_USERNAME": kafka.user, "PINLAKE_KAFKA_PASSWORD": kafka.password}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in login.items():
            patch.setenv(name, value)
        yield made


def streamed(spark: SparkSession, files: list[Path]) -> None:
    """Streams all that is there in this process."""
    started = [one for file in files for one in feeds(spark, load(file=file))]
    follow(started, lambda views, fresh: None, threading.Event())


@contextmanager
def streaming(*settings: Path, remote: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process that streams; whatever is left of it and of its Spark is killed at the end."""
    own = ("PINLAKE_KAFKA_USERNAME", "PINLAKE_KAFKA_PASSWORD", "PINLAKE_FAULT")
    env = environment(
        {**STAND_IN, **{name: os.environ[name] for name in own if name in os.environ}}
    )
    words = [sys.executable, _DRIVER, *(("--remote", remote) if remote else ()), *settings]
    run = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    )
    try:
        yield run
    finally:
        killed(run)


def killed(run: subprocess.Popen[str]) -> None:
    """Kills a driver, its JVM and their workers at once, as a machine that loses power."""
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
