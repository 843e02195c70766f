"""The components as fixtures: one of each a session, on free ports, with state of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.components import Kafka, Kinesalite, LocalStack, MariaDB, running


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A database server."""
    with running(MariaDB(tmp_path_factory.mktemp("state"), free=True)) as started:
        yield started


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker."""
    with running(Kafka(tmp_path_factory.mktemp("state"), free=True)) as started:
        yield started


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A local AWS."""
    with running(LocalStack(tmp_path_factory.mktemp("state"), free=True)) as started:
        yield started


@pytest.fixture(scope="session")
def kinesalite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinesalite]:
    """Kinesis at volume."""
    with running(Kinesalite(tmp_path_factory.mktemp("state"), free=True)) as started:
        yield started
