"""Counts for Prometheus."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from pinlake import Emulator
from pinlake._metrics import LOOPBACK, emulation, served
from pinlake.errors import ConfigError

# A line of the text format: a comment, or a name, labels, a number.
LINE = re.compile(r'(# (HELP|TYPE) \w+ .+|\w+(\{\w+="\w+"(,\w+="\w+")*\})? [0-9.e+-]+)\n')


def free_port() -> int:
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])


def test_counts_are_answered_while_the_block_works() -> None:
    emulator = Emulator(count=20, faults={"duplicate": 0.5})
    port = free_port()
    with served(port, lambda: emulation(emulator.progress())):
        with urlopen(f"http://{LOOPBACK}:{port}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            text = answer.read().decode()
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://{LOOPBACK}:{port}/")
    assert "pinlake_emulate_posts_total 0\n" in text
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://{LOOPBACK}:{port}/metrics")


def test_every_line_is_of_the_text_format(tmp_path: Path) -> None:
    emulator = Emulator(count=50, faults={"duplicate": 0.5})
    report = emulator.run(f"files:{tmp_path}/made")
    text = emulation(emulator.progress())
    assert "".join(match[0] for match in LINE.finditer(text)) == text
    assert f"pinlake_emulate_records_acked_total {report['written']}\n" in text
    assert re.search(r'faults_total\{fault="duplicate"\} [1-9]', text)


def test_a_port_that_others_have_is_refused() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        said = pytest.raises(ConfigError, match=f"--metrics-port {port}: .* choose another")
        with said, served(port, lambda: ""):
            pass
