"""A made-up secret in every credential: it shows up nowhere."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

from support.api import api
from support.cli import EXECUTABLE, STAND_IN, environment, pinlake
from support.components import Kafka, Kinesalite, LocalStack

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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def sends_and_shows_nothing(folder: Path, to: str, env: Mapping[str, str | None]) -> None:
    """An emulation that ends well: what it says, tells Prometheus and writes has no canary."""
    port = free_port()
    words = ("emulate", "--to", to, "--user-id", "canary", "--count", "40", "--rate", "20")
    more = ("--ledger", "run.ledger", "--json", "--metrics-port", str(port))
    metrics, listed = "", ""
    with (
        Path(folder, "out").open("wb") as out,
        subprocess.Popen(
            [EXECUTABLE, *words, *more],
            cwd=folder,
            env=environment({**env, "PINLAKE_DEBUG": "1"}),
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as running,
    ):
        while running.poll() is None:
            listed += processes()
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics") as told:
                metrics += told.read().decode()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.2)
    places = {path.name: path.read_text("latin-1") for path in folder.iterdir() if path.is_file()}
    assert running.returncode == 0, places["out"]
    assert '"written":' in places["out"]
    assert "pinlake_emulate_posts_total" in metrics
    for what, text in {**places, "metrics": metrics, "processes": listed}.items():
        assert CANARY not in text, what


def test_a_run_by_msk_iam_with_a_session_token_shows_nothing(kafka: Kafka, tmp_path: Path) -> None:
    text = (
        f'[kafka]\nsecurity = "msk-iam"\nregion = "{kafka.region}"\n'
        f'ca = "{kafka.certificate.authority}"\n'
    )
    Path(tmp_path, "pinlake.toml").write_text(text, encoding="utf-8")
    env = {
        **STAND_IN,
        "AWS_ACCESS_KEY_ID": kafka.access_key,
        "AWS_SECRET_ACCESS_KEY": kafka.secret_key,
        "AWS_SESSION_TOKEN": CANARY,
    }
    to = f"kafka://{kafka.iam}"
    made = pinlake("topics", "create", "--at", to, "--user-id", "canary", cwd=tmp_path, env=env)
    assert made.returncode == 0, made.stderr
    sends_and_shows_nothing(tmp_path, to, env)


def test_a_run_into_kinesis_with_a_session_token_shows_nothing(
    kinesalite: Kinesalite, tmp_path: Path
) -> None:
    text = f'[kinesis]\nendpoint = "{kinesalite.endpoint}"\n'
    Path(tmp_path, "pinlake.toml").write_text(text, encoding="utf-8")
    secret = f"secret-{CANARY}"
    env = {**STAND_IN, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": CANARY}
    to = "kinesis://us-east-1"
    made = pinlake("streams", "create", "--at", to, "--user-id", "canary", cwd=tmp_path, env=env)
    assert made.returncode == 0, made.stderr
    sends_and_shows_nothing(tmp_path, to, env)


def test_a_run_through_the_api_with_its_key_shows_nothing(
    localstack: LocalStack, tmp_path: Path
) -> None:
    env = {**STAND_IN, "PINLAKE_GATEWAY_KEY": CANARY}
    with api(localstack) as url:
        to = f"gateway+{url}"
        of = ("--at", to, "--user-id", "canary")
        made = pinlake("streams", "create", *of, cwd=tmp_path, env=env)
        assert made.returncode == 0, made.stderr
        sends_and_shows_nothing(tmp_path, to, env)
        pinlake("streams", "delete", *of, cwd=tmp_path, env=env)
