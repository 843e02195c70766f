"""An Apache Kafka broker with the listeners that the pipeline's clusters have."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from string import Template

from support.components.component import Component, installed, java, write_private
from support.components.process import LOOPBACK
from support.components.tls import Certificate, certificate

_HERE = Path(__file__).parent
# Any identifier will do: 16 bytes in base 64.
_CLUSTER = "cGlubGFrZS1zZXJ2aWNlcw"
# A request for ApiVersions of a client without a name: size, API, version, number, null.
_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)


class Kafka(Component):
    """Listeners: in the clear, SCRAM, and MSK's IAM, which checks signatures, over TLS."""

    name = "kafka"
    what = "Apache Kafka 3.9.1 (KRaft)"
    fixed_ports = (19092, 19094, 19098, 19093)
    user = "pinlake"
    # The one pair of keys that the IAM listener knows, and what the local AWS is called with.
    access_key = "test"
    secret_key = "test"
    region = "us-east-1"

    @property
    def plain(self) -> str:
        """Bootstrap server of the listener without security."""
        return f"{LOOPBACK}:{self.ports[0]}"

    @property
    def scram(self) -> str:
        """Bootstrap server of SASL_PLAINTEXT with SCRAM-SHA-512, as `user` and `password`."""
        return f"{LOOPBACK}:{self.ports[1]}"

    @property
    def iam(self) -> str:
        """Bootstrap server of SASL_SSL with OAUTHBEARER: tokens signed with the pair of keys."""
        return f"{LOOPBACK}:{self.ports[2]}"

    @property
    def password(self) -> str:
        return self.secret(self.user)

    @property
    def certificate(self) -> Certificate:
        return certificate(self.folder / "tls")

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "PINLAKE_KAFKA_URL": f"kafka://{self.plain}",
            "PINLAKE_TEST_KAFKA_SCRAM": self.scram,
            "PINLAKE_TEST_KAFKA_USER": self.user,
            "PINLAKE_TEST_KAFKA_PASSWORD": self.password,
            "PINLAKE_TEST_KAFKA_IAM": self.iam,
            "PINLAKE_TEST_KAFKA_CA": str(self.certificate.authority),
        }

    def prepare(self) -> None:
        plain, scram, iam, controller = self.ports
        wanted = Template(Path(_HERE, "kafka.properties").read_text(encoding="utf-8"))
        settings = wanted.substitute(
            plain=plain,
            scram=scram,
            iam=iam,
            controller=controller,
            data=self.folder / "data",
            certificate=self.certificate.both,
            region=self.region,
            access_key=self.access_key,
            secret_key=self.secret_key,
        )
        write_private(self.folder / "server.properties", settings)
        if not Path(self.folder, "data", "meta.properties").exists():
            scram_user = f"SCRAM-SHA-512=[name={self.user},password={self.password}]"
            format_ = ("format", "-t", _CLUSTER, "-c", "server.properties")
            self.run(self._java("kafka.tools.StorageTool", *format_, "--add-scram", scram_user))

    def command(self) -> Sequence[str]:
        return self._java("kafka.Kafka", "server.properties")

    def answers(self) -> bool:
        with socket.create_connection((LOOPBACK, self.ports[0]), timeout=2) as broker:
            broker.sendall(_API_VERSIONS)
            said = broker.recv(8, socket.MSG_WAITALL)
        return len(said) == 8 and said[4:] == _API_VERSIONS[8:12]

    def _java(self, *words: str) -> list[str]:
        return [
            java(),
            "-Xms64m",
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-Djava.net.preferIPv4Stack=true",
            f"-Dlog4j.configuration=file:{_HERE / 'log4j.properties'}",
            "-cp",
            f"{installed('.jars/kafka')}/*:{installed('.jars/kafka/classes')}",
            *words,
        ]
