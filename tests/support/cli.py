"""The real `pinlake` executable in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# Credentials that stand-ins for AWS take, and nothing else of the chain.
STAND_IN: Mapping[str, str | None] = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

EXECUTABLE = Path(sys.executable).with_name("pinlake")


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment without settings of pinlake or AWS; `extra` over it."""
    own = ("PINLAKE_JARS", "PINLAKE_DATA")
    env = {
        name: value
        for name, value in os.environ.items()
        if name in own or not name.startswith(("PINLAKE_", "AWS_"))
    }
    env.update(TERM="dumb", COLUMNS="100")
    for name, value in (extra or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def pinlake(
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes = b"",
    timeout: float = 900,
) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    done = subprocess.run(
        [EXECUTABLE, *map(str, arguments)],
        cwd=cwd,
        env=environment(env),
        input=stdin,
        capture_output=True,
        timeout=timeout,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that could not start or go on; fails if it is more or less."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("pinlake: ")]
    assert len(said) == 1, done.stderr
    return said[0]
