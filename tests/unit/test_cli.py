"""The `pinlake` executable: help, settings, doctor, exit codes, streams."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from support.cli import EXECUTABLE, environment, pinlake, refusal

VERBS = (
    "demo",
    "doctor",
    "config",
    "clean",
    "emulate",
    "run",
    "replay",
    "analyse",
    "report",
    "maintain",
)


def test_help_names_every_verb_and_each_verb_has_an_example(tmp_path: Path) -> None:
    top = pinlake("--help", cwd=tmp_path)
    assert top.returncode == 0
    assert pinlake(cwd=tmp_path).stdout == top.stdout
    for verb in VERBS:
        assert f"\n  {verb} " in top.stdout
        told = pinlake(verb, "--help", cwd=tmp_path)
        assert told.returncode == 0
        assert "Examples:" in told.stdout
        assert f"  pinlake {verb}" in told.stdout


def test_version(tmp_path: Path) -> None:
    import pinlake as package

    assert pinlake("--version", cwd=tmp_path).stdout == f"pinlake {package.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["doktor"], "doktor"),
        (["config", "--jsn"], "--jsn"),
        (["emulate", "--count", "many", "--to", "-"], "--count"),
        (["emulate", "--order", "random", "--to", "-"], "random"),
        (["clean"], "pinlake clean --help"),
        (["config", "--config", "there.toml"], "there.toml: no such file"),
    ],
)
def test_a_wrong_word_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], wanted: str
) -> None:
    assert wanted in refusal(pinlake(*arguments, cwd=tmp_path))


def test_a_typo_in_the_settings_stops_every_verb_that_reads_them(tmp_path: Path) -> None:
    Path(tmp_path, "pinlake.toml").write_text('landng = "x"\n', encoding="utf-8")
    wanted = "pinlake: pinlake.toml: unknown key 'landng'; did you mean 'landing'?"
    for verb in ("config", "demo", "run", "replay", "maintain"):
        assert refusal(pinlake(verb, cwd=tmp_path)) == wanted
    assert refusal(pinlake("emulate", "--to", "-", cwd=tmp_path)) == wanted


def test_a_typo_in_the_environment_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    wanted = "environment: PINLAKE_LANDNG is no setting; did you mean 'PINLAKE_LANDING'?"
    assert wanted in refusal(pinlake("config", cwd=tmp_path, env={"PINLAKE_LANDNG": "x"}))


def test_config_says_what_holds_and_from_where(tmp_path: Path) -> None:
    Path(tmp_path, "pinlake.toml").write_text(
        'landing = "https://me:hunter2@host/x"\n[demo]\nposts = 5\n', encoding="utf-8"
    )
    done = pinlake("config", "--json", cwd=tmp_path, env={"PINLAKE_USER_ID": "a1"})
    told = json.loads(done.stdout)
    assert told["landing"] == {"value": "https://***@host/x", "from": "pinlake.toml"}
    assert told["user_id"] == {"value": "a1", "from": "PINLAKE_USER_ID"}
    assert told["demo.posts"]["value"] == 5
    text = pinlake("config", cwd=tmp_path).stdout
    assert "hunter2" not in text + done.stdout
    assert "demo.posts" in text


def test_doctor_has_a_line_for_each_thing_and_a_remedy_for_what_is_missing(tmp_path: Path) -> None:
    fine = pinlake("doctor", cwd=tmp_path)
    assert fine.returncode == 0, fine.stdout
    for what in ("python", "java", "pyspark", "pyarrow", "delta jars", "disk"):
        assert f"  {what} " in fine.stdout
    bad = pinlake(
        "doctor",
        "--json",
        cwd=tmp_path,
        env={
            "JAVA_HOME": str(tmp_path),
            "PINLAKE_JARS": str(tmp_path),
            "PINLAKE_LANDNG": "x",
            "PINLAKE_LANDING": "s3://bucket",
            "PINLAKE_STORAGE": '{"endpoint": "http://127.0.0.1:9"}',
            "PINLAKE_WAREHOUSE": __file__,
        },
    )
    assert bad.returncode == 1
    missing = {row["what"]: row for row in json.loads(bad.stdout) if row["state"] == "missing"}
    wanted = {"java", "delta jars", "environment", "aws credentials", "endpoint", "warehouse"}
    assert set(missing) == wanted
    assert all(row["remedy"] for row in missing.values())
    assert "PINLAKE_LANDING" in missing["environment"]["found"]


def test_doctor_says_which_services_answer_and_prints_no_credentials(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        there, gone = f"127.0.0.1:{server.getsockname()[1]}", "127.0.0.1:9"
        env = {
            "PINLAKE_KAFKA_URL": f"{there},{gone}",
            "PINLAKE_MYSQL_URL": f"mysql://me:hunter2@{there}/pinlake",
            "PINLAKE_MYSQL_PASSWORD": "hunter2",
            "AWS_ENDPOINT_URL": f"http://{gone}",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
        }
        done = pinlake("doctor", "--json", cwd=tmp_path, env=env)
    assert done.returncode == 1
    rows = [row for row in json.loads(done.stdout) if row["what"] in ("kafka", "mysql", "endpoint")]
    assert [(row["what"], row["state"], row["remedy"]) for row in rows] == [
        ("kafka", "ok", ""),
        ("kafka", "missing", "start the service or mend PINLAKE_KAFKA_URL"),
        ("mysql", "ok", ""),
        ("endpoint", "missing", "start the service or mend storage.endpoint"),
    ]
    assert rows[1]["found"].startswith(f"{gone}: ")
    assert rows[2]["found"] == f"{there} answers"
    assert "hunter2" not in done.stdout + done.stderr


def test_doctor_has_a_line_for_each_endpoint_and_each_listener_of_a_checkout(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = f"127.0.0.1:{server.getsockname()[1]}"
        settings = f'[kinesis]\nendpoint = "http://{there}"\n[firehose]\nendpoint = "{there}"\n'
        Path(tmp_path, "pinlake.toml").write_text(settings, encoding="utf-8")
        env = {
            "AWS_ENDPOINT_URL_S3": f"http://{there}",
            "AWS_ENDPOINT_URL_KINESIS": "http://127.0.0.1:9",
            "PINLAKE_TEST_KAFKA_SCRAM": there,
            "PINLAKE_TEST_KAFKA_IAM": there,
            "PINLAKE_TEST_KINESALITE": f"http://{there}",
        }
        done = pinlake("doctor", "--json", cwd=tmp_path, env=env)
    rows = json.loads(done.stdout)
    answering = {row["what"] for row in rows if row["found"] == f"{there} answers"}
    listeners = {"kafka, SCRAM", "kafka, IAM", "kinesalite"}
    assert answering == {"s3", "kinesis", "firehose", *listeners}
    (missing,) = (row for row in rows if "127.0.0.1:9:" in row["found"])
    assert missing["what"] == "kinesis"
    assert "AWS_ENDPOINT_URL_KINESIS" in missing["remedy"]


@pytest.mark.parametrize("address", ["mysql://me:hunter2@[x", "mysql://me:hunter2@host:port/x"])
def test_doctor_says_that_an_address_is_none(tmp_path: Path, address: str) -> None:
    done = pinlake("doctor", cwd=tmp_path, env={"PINLAKE_MYSQL_URL": address})
    assert done.returncode == 1
    assert "no address of a service -> start the service or mend PINLAKE_MYSQL_URL" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_doctor_knows_how_a_checkout_starts_services(tmp_path: Path) -> None:
    assert "make services" not in pinlake("doctor", cwd=tmp_path).stdout
    Path(tmp_path, ".ci", "components").mkdir(parents=True)
    below = tmp_path / "src"
    below.mkdir()
    assert " -> make services" in pinlake("doctor", cwd=below).stdout
    Path(tmp_path, ".services").mkdir()
    Path(tmp_path, ".services", "env").touch()
    assert f" -> . {tmp_path}/.services/env" in pinlake("doctor", cwd=below).stdout
    named = pinlake("doctor", cwd=below, env={"PINLAKE_KAFKA_URL": "127.0.0.1:9"}).stdout
    assert "this checkout has some" not in named


def test_doctor_names_a_java_that_spark_cannot_use(tmp_path: Path) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n", encoding="utf-8")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    done = pinlake("doctor", cwd=tmp_path, env={"JAVA_HOME": str(tmp_path / "jdk")})
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if "  java " in line)
    assert "Java 8" in line
    assert "install Java 17 or 21" in line


def test_doctor_fetches_the_jars_of_this_pyspark(tmp_path: Path) -> None:
    done = pinlake("doctor", "--jars", "jars", cwd=tmp_path, env={"PINLAKE_JARS": None})
    assert "jars: jars of this PySpark; use them with PINLAKE_JARS=jars" in done.stderr
    found = pinlake("doctor", "--json", cwd=tmp_path, env={"PINLAKE_JARS": "jars"})
    states = {line["what"]: line["state"] for line in json.loads(found.stdout)}
    assert states["delta jars"] == "ok"
    assert list(Path(tmp_path, "jars", "s3").glob("hadoop-aws-*.jar"))


def test_doctor_says_who_has_no_jars(tmp_path: Path) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    Path(fake, "pyspark.py").write_text('__version__ = "2.4.8"\n', encoding="utf-8")
    env: dict[str, str | None] = {"PYTHONPATH": str(fake), "PYTHONDONTWRITEBYTECODE": "1"}
    said = refusal(pinlake("doctor", "--jars", "jars", cwd=tmp_path, env=env))
    assert said == "pinlake: no jars are known for Spark 2.4.8; pip install 'pinlake[spark]'"
    assert not Path(tmp_path, "jars").exists()


def test_doctor_without_any_java(tmp_path: Path) -> None:
    done = pinlake("doctor", cwd=tmp_path, env={"JAVA_HOME": None, "PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "none on the PATH -> install Java 17 or 21" in done.stdout


def test_a_report_without_plotly_says_what_to_install(tmp_path: Path) -> None:
    Path(tmp_path, "plotly.py").write_text("", encoding="utf-8")
    env: dict[str, str | None] = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    words = ("report", "--warehouse", "lake", "--out", "report.html")
    said = refusal(pinlake(*words, cwd=tmp_path, env=env))
    assert said == "pinlake: the report's plots need plotly; pip install 'pinlake[report]'"
    assert not Path(tmp_path, "report.html").exists()


def test_debug_adds_the_traceback(tmp_path: Path) -> None:
    done = pinlake("config", "--config", "x", cwd=tmp_path, env={"PINLAKE_DEBUG": "1"})
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [EXECUTABLE, "config"],
        cwd=tmp_path,
        env=environment(),
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(theirs)
    assert done.returncode == 141
    assert done.stderr == b""


def test_import_is_light() -> None:
    code = (
        "import sys, pinlake.cli; "
        "print([m for m in ('pyspark', 'pyarrow', 'pandas', 'pydantic') if m in sys.modules])"
    )
    told = subprocess.run(
        [EXECUTABLE.with_name("python"), "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
