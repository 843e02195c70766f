"""`python -m support.components up|down|status`: components that stay until they are stopped."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

from support.components import ALL, Component, ComponentError
from support.components.component import CHECKOUT, write_private


def up(components: list[Component], root: Path) -> int:
    """Starts those that do not run, and writes what clients need."""
    for component in components:
        began = time.monotonic()
        started = not component.healthy()
        if started:
            # What is left of one that is not well.
            component.stop()
            component.start()
        took = f"healthy after {time.monotonic() - began:.1f} s" if started else "runs already"
        print(f"{component.name:<12} {component.what}: {took}")
    env = write_env(root)
    print(f"Where they are and what they ask for stands in {env}; to use them: . {env}")
    return 0


def down(components: list[Component], root: Path) -> int:
    """Stops those that run."""
    for component in components:
        ran = bool(component.pids())
        component.stop()
        print(f"{component.name:<12} {'stopped' if ran else 'did not run'}")
    write_env(root)
    return 0


def status(components: list[Component], root: Path) -> int:
    """Says which run, and where; 1 if one does not."""
    for component in components:
        down = "not healthy" if component.pids() else "stopped"
        state = "healthy" if component.healthy() else down
        ports = ", ".join(map(str, component.ports))
        print(f"{component.name:<12} {state:<12} ports {ports}  log {component.log}")
    return 0 if all(component.healthy() for component in components) else 1


def write_env(root: Path) -> Path:
    """What clients of the running ones need, for a shell to read; without any, no file."""
    env = root / "env"
    running = [made for made in (kind(root) for kind in ALL) if made.pids()]
    pairs = [pair for component in running for pair in component.addresses.items()]
    if pairs:
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in pairs)
        write_private(env, "".join(lines))
    else:
        env.unlink(missing_ok=True)
    return env


def main(words: list[str] | None = None) -> int:
    """The command."""
    verbs = {"up": up, "down": down, "status": status}
    parser = argparse.ArgumentParser(prog="support.components", description=__doc__)
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("names", nargs="*", metavar="name", help="all without any")
    parser.add_argument("--state", type=Path, default=CHECKOUT / ".services", help="a folder")
    parser.add_argument("--free", action="store_true", help="on free ports, not the fixed ones")
    given = parser.parse_args(words)
    unknown = set(given.names) - {kind.name for kind in ALL}
    if unknown:
        parser.error(f"no component {', '.join(sorted(unknown))}")
    chosen = [kind for kind in ALL if not given.names or kind.name in given.names]
    components = [kind(given.state, free=given.free) for kind in chosen]
    try:
        return verbs[given.verb](components, given.state)
    except ComponentError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
