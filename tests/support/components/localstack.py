"""A local AWS: S3, Kinesis, Firehose, API Gateway, CloudFormation and what these use."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from support.components.component import Component, installed
from support.components.process import LOOPBACK, asks

_SERVICES = (
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "firehose",
    "iam",
    "kinesis",
    "logs",
    "s3",
    "secretsmanager",
    "sts",
)
# A proxy that does not exist: what would fetch anything fails at once instead of after a timeout.
_NOWHERE = f"http://{LOOPBACK}:9"


class LocalStack(Component):
    """The local AWS. It checks no signature and forgets everything when it stops."""

    name = "localstack"
    what = "LocalStack 2026.3.0 (core)"
    fixed_ports = (14566,)
    patience = 90.0
    # It has nothing to bring into order, and may wait for clients that hold a connection.
    grace = 8.0
    access_key = "test"
    secret_key = "test"
    region = "us-east-1"

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def prepare(self) -> None:
        root = self.folder / "root"
        shutil.rmtree(root, ignore_errors=True)
        # Where it looks for helpers before it would download them.
        libraries = root / "usr" / "lib" / "localstack"
        libraries.parent.mkdir(parents=True)
        libraries.symlink_to(installed(".jars/localstack"))
        self._forget_scratch()
        self._scratch.symlink_to(tempfile.mkdtemp(prefix="pinlake-aws-"))

    def command(self) -> Sequence[str]:
        python = installed(".venv/localstack/bin/python")
        return [str(python), "-m", "localstack.runtime.main"]

    def environment(self) -> dict[str, str]:
        venv = installed(".venv/localstack")
        bare = super().environment()
        loopback = Path(__file__).with_name("loopback.js")
        return {
            **bare,
            # Its helpers are scripts for "python".
            "PATH": f"{venv / 'bin'}:{bare['PATH']}",
            "VIRTUAL_ENV": str(venv),
            "TMPDIR": os.path.realpath(self._scratch),
            "FILESYSTEM_ROOT": str(self.folder / "root"),
            # In a container it would use the machine's own folders.
            "OVERRIDE_IN_DOCKER": "0",
            "GATEWAY_LISTEN": f"{LOOPBACK}:{self.ports[0]}",
            "GATEWAY_SERVER": "hypercorn",
            "DNS_ADDRESS": "0",
            "NODE_OPTIONS": f"--require {loopback}",
            "SERVICES": ",".join(_SERVICES),
            "KINESIS_MOCK_VERSION": _kinesis_mock(),
            "KINESIS_LATENCY": "10",
            "DYNAMODB_IN_MEMORY": "1",
            # Helpers in Java are new with each stream: their start is most of what they do.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "HTTPS_PROXY": _NOWHERE,
            "NO_PROXY": f"{LOOPBACK},localhost,.localstack.cloud",
        }

    def answers(self) -> bool:
        return asks(self.ports[0], "/_localstack/health") == 200

    def stop(self) -> None:
        super().stop()
        self._forget_scratch()

    @property
    def _scratch(self) -> Path:
        # A link to a folder with a short path: it makes sockets there, whose paths may have 107
        # bytes.
        return self.folder / "tmp"

    def _forget_scratch(self) -> None:
        if self._scratch.is_symlink():
            shutil.rmtree(self._scratch.resolve(), ignore_errors=True)
            self._scratch.unlink()


def _kinesis_mock() -> str:
    """The version of the server behind its Kinesis, whose folder it looks for by that."""
    packages = json.loads(installed(".ci/components/node/package.json").read_text(encoding="utf-8"))
    return str(packages["dependencies"]["kinesis-local"])
