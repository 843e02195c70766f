"""Real services on loopback, each a process of its own, ended by its id."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.session import free_port, start, warehouse
from support.watch import Watch

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["warehouse"]

# Any will do: the server checks no signature, but clients want something to sign with.
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
START = 60.0


@dataclass(frozen=True)
class S3:
    """A running S3 server."""

    endpoint: str
    client: Any
    """A boto3 client of it."""

    @property
    def options(self) -> dict[str, str]:
        """Store options that lead pinlake to it."""
        return {"endpoint": self.endpoint, "region": "us-east-1", "allow_http": "true"}


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3 server (moto) with credentials for it in the environment."""
    import boto3

    before = dict(os.environ)
    os.environ.update(_CREDENTIALS)
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "server.log"
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out:
        server = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)
    try:
        _await_port(server, port, log.read_text)
        endpoint = f"http://127.0.0.1:{port}"
        yield S3(endpoint, boto3.client("s3", endpoint_url=endpoint))
    finally:
        server.terminate()
        server.wait(timeout=20)
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def bucket(s3: S3) -> str:
    """A new, empty bucket's name."""
    name = f"pinlake-{uuid.uuid4().hex[:12]}"
    s3.client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def watch(s3: S3) -> Iterator[Watch]:
    """A proxy in front of the server."""
    watch = Watch(s3.endpoint)
    yield watch
    watch.close()


@pytest.fixture
def put(s3: S3, bucket: str) -> Callable[[str, bytes], None]:
    """Puts an object into the bucket."""

    def put(key: str, body: bytes) -> None:
        s3.client.put_object(Bucket=bucket, Key=key, Body=body)

    return put


@pytest.fixture(scope="session")
def spark(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session whose workers have the server's credentials: they inherit them at its start."""
    session = start(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


def _await_port(server: subprocess.Popen[bytes], port: int, said: Any) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the S3 server did not start: {said()}")
