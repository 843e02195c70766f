"""A server with a state folder, ports, a log and a health check."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

from support.components.process import (
    bare_environment,
    end,
    free_ports,
    listens,
    marked,
    send,
    spawn,
    wait_until,
)

CHECKOUT = Path(__file__).resolve().parents[3]
_TAIL = 15


class ComponentError(RuntimeError):
    """A component cannot be started; its message says what to do."""


class Component(ABC):
    """A real server on loopback. Its state folder keeps what it needs to start again."""

    name: ClassVar[str]
    what: ClassVar[str]
    """The product and its version."""
    fixed_ports: ClassVar[tuple[int, ...]]
    patience: ClassVar[float] = 60.0
    """Seconds until it must be healthy."""
    grace: ClassVar[float] = 20.0
    """Seconds that it may take to end by itself."""

    def __init__(self, root: Path, *, free: bool = False) -> None:
        """In `root/<name>`; if it never started, on `free` ports or on the fixed ones."""
        self.folder = root.resolve() / self.name
        self.log = self.folder / "log"
        self._pid = self.folder / "pid"
        self._child: subprocess.Popen[bytes] | None = None
        kept = self.folder / "ports"
        if kept.exists():
            self.ports: Sequence[int] = json.loads(kept.read_text(encoding="utf-8"))
        else:
            self.ports = free_ports(len(self.fixed_ports)) if free else self.fixed_ports

    @property
    @abstractmethod
    def addresses(self) -> dict[str, str]:
        """What a client has to know, as environment variables."""

    @abstractmethod
    def prepare(self) -> None:
        """Writes what the server reads; the first time makes what it keeps."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts the server, in its state folder."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server answers a request; an OSError means no."""

    def environment(self) -> dict[str, str]:
        """The server's environment variables."""
        return bare_environment(self.folder)

    def start(self) -> None:
        """Starts the server and waits until it is healthy.

        Raises `ComponentError` if it runs, if others have its ports, or if it does not come up.
        """
        if self.pids():
            raise ComponentError(f"{self.name} runs already, in {self.folder}")
        for port in self.ports:
            if listens(port):
                raise ComponentError(f"{self.name}: another process listens on port {port}")
        self.folder.mkdir(parents=True, exist_ok=True)
        Path(self.folder, "ports").write_text(json.dumps(list(self.ports)), encoding="utf-8")
        self.prepare()
        self._child = spawn(
            self.command(),
            mark=str(self.folder),
            folder=self.folder,
            env=self.environment(),
            log=self.log,
        )
        self._pid.write_text(str(self._child.pid), encoding="utf-8")
        self._await(self._child)

    def healthy(self) -> bool:
        """Whether the server runs and answers."""
        try:
            return bool(self.pids()) and self.answers()
        except OSError:
            return False

    def stop(self) -> None:
        """Ends the server and all that it started, which leaves its data in order."""
        server = int(self._pid.read_text(encoding="utf-8")) if self._pid.exists() else None
        end(str(self.folder), server, self.grace)
        self._gone()

    def kill(self) -> None:
        """Ends the server at once, as a machine does that loses its power."""
        send(signal.SIGKILL, self.pids())
        wait_until(lambda: not self.pids(), self.grace)
        self._gone()

    def restart(self) -> None:
        """Starts the server anew, on the same ports and data."""
        self.stop()
        self.start()

    def pids(self) -> list[int]:
        """Ids of the server's process and of those that it started."""
        return marked(str(self.folder))

    def run(self, words: Sequence[str]) -> None:
        """Runs a tool of the component to its end; its output goes to the log."""
        with self.log.open("ab") as out:
            done = subprocess.run(
                words, cwd=self.folder, env=self.environment(), stdout=out, stderr=out
            )
        if done.returncode != 0:
            raise ComponentError(self._failure(f"{Path(words[0]).name} failed"))

    def secret(self, name: str) -> str:
        """A made-up password, the same each time; only the folder's owner can read it."""
        kept = self.folder / f"{name}.secret"
        if not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_private(kept, secrets.token_hex(12))
        return kept.read_text(encoding="utf-8")

    def _await(self, child: subprocess.Popen[bytes]) -> None:
        wait_until(lambda: child.poll() is not None or self.healthy(), self.patience)
        if child.poll() is not None:
            failure = f"{self.name} ended with {child.returncode}"
        elif not self.healthy():
            failure = f"{self.name} was not healthy after {self.patience:.0f} s"
        else:
            return
        self.stop()
        raise ComponentError(self._failure(failure))

    def _failure(self, said: str) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
        return "\n  ".join([f"{said}; {self.log} ends with", *lines])

    def _gone(self) -> None:
        self._pid.unlink(missing_ok=True)
        if self._child is not None:
            self._child.wait()
            self._child = None


C = TypeVar("C", bound=Component)


@contextmanager
def running(component: C) -> Iterator[C]:
    """A component for as long as it is needed."""
    try:
        component.start()
        yield component
    finally:
        component.stop()


def installed(place: str) -> Path:
    """What `.ci/setup.sh components` put into the checkout."""
    path = CHECKOUT / place
    if not path.exists():
        raise ComponentError(f"{place} is missing: .ci/setup.sh components")
    return path


def program(name: str) -> str:
    """A program of this machine; servers of Debian's packages are not on every user's path."""
    path = os.environ.get("PATH", os.defpath)
    found = shutil.which(name, path=f"{path}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ComponentError(f"there is no {name}: .ci/setup.sh components")
    return found


def java() -> str:
    """The Java to start servers with."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else program("java")


def write_private(path: Path, text: str) -> None:
    """Writes a file that nobody but its owner can read, at no moment."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
