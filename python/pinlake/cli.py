"""The command line: `pinlake VERB …`, over the same functions that Python calls.

Data goes to stdout, messages to stderr. Exit code 0: fine; 1: findings; 2: cannot start or go
on; 130: stopped by Ctrl-C; 141: the reader of stdout went away.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from pinlake._cli import (
    analyse,
    check,
    clean,
    config,
    demo,
    doctor,
    emulate,
    load,
    maintain,
    replay,
    report,
    stream,
    streams,
    topics,
    verify,
)
from pinlake._cli import run as run_verb

FINDINGS = 1
CANNOT = 2
STOPPED = 130
NO_READER = 141

app = typer.Typer(
    name="pinlake",
    no_args_is_help=False,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from pinlake._core import __version__

        print(f"pinlake {__version__}")
        raise typer.Exit(0)


@app.callback(invoke_without_command=True)
def _pinlake(
    ctx: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From Pinterest posts to clean Delta tables whose books balance.

    Start with 'pinlake demo'; 'pinlake doctor' says what this machine lacks for it. Settings
    can stand in pinlake.toml; PINLAKE_DEBUG=1 adds the traceback to an error.
    """
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


_VERBS = (
    demo,
    doctor,
    config,
    emulate,
    load,
    topics,
    streams,
    check,
    verify,
    clean,
    run_verb,
    stream,
    replay,
    analyse,
    report,
    maintain,
)
for _verb in _VERBS:
    _verb.register(app)


def main() -> None:
    """The `pinlake` command."""
    code = run(sys.argv[1:])
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code and never raises for what a user can cause."""
    try:
        code = app(list(arguments), prog_name="pinlake", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _stopped()
    except (BrokenPipeError, SystemExit):  # Typer makes the second of the first
        return _no_reader()
    except Exception as error:
        return _failed(error)
    if code == STOPPED:  # how Typer reports a Ctrl-C
        return _stopped()
    return code if isinstance(code, int) else 0


def _stopped() -> int:
    _say("stopped")
    return STOPPED


def _no_reader() -> int:
    # The interpreter flushes stdout once more on its way out, into nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return NO_READER


def _failed(error: Exception) -> int:
    from pinlake.errors import PinlakeError, QualityError, one_line

    if os.environ.get("PINLAKE_DEBUG") == "1":
        traceback.print_exception(error)
    if type(error).__name__ == "Abort":  # Ctrl-C at a prompt
        return _stopped()
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        _say(_usage(error))
        return CANNOT
    if isinstance(error, PinlakeError | OSError):
        _say(one_line(error))
        return FINDINGS if isinstance(error, QualityError) else CANNOT
    first = one_line(error).split(" at org.apache.")[0][:500]
    _say(f"unexpected {type(error).__name__}: {first} (PINLAKE_DEBUG=1 shows where)")
    return CANNOT


def _usage(error: Exception) -> str:
    """A wrong option or argument as one line with the way to the help."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "pinlake"
    told = " ".join(str(error.format_message()).split())  # type: ignore[attr-defined]
    return f"{told.rstrip('.')}; see '{path} --help'"


def _say(text: str) -> None:
    try:
        print(f"pinlake: {text}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
