"""`pinlake doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pinlake._cli.common import ConfigFile, Json, examples, print_json, tell

EPILOG = examples("pinlake doctor", "pinlake doctor --json", "pinlake doctor --jars jars")
_COLOURS = {"ok": "green", "optional": "yellow", "missing": "red"}


def doctor(
    *,
    jars: Annotated[
        Path | None,
        typer.Option(
            "--jars", metavar="FOLDER", help="First put the jars of this PySpark into FOLDER."
        ),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Say what this machine has and lacks: Java, Spark, jars, credentials, endpoints.

    Exit code 1 if something is missing; each such line ends with its remedy. `--jars` fetches
    Delta's jars for `PINLAKE_JARS`, and what reads `s3a://` into FOLDER/s3 where it is known.
    """
    from pinlake import _doctor
    from pinlake.config import Config, read
    from pinlake.errors import PinlakeError, one_line

    if jars is not None:
        _doctor.fetch_jars(jars)
        tell(f"{jars}: jars of this PySpark; use them with PINLAKE_JARS={jars}")
    settings: Config | None = None
    problem = ""
    try:
        settings = read(file=config)
    except (PinlakeError, OSError) as error:
        problem = one_line(error)
    findings = _doctor.examine(settings, problem)
    if json:
        print_json(_doctor.as_json(findings))
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            state = typer.style(f"{finding.state:8}", fg=_COLOURS[finding.state])
            remedy = f" -> {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{state}  {finding.what:{width}}  {finding.found}{remedy}")
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command(epilog=EPILOG, short_help="Say what this machine has and lacks.")(doctor)
