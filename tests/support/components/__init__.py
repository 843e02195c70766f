"""Real components on loopback: MariaDB, Kafka, a local AWS, and Kinesis at volume.

Each is a process of its own with a state folder, ports, a log and a health check, without a
container engine. `support.components.fixtures` starts them for tests, `python -m` of this package
for anything else; `.ci/setup.sh components` installs them. Only the fixtures use more than the
standard library.
"""

from __future__ import annotations

from support.components.component import Component, ComponentError, running
from support.components.kafka import Kafka
from support.components.kinesalite import Kinesalite
from support.components.localstack import LocalStack
from support.components.mariadb import MariaDB

ALL: tuple[type[Component], ...] = (MariaDB, Kafka, LocalStack, Kinesalite)

__all__ = [
    "ALL",
    "Component",
    "ComponentError",
    "Kafka",
    "Kinesalite",
    "LocalStack",
    "MariaDB",
    "running",
]
