"""Named points at which a run can be made to die, for tests of what the next run does.

`PINLAKE_FAULT=after-merge` kills this process (SIGKILL, no clean-up) once that step is done;
`PINLAKE_FAULT=after-merge:geo` only in a run of that kind; `PINLAKE_FAULT=@file` what that file
says by then, if it is there: Spark's processes keep the environment that they were started with.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

POINTS = ("after-plan", "after-stage", "after-merge", "after-quarantine", "after-books")
# Of a stream's micro-batch.
STREAM_POINTS = ("after-stage", "after-merge", "after-quarantine", "before-commit")
VARIABLE = "PINLAKE_FAULT"


def fault(point: str, kind: str = "") -> None:
    """Dies here if the environment says so."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted.startswith("@"):
        file = Path(wanted[1:])
        wanted = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    if wanted in (point, f"{point}:{kind}"):
        os.kill(os.getpid(), signal.SIGKILL)
