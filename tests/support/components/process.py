"""Processes: started in a session of their own, known by a mark, ended by their ids."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
# In the environment of all that a component starts, and so of all that this starts: an id alone may
# be another process's by now, and helpers of a server leave its session.
MARK = "PINLAKE_TEST_COMPONENT"
# Below those that Linux gives to outgoing connections: while a server is down, its port would be
# taken by one of them, even by a client of it that connects to itself.
_PORTS = range(20_000, 32_000)
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "JAVA_HOME")
_GLANCE = 0.05
# Seconds for helpers that a server left behind, and for the system to take a killed process away.
_SOON = 3.0


def bare_environment(home: Path) -> dict[str, str]:
    """This machine's environment without settings and credentials of whoever starts a server."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": str(home)}


def spawn(
    words: Sequence[str], *, mark: str, folder: Path, env: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Starts a server that outlives this process and hears nothing of its terminal."""
    with log.open("ab") as out:
        return subprocess.Popen(
            words,
            cwd=folder,
            env={**env, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def marked(mark: str) -> list[int]:
    """Ids of the living processes with this mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # Other people's are closed to us, some end meanwhile; of one that ended it is empty.
        with suppress(OSError):
            if wanted in Path(folder, "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return sorted(found)


def end(mark: str, server: int | None, grace: float) -> None:
    """Ends all processes with a mark: the server by itself, then what it left, then by force."""
    if server in marked(mark):
        send(signal.SIGTERM, [server])
        wait_until(lambda: server not in marked(mark), grace)
    for last in (signal.SIGTERM, signal.SIGKILL):
        left = marked(mark)
        if not left:
            return
        send(last, left)
        wait_until(lambda: not marked(mark), _SOON)


def send(what: signal.Signals, pids: Iterable[int | None]) -> None:
    """Sends a signal to those that are still there."""
    for pid in filter(None, pids):
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(_GLANCE)
    return True


def listens(port: int) -> bool:
    """Whether anybody listens on a port of loopback."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=2):
        return True
    return False


def asks(port: int, path: str) -> int:
    """The HTTP status that a server gives; an OSError if it gives none."""
    # Not by urllib, which would send it to whatever proxy the environment names.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise ConnectionError(f"port {port} speaks no HTTP") from error
    finally:
        connection.close()


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            break
        with suppress(OSError), socket.create_server((LOOPBACK, port)):
            found.append(port)
    return found
