"""A made-up secret in every credential: it shows up nowhere."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.cli import EXECUTABLE, environment
from support.components import Kafka

CANARY = "canary-5e1f"


def processes() -> str:
    """The words of all processes of this machine."""
    words = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words.append(entry.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(words)


@pytest.mark.parametrize(
    ("target", "settings", "secrets"),
    [
        (
            "kafka://{scram}",
            '[kafka]\nsecurity = "scram-sha-512"\n"log_level" = "7"\ndebug = "security,broker"',
            {"PINLAKE_KAFKA_USERNAME": "pinlake", "PINLAKE_KAFKA_PASSWORD": CANARY},
        ),
        (
            "kafka://{iam}",
            '[kafka]\nsecurity = "msk-iam"\nca = "{ca}"\nregion = "us-east-1"\n"log_level" = "7"',
            {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": CANARY},
        ),
        (
            "kinesis://us-east-1",
            '[kinesis]\nendpoint = "http://127.0.0.1:9"',
            {"AWS_ACCESS_KEY_ID": f"id-{CANARY}", "AWS_SECRET_ACCESS_KEY": CANARY},
        ),
        (
            "firehose://us-east-1/name",
            '[firehose]\nendpoint = "http://127.0.0.1:9"',
            {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": CANARY,
                "AWS_SESSION_TOKEN": CANARY,
            },
        ),
        ("gateway+http://127.0.0.1:9/prod", "", {"PINLAKE_GATEWAY_KEY": CANARY}),
        (
            "landing:s3://bucket",
            '[storage]\nendpoint = "http://127.0.0.1:9"\nallow_http = "true"',
            {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": CANARY},
        ),
    ],
    ids=["scram", "iam", "kinesis", "firehose", "gateway", "s3"],
)
def test_no_output_no_file_and_no_process_shows_it(
    kafka: Kafka, tmp_path: Path, target: str, settings: str, secrets: Mapping[str, str]
) -> None:
    names = {
        "scram": kafka.scram,
        "iam": kafka.iam,
        "ca": str(kafka.certificate.authority),
    }
    text = settings.format(**names) if settings else ""
    Path(tmp_path, "pinlake.toml").write_text(text + "\n", encoding="utf-8")
    words = [EXECUTABLE, "emulate", "--to", target.format(**names), "--ledger", "run.ledger"]
    env = environment({**secrets, "AWS_EC2_METADATA_DISABLED": "true", "PINLAKE_DEBUG": "1"})
    with subprocess.Popen(
        [*words, "--count", "3"],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        seen = ""
        while running.poll() is None:
            seen += processes()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.2)
        said = running.stdout.read() if running.stdout else ""
    assert running.returncode == 2, said
    assert "Error" in said
    assert str(EXECUTABLE) in seen
    for place in (said, seen, *(path.read_text("latin-1") for path in tmp_path.iterdir())):
        assert CANARY not in place
