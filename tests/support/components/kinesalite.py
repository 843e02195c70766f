"""Kinesis at volume: shards that split and merge, sequence numbers as AWS makes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from support.components.component import Component, installed, program
from support.components.process import LOOPBACK, asks


class Kinesalite(Component):
    """Kinesis alone, quicker than the local AWS; what is in it stays."""

    name = "kinesalite"
    what = "kinesalite 3.3.3"
    fixed_ports = (14567,)

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def addresses(self) -> dict[str, str]:
        return {"PINLAKE_TEST_KINESALITE": self.endpoint}

    def prepare(self) -> None:
        """Nothing: it makes its data folder itself."""

    def command(self) -> Sequence[str]:
        return [
            program("node"),
            "--require",
            str(Path(__file__).with_name("loopback.js")),
            str(installed(".venv/node/node_modules/kinesalite/cli.js")),
            *("--port", str(self.ports[0])),
            *("--path", str(self.folder / "data")),
            *("--shardLimit", "1000"),
            # Milliseconds until a stream is there, gone or changed.
            *("--createStreamMs", "5"),
            *("--deleteStreamMs", "5"),
            *("--updateStreamMs", "5"),
        ]

    def answers(self) -> bool:
        # It wants a signed request, and says so.
        return asks(self.ports[0], "/") > 0
