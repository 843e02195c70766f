"""Emulator, ledger, verify, topics and check with a real broker, as a user types them."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from support.api import client
from support.cli import EXECUTABLE, STAND_IN, environment, pinlake, refusal
from support.components import Kafka, LocalStack

KINDS = ("pin", "geo", "user")


@pytest.fixture
def user(kafka: Kafka, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A user id of the test's own, whose topics are there."""
    name = f"u{abs(hash(request.node.name)) % 10**9}"
    made = pinlake("topics", "create", *at(kafka), "--user-id", name, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    yield name
    pinlake("topics", "delete", *at(kafka), "--user-id", name, cwd=tmp_path)


def at(kafka: Kafka) -> tuple[str, str]:
    return ("--at", f"kafka://{kafka.plain}")


def emulate(kafka: Kafka, user: str, *more: str) -> tuple[str, ...]:
    to = ("--to", f"kafka://{kafka.plain}", "--user-id", user, "--ledger", "run.ledger")
    return ("emulate", *to, "--json", *more)


def verdict(kafka: Kafka, folder: Path) -> dict[str, Any]:
    against = ("--against", f"kafka://{kafka.plain}")
    done = pinlake("verify", "--ledger", "run.ledger", *against, "--json", cwd=folder)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if found["unexplained"] else 0)
    return found


def test_the_real_tables_arrive_record_for_record(
    kafka: Kafka, user: str, tmp_path: Path, real_data: Path
) -> None:
    done = pinlake(*emulate(kafka, user, "--from", str(real_data / "real")), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kinds"] == {"pin": 2019, "geo": 11154, "user": 11154}
    assert (report["failed"], report["unknown"], report["ended"]) == (0, 0, "source")
    found = verdict(kafka, tmp_path)
    assert found["unexplained"] == 0
    assert found["sent"] == found["arrived"] == found["seen"] == 2019 + 2 * 11154

    checked = pinlake(
        "check", "--from", f"kafka://{kafka.plain}", "--user-id", user, "--out", "c", cwd=tmp_path
    )
    assert checked.returncode == 0, checked.stderr
    for kind, count in report["kinds"].items():
        consumed = json.loads(Path(tmp_path, "c", f"{kind}_consumer.json").read_text("utf-8"))
        assert len(consumed) == count
        assert {one["topic"] for one in consumed} == {f"{user}.{kind}"}
        assert all(
            str(one["value"].get("index", one["value"].get("ind"))) == one["key"]
            for one in consumed
        )
        places = {(one["partition"], one["offset"]) for one in consumed}
        assert len(places) == count


def length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def until_it_sends(run: subprocess.Popen[bytes], ledger: Path, begun_at: int = 0) -> None:
    """Waits until a run's ledger grows: what comes before is an interpreter that starts."""
    while run.poll() is None and length(ledger) <= begun_at + 4096:
        time.sleep(0.01)


def test_a_broker_that_is_killed_loses_and_doubles_nothing(
    kafka: Kafka, user: str, tmp_path: Path
) -> None:
    words = emulate(kafka, user, "--count", "34000", "--rate", "6000", "--order", "sequential")
    with subprocess.Popen(
        [EXECUTABLE, *words], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE
    ) as run:
        until_it_sends(run, Path(tmp_path, "run.ledger"))
        for _ in range(2):
            time.sleep(2)
            kafka.kill()
            kafka.start()
        told, _ = run.communicate(timeout=300)
    assert run.returncode == 0
    report = json.loads(told)
    assert (report["written"], report["failed"], report["unknown"]) == (102_000, 0, 0)
    found = verdict(kafka, tmp_path)
    assert found["unexplained"] == 0, found
    assert found["seen"] == 102_000
    assert found["repeats"] == 0
    check = ("check", "--from", f"kafka://{kafka.plain}", "--user-id", user, "--out", "c")
    assert pinlake(*check, cwd=tmp_path).returncode == 0
    for kind in KINDS:
        consumed = json.loads(Path(tmp_path, "c", f"{kind}_consumer.json").read_text("utf-8"))
        for partition in {one["partition"] for one in consumed}:
            own = [one for one in consumed if one["partition"] == partition]
            own.sort(key=lambda one: int(one["offset"]))
            keys = [int(one["key"]) for one in own]
            assert keys == sorted(keys), (kind, partition)


@pytest.mark.parametrize(
    ("posts", "kills", "rate"),
    [(20_000, 4, 3000), pytest.param(100_000, 30, 2000, marks=pytest.mark.long)],
)
def test_an_emulator_that_is_killed_goes_on_where_it_was(
    kafka: Kafka, user: str, tmp_path: Path, posts: int, kills: int, rate: int
) -> None:
    chance = random.Random(posts)
    faults = [f"--fault={name}=0.01" for name in ("duplicate", "late", "drop", "corrupt")]
    words = emulate(kafka, user, "--count", str(posts), "--rate", str(rate), *faults)
    ledger = Path(tmp_path, "run.ledger")
    resume: tuple[str, ...] = ()
    for _ in range(kills):
        begun_at = length(ledger)
        with subprocess.Popen(
            [EXECUTABLE, *words, *resume], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE
        ) as run:
            until_it_sends(run, ledger, begun_at)
            time.sleep(chance.uniform(0.0, 1.5))
            run.send_signal(signal.SIGKILL)
        assert run.returncode == -signal.SIGKILL
        resume = ("--resume",)
    done = pinlake(*words, *resume, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = verdict(kafka, tmp_path)
    assert found["unexplained"] == 0, found
    assert found["unsettled"] == 0
    assert found["sent"] == found["arrived"]
    assert found["seen"] == found["arrived"] + found["repeats"]
    assert found["withheld"] > 0
    size = Path(tmp_path, "run.ledger").stat().st_size
    assert size < 64 * found["sent"]


def test_a_password_is_taken_from_the_environment_and_shown_nowhere(
    kafka: Kafka, user: str, tmp_path: Path
) -> None:
    settings = '[kafka]\nsecurity = "scram-sha-512"\ntls = false\n'
    Path(tmp_path, "pinlake.toml").write_text(settings, encoding="utf-8")
    Path(tmp_path, "password").write_text(kafka.password + "\n", encoding="utf-8")
    to = ("--to", f"kafka://{kafka.scram}", "--user-id", user, "--count", "50")
    env = {"PINLAKE_KAFKA_USERNAME": kafka.user}
    good = pinlake(
        *("emulate", *to, "--ledger", "run.ledger"),
        cwd=tmp_path,
        env={**env, "PINLAKE_KAFKA_PASSWORD_FILE": str(tmp_path / "password")},
    )
    assert good.returncode == 0, good.stderr
    assert kafka.password.encode() not in Path(tmp_path, "run.ledger").read_bytes()
    assert kafka.password not in good.stdout + good.stderr
    canary = "canary-7f3a"
    wrong = refusal(
        pinlake("emulate", *to, cwd=tmp_path, env={**env, "PINLAKE_KAFKA_PASSWORD": canary})
    )
    assert "Authentication failed" in wrong
    assert canary not in wrong
    missing = refusal(pinlake("emulate", *to, cwd=tmp_path, env=env))
    assert "PINLAKE_KAFKA_PASSWORD" in missing


def test_a_password_is_taken_from_env_files_and_secrets_of_aws(
    kafka: Kafka, localstack: LocalStack, user: str, tmp_path: Path
) -> None:
    toml = '[kafka]\nsecurity = "scram-sha-512"\ntls = false\n'
    Path(tmp_path, "pinlake.toml").write_text(toml, encoding="utf-8")
    words = ("emulate", "--to", f"kafka://{kafka.scram}", "--user-id", user, "--count", "5")
    held = {"PINLAKE_KAFKA_USERNAME": kafka.user, "PINLAKE_KAFKA_PASSWORD": kafka.password}
    lines = [f"{name}='{value}'\n" for name, value in held.items()]
    Path(tmp_path, ".env").write_text("".join(lines), encoding="utf-8")
    assert pinlake(*words, cwd=tmp_path).returncode == 0
    Path(tmp_path, ".env").unlink()
    secrets = client(localstack, "secretsmanager")
    text = json.dumps({"username": kafka.user, "password": kafka.password})
    secrets.create_secret(Name="AmazonMSK_pins", SecretString=text)
    toml += 'secret = "AmazonMSK_pins"\n'
    Path(tmp_path, "pinlake.toml").write_text(toml, encoding="utf-8")
    done = pinlake(*words, cwd=tmp_path, env={**localstack.addresses})
    assert done.returncode == 0, done.stderr
    assert kafka.password not in done.stdout + done.stderr


def test_msk_iam_works_for_every_verb_and_outlives_its_tokens(kafka: Kafka, tmp_path: Path) -> None:
    where = f"kafka://{kafka.iam}"
    settings = (
        f'[kafka]\nsecurity = "msk-iam"\nregion = "{kafka.region}"\n'
        f'ca = "{kafka.certificate.authority}"\n"lifetime.seconds" = 12\n'
    )
    Path(tmp_path, "pinlake.toml").write_text(settings, encoding="utf-8")
    env = iam(kafka)
    made = pinlake("topics", "create", "--at", where, "--user-id", "iam", cwd=tmp_path, env=env)
    assert made.returncode == 0, made.stderr
    # Longer than two tokens' life: the broker ends a connection whose token is over. A token is
    # made anew when a fifth of its life is left, which a busy machine may sleep through if short.
    words = ("emulate", "--to", where, "--user-id", "iam", "--count", "6000", "--rate", "230")
    sent = pinlake(*words, "--ledger", "run.ledger", "--json", cwd=tmp_path, env=env)
    assert sent.returncode == 0, sent.stderr
    report = json.loads(sent.stdout)
    assert (report["written"], report["failed"], report["unknown"]) == (18_000, 0, 0)
    judged = pinlake(
        "verify", "--ledger", "run.ledger", "--against", where, "--json", cwd=tmp_path, env=env
    )
    found = json.loads(judged.stdout)
    assert (found["unexplained"], found["seen"]) == (0, 18_000), judged.stdout
    checked = pinlake(
        "check", "--from", where, "--user-id", "iam", "--out", "c", cwd=tmp_path, env=env
    )
    assert checked.returncode == 0, checked.stderr
    listed = pinlake("topics", "list", "--at", where, "--prefix", "iam.", cwd=tmp_path, env=env)
    assert "iam.user" in listed.stdout


@pytest.mark.parametrize(
    ("change", "settings", "wanted"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "canary-7f3a"}, "", "SASL authentication error"),
        ({}, 'region = "eu-west-3"', "wrong region"),
        ({"AWS_ACCESS_KEY_ID": None}, "", "no AWS credentials: set AWS_ACCESS_KEY_ID"),
        ({}, '"lifetime.seconds" = 901', "use 1 to 900"),
    ],
)
def test_msk_iam_refuses_in_one_line(
    kafka: Kafka, tmp_path: Path, change: dict[str, str | None], settings: str, wanted: str
) -> None:
    region = settings if "region" in settings else f'region = "{kafka.region}"\n{settings}'
    ca = f'ca = "{kafka.certificate.authority}"'
    Path(tmp_path, "pinlake.toml").write_text(
        f'[kafka]\nsecurity = "msk-iam"\n{ca}\n{region}\n', encoding="utf-8"
    )
    done = pinlake(
        *("emulate", "--to", f"kafka://{kafka.iam}", "--count", "1"),
        cwd=tmp_path,
        env={**iam(kafka), **change},
    )
    said = refusal(done)
    assert wanted in said
    assert "canary" not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes a process's clock late."""
    made = tmp_path_factory.mktemp("skew") / "late.so"
    source = Path(__file__).parents[1] / "support/skew.c"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


def test_msk_iam_refuses_an_expired_token_in_one_line(
    kafka: Kafka, tmp_path: Path, late: Path
) -> None:
    # A machine whose clock is late signs tokens that are over when the broker sees them.
    skew = {"LD_PRELOAD": str(late), "CLOCK_IS_LATE_BY": "4"}
    text = (
        f'[kafka]\nsecurity = "msk-iam"\nregion = "{kafka.region}"\n'
        f'ca = "{kafka.certificate.authority}"\n"lifetime.seconds" = 2\n'
    )
    Path(tmp_path, "pinlake.toml").write_text(text, encoding="utf-8")
    words = ("emulate", "--to", f"kafka://{kafka.iam}", "--count", "1")
    said = refusal(pinlake(*words, cwd=tmp_path, env={**iam(kafka), **skew}))
    assert "expired" in said, said


def test_msk_iam_refuses_readers_in_one_line_too(kafka: Kafka, tmp_path: Path, late: Path) -> None:
    skew = {"LD_PRELOAD": str(late), "CLOCK_IS_LATE_BY": "4"}
    verbs = (("topics", "list", "--at"), ("check", "--out", "c", "--from"))
    wrongs = (
        ({"AWS_SECRET_ACCESS_KEY": "canary-7f3a"}, kafka.region, 900, "SASL authentication error"),
        ({}, "eu-west-3", 900, "wrong region"),
        (skew, kafka.region, 2, "expired"),
    )

    def refused(number: int, verb: tuple[str, ...], change: dict[str, str], toml: str) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        Path(folder, "pinlake.toml").write_text(toml, encoding="utf-8")
        env = {**iam(kafka), **change}
        done = pinlake(*verb, f"kafka://{kafka.iam}", cwd=folder, env=env)
        assert "canary" not in done.stdout + done.stderr
        # Nor is anything left of files that were begun.
        assert not list(folder.glob("c/*"))
        return refusal(done)

    # Each takes the ten seconds that brokers have for an answer: all at once.
    with ThreadPoolExecutor() as pool:
        told = []
        for number, (verb, wrong) in enumerate(product(verbs, wrongs)):
            change, region, life, wanted = wrong
            toml = (
                f'[kafka]\nsecurity = "msk-iam"\nregion = "{region}"\n'
                f'ca = "{kafka.certificate.authority}"\n"lifetime.seconds" = {life}\n'
            )
            told.append((pool.submit(refused, number, verb, change, toml), wanted))
        for said, wanted in told:
            assert wanted in said.result()


def iam(kafka: Kafka) -> dict[str, str | None]:
    """Credentials of the environment, and no other of the chain."""
    return {
        "AWS_ACCESS_KEY_ID": kafka.access_key,
        "AWS_SECRET_ACCESS_KEY": kafka.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def test_topics_are_made_listed_described_and_deleted(kafka: Kafka, tmp_path: Path) -> None:
    where = (*at(kafka), "--user-id", "topics")
    made = pinlake(
        "topics", "create", *where, "--partitions", "5", "--retention", "2d", cwd=tmp_path
    )
    assert "topics.pin: made, 5 partitions" in made.stderr
    again = pinlake("topics", "create", *where, cwd=tmp_path)
    assert (again.returncode, "is there already" in again.stderr) == (0, True)
    listed = pinlake("topics", "list", *at(kafka), "--prefix", "topics.", "--json", cwd=tmp_path)
    assert [one["name"] for one in json.loads(listed.stdout)] == sorted(
        f"topics.{k}" for k in KINDS
    )
    told = pinlake("topics", "describe", *where, "--kind", "pin", "--json", cwd=tmp_path)
    (topic,) = json.loads(told.stdout)
    assert (topic["partitions"], topic["settings"]["retention.ms"]) == (5, "172800000")
    gone = pinlake("topics", "delete", *where, cwd=tmp_path)
    assert "topics.user: deleted" in gone.stderr
    assert "no topic topics.pin" in refusal(pinlake("topics", "describe", *where, cwd=tmp_path))
    unknown = pinlake("emulate", "--to", at(kafka)[1], "--user-id", "topics", cwd=tmp_path)
    assert "make it: pinlake topics create" in refusal(unknown)


def test_a_stop_drains_and_says_so(kafka: Kafka, user: str, tmp_path: Path) -> None:
    words = emulate(kafka, user, "--rate", "500")
    with subprocess.Popen(
        [EXECUTABLE, *words], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE
    ) as run:
        until_it_sends(run, Path(tmp_path, "run.ledger"))
        began = time.monotonic()
        os.kill(run.pid, signal.SIGTERM)
        told, _ = run.communicate(timeout=30)
    assert time.monotonic() - began < 5
    report = json.loads(told)
    assert (report["ended"], report["unknown"]) == ("stopped", 0)
    found = verdict(kafka, tmp_path)
    assert (found["unexplained"], found["unsettled"]) == (0, 0)
    assert found["arrived"] == report["written"] > 0


def test_a_signal_ends_what_waits_for_an_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        at = f"gateway+http://127.0.0.1:{silent.getsockname()[1]}/x"
        env = {**STAND_IN, "PINLAKE_GATEWAY_KEY": "key"}
        # Nothing was sent: a stop has nothing to wait for. Other verbs are broken off.
        for verb, code in ((("emulate", "--to", at), 0), (("streams", "list", "--at", at), 130)):
            with subprocess.Popen(
                [EXECUTABLE, *verb], cwd=tmp_path, env=environment(env), stderr=subprocess.PIPE
            ) as run:
                # It asks, and waits for an answer.
                asked, _ = silent.accept()
                time.sleep(0.3)
                run.send_signal(signal.SIGINT)
                began = time.monotonic()
                told = run.communicate(timeout=20)[1]
                asked.close()
            assert time.monotonic() - began < 3
            assert (run.returncode, b"Traceback" in told) == (code, False), told
