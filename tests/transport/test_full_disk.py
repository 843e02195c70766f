"""A disk that fills up under the ledger: one clear line, and nothing is lost by it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

from support.cli import EXECUTABLE, environment, pinlake

POSTS = 20_000
# A disk of so many KiB is full before the ledger of these posts ends.
DISK = 1500


def refused_for_room(folder: Path, script: str) -> None:
    """Runs a script that mounts a disk on `small`, seen by nobody else and gone with the shell;
    fails unless it ends as a command that found no room for its ledger."""
    Path(folder, "small").mkdir()
    unshare = shutil.which("unshare")
    assert unshare, "no unshare here; on Debian: apt-get install util-linux"
    done = subprocess.run(
        [unshare, "--mount", "--map-root-user", "sh", "-c", script],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    (said,) = (line for line in done.stderr.splitlines() if line.startswith("pinlake: "))
    assert "small/run.ledger" in said
    assert "make room there" in said


def test_a_run_whose_ledger_finds_no_room_is_gone_on_with(tmp_path: Path) -> None:
    words = ("--to", "landing:./landing", "--count", str(POSTS))
    emulate = shlex.join([str(EXECUTABLE), "emulate", *words, "--ledger", "small/run.ledger"])
    script = (
        f"mount -t tmpfs -o size={DISK}k tmpfs small || exit 99; {emulate}; code=$?; "
        "cp small/run.ledger run.ledger; exit $code"
    )
    refused_for_room(tmp_path, script)
    # What did not fit as a whole is cut off again.
    assert 0 < Path(tmp_path, "run.ledger").stat().st_size < DISK << 10
    told = pinlake(
        *("verify", "--ledger", "run.ledger", "--against", "landing:./landing", "--json"),
        cwd=tmp_path,
    )
    assert json.loads(told.stdout)["unexplained"] == 0, told.stdout

    again = pinlake("emulate", *words, "--ledger", "run.ledger", "--resume", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    judged = ("verify", "--ledger", "run.ledger", "--against", "landing:./landing", "--json")
    verdict = json.loads(pinlake(*judged, cwd=tmp_path).stdout)
    assert verdict["unexplained"] == verdict["unsettled"] == 0
    assert verdict["sent"] == verdict["arrived"] == 3 * POSTS


def test_a_ledger_that_finds_no_room_for_its_header_can_be_begun_again(tmp_path: Path) -> None:
    words = ("--to", "landing:./landing", "--count", "1", "--ledger", "small/run.ledger")
    emulate = shlex.join([str(EXECUTABLE), "emulate", *words])
    script = (
        "mount -t tmpfs -o size=16k tmpfs small || exit 99; dd if=/dev/zero of=small/full bs=16k "
        f"count=1 2>/dev/null; {emulate}; code=$?; ls -A small >left; rm small/full; "
        f"{emulate} || exit 98; exit $code"
    )
    refused_for_room(tmp_path, script)
    assert Path(tmp_path, "left").read_text(encoding="utf-8") == "full\n"
