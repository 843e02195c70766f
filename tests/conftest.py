"""What every test may use: the hand-made cases and the real records."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# Real components on loopback, started as they are first asked for.
from support.components.fixtures import kafka, kinesalite, localstack, mariadb

# One Spark for all that share a process; tests of services have one of their own.
from support.session import spark, warehouse

__all__ = ["kafka", "kinesalite", "localstack", "mariadb", "spark", "warehouse"]

HERE = Path(__file__).resolve().parent

# A shell makes what it runs in the background deaf to Ctrl-C, and all that this starts; tests of
# interrupts would wait for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of the hand-made cases."""
    return HERE / "golden"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real records; a test that needs them fails where they are missing."""
    folder = Path(os.environ.get("PINLAKE_DATA", HERE.parent.parent / "shared" / "data"))
    if not (folder / "real" / "geolocation_data.csv").is_file():
        pytest.fail(f"no real records in {folder}: set PINLAKE_DATA to the folder that holds real/")
    return folder


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but the test's own: an empty working directory, no variable of pinlake."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("PINLAKE_"):
            monkeypatch.delenv(name)
