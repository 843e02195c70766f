"""Named points at which a run can be made to die, for tests of what the next run does.

`PINLAKE_FAULT=after-merge` kills this process (SIGKILL, no clean-up) once that step is done;
`PINLAKE_FAULT=after-merge:geo` only in a run of that kind.
"""

from __future__ import annotations

import os
import signal

POINTS = ("after-plan", "after-stage", "after-merge", "after-quarantine", "after-books")
VARIABLE = "PINLAKE_FAULT"


def fault(point: str, kind: str = "") -> None:
    """Dies here if the environment says so."""
    wanted = os.environ.get(VARIABLE)
    if wanted in (point, f"{point}:{kind}"):
        os.kill(os.getpid(), signal.SIGKILL)
