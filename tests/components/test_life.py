"""What holds of every component: loopback only, a clean end, a start anew; and the command."""

from __future__ import annotations

import os
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.components import ALL, Component, ComponentError, Kafka, Kinesalite, LocalStack
from support.components.component import CHECKOUT
from support.components.process import free_ports, listens
from support.readme import README

_LISTENS = "0A"


@pytest.fixture(params=[kind.name for kind in ALL])
def component(request: pytest.FixtureRequest) -> Component:
    """Each of the session's."""
    found: Component = request.getfixturevalue(request.param)
    return found


def listened(pids: list[int]) -> Iterator[tuple[str, int]]:
    """Addresses and ports that processes listen on, IPv6 ones as they are written in /proc."""
    own = set()
    for pid in pids:
        for held in Path(f"/proc/{pid}/fd").iterdir():
            own.add(os.readlink(held) if held.is_symlink() else "")
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == _LISTENS and f"socket:[{words[9]}]" in own:
                address, port = words[1].split(":")
                yield shown(address), int(port, 16)


def shown(address: str) -> str:
    """An address of the kernel's table, whose words of 4 bytes stand in this machine's order."""
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, packed).removeprefix("::ffff:")


def test_it_listens_on_loopback_only(component: Component) -> None:
    found = set(listened(component.pids()))
    assert {port for _, port in found} >= set(component.ports)
    assert {address for address, _ in found} <= {"127.0.0.1", "::1"}


def test_it_ends_without_a_trace_and_starts_anew(component: Component) -> None:
    server = component.pids()
    assert server
    component.stop()
    assert component.pids() == []
    assert not any(map(listens, component.ports))
    assert not component.healthy()
    component.stop()
    component.start()
    assert component.healthy()
    assert not set(component.pids()) & set(server)


def test_it_does_not_start_twice(component: Component) -> None:
    with pytest.raises(ComponentError, match="runs already"):
        component.start()
    assert component.healthy()


def test_secrets_are_their_owners_only(component: Component) -> None:
    kept = [*component.folder.glob("*.secret"), *component.folder.glob("tls/*key*")]
    kept += [component.folder / "server.properties", component.folder / "users.sql"]
    for path in filter(Path.exists, kept):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_port_of_others_is_named(tmp_path: Path) -> None:
    made = Kinesalite(tmp_path, free=True)
    with (
        socket.create_server(("127.0.0.1", made.ports[0])),
        pytest.raises(ComponentError, match=f"another process listens on port {made.ports[0]}"),
    ):
        made.start()


def test_what_a_server_said_before_it_ended_is_told(tmp_path: Path) -> None:
    class Broken(Kinesalite):
        def command(self) -> list[str]:
            return ["sh", "-c", "echo no such luck; exit 3"]

    with pytest.raises(ComponentError, match=r"(?s)ended with 3; .*no such luck"):
        Broken(tmp_path, free=True).start()


def test_helpers_that_a_server_leaves_behind_are_ended(tmp_path: Path) -> None:
    class Leaves(Kinesalite):
        def command(self) -> list[str]:
            deaf = "trap '' TERM; while :; do sleep 1; done"
            return ["sh", "-c", f'setsid sh -c "{deaf}" & sleep 60']

        def answers(self) -> bool:
            return len(self.pids()) > 1

    made = Leaves(tmp_path, free=True)
    made.start()
    made.stop()
    assert made.pids() == []


@pytest.mark.parametrize(
    ("kind", "pins"),
    [
        (Kafka, "kafka/pom.xml"),
        (LocalStack, "localstack.txt"),
        (Kinesalite, "node/package-lock.json"),
    ],
)
def test_the_version_that_is_told_is_the_one_installed(kind: type[Component], pins: str) -> None:
    version = kind.what.split()[-2 if kind.what.endswith(")") else -1]
    assert version in Path(CHECKOUT, ".ci", "components", pins).read_text(encoding="utf-8")
    (line,) = (line for line in README.read_text().splitlines() if f"| {version} |" in line)
    assert str(kind.fixed_ports[0]) in line


def test_free_ports_differ() -> None:
    assert len(set(free_ports(50))) == 50


# ---- the command -------------------------------------------------------------------------------


def command(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Calls it in a process of its own, as make does."""
    return subprocess.run(
        [sys.executable, "-m", "support.components", *words, "--state", str(state)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_starts_says_and_stops(tmp_path: Path) -> None:
    env = tmp_path / "env"
    try:
        started = command(tmp_path, "up", "kinesalite", "--free")
        assert "kinesalite   kinesalite 3.3.3: healthy after" in started.stdout, started.stderr
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        told = subprocess.run(
            ["sh", "-c", f". {env}; echo $PINLAKE_TEST_KINESALITE"], capture_output=True, text=True
        )
        assert told.stdout.strip() == Kinesalite(tmp_path).endpoint
        assert "runs already" in command(tmp_path, "up", "kinesalite").stdout
        said = command(tmp_path, "status", "kinesalite")
        assert (said.returncode, " healthy " in said.stdout) == (0, True)
        assert command(tmp_path, "status").returncode == 1
    finally:
        stopped = command(tmp_path, "down")
    assert "kinesalite   stopped" in stopped.stdout
    assert "mariadb      did not run" in stopped.stdout
    assert not env.exists()
    assert Kinesalite(tmp_path).pids() == []


def test_the_command_leaves_processes_of_others_alone(tmp_path: Path) -> None:
    made = Kinesalite(tmp_path)
    made.folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        Path(made.folder, "pid").write_text(str(other.pid))
        command(tmp_path, "down")
        assert other.poll() is None
        other.kill()


def test_a_component_that_is_none_is_refused(tmp_path: Path) -> None:
    said = command(tmp_path, "up", "redis")
    assert (said.returncode, "no component redis" in said.stderr) == (2, True)
