"""Bad input as a new user would give it: one clear line with the remedy, exit code 2, no loss."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from support.cli import pinlake, refusal

PIN = {"index": 1, "unique_id": "u", "title": "t", "follower_count": "1k", "downloaded": 1}


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing of two pin objects."""
    folder = tmp_path / "landing" / "topics" / "a1.pin" / "partition=0"
    folder.mkdir(parents=True)
    for offset in (0, 1):
        text = json.dumps({**PIN, "index": offset})
        Path(folder, f"a1.pin+0+{offset:010}.json").write_text(text + "\n", encoding="utf-8")
    return tmp_path / "landing"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder and what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def refused(tmp_path: Path, *arguments: str, env: dict[str, str | None] | None = None) -> str:
    """What a command says that cannot start; it leaves everything as it was."""
    before = tree(tmp_path)
    said = refusal(pinlake(*arguments, cwd=tmp_path, env=env, timeout=120))
    assert tree(tmp_path) == before
    return said


RUN = ("run", "--landing", "landing", "--warehouse", "lake")


def test_no_landing_and_no_warehouse_given(tmp_path: Path, landing: Path) -> None:
    said = refused(tmp_path, "run")
    assert "no landing given: use --landing, PINLAKE_LANDING or landing in pinlake.toml" in said
    said = refused(tmp_path, "run", "--landing", str(landing))
    assert "no warehouse given: use --warehouse" in said


def test_missing_folder(tmp_path: Path) -> None:
    said = refused(tmp_path, "run", "--landing", "nowhere", "--warehouse", "lake")
    assert said == "pinlake: nowhere: no such file or folder; check the path"


def test_landing_that_is_a_file(tmp_path: Path) -> None:
    Path(tmp_path, "landing").write_text("x", encoding="utf-8")
    assert "landing: a file; a landing is the folder that holds topics/" in refused(tmp_path, *RUN)


def test_empty_landing(tmp_path: Path) -> None:
    Path(tmp_path, "landing", "topics", "a1.pin", "partition=0").mkdir(parents=True)
    said = refused(tmp_path, *RUN)
    assert "landing: holds no object; fill it" in said
    assert "pinlake emulate --to landing:landing" in said


def test_unknown_kind(tmp_path: Path, landing: Path) -> None:
    said = refused(tmp_path, *RUN, "--kind", "pinn")
    assert "unknown kind 'pinn'; did you mean 'pin'?" in said


@pytest.mark.parametrize("remedy", ["install Java 17 or 21"])
def test_no_java(tmp_path: Path, landing: Path, remedy: str) -> None:
    env: dict[str, str | None] = {"JAVA_HOME": None, "PATH": str(tmp_path)}
    said = refused(tmp_path, *RUN, env=env)
    assert "Spark needs java: none on the PATH" in said
    assert remedy in said


def test_java_that_is_too_old_or_not_there(tmp_path: Path, landing: Path) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    said = refused(tmp_path, *RUN, env={"JAVA_HOME": str(tmp_path / "jdk")})
    assert "Java 11" in said
    assert "install Java 17 or 21" in said
    said = refused(tmp_path, *RUN, env={"JAVA_HOME": str(tmp_path)})
    assert f"JAVA_HOME={tmp_path} has no bin/java" in said


def test_wrong_spark_version(tmp_path: Path, landing: Path) -> None:
    fake = tmp_path / "fake" / "pyspark"
    fake.mkdir(parents=True)
    # What an old installation looks like to an import.
    Path(fake, "__init__.py").write_text('__version__ = "2.4.8"\n', encoding="utf-8")
    Path(fake, "sql.py").write_text("class SparkSession: ...\n", encoding="utf-8")
    env: dict[str, str | None] = {
        "PYTHONPATH": str(fake.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    said = refused(tmp_path, *RUN, env=env)
    assert "Spark needs pyspark: version 2.4.8; this release works with 3.5, 4.0" in said
    assert "pip install 'pinlake[spark]'" in said


def test_no_spark(tmp_path: Path, landing: Path) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    Path(fake, "pyspark.py").write_text("raise ModuleNotFoundError('pyspark')\n", encoding="utf-8")
    env: dict[str, str | None] = {"PYTHONPATH": str(fake), "PYTHONDONTWRITEBYTECODE": "1"}
    said = refused(tmp_path, *RUN, env=env)
    assert said == "pinlake: PySpark is not installed; pip install 'pinlake[spark]'"


def test_no_jars(tmp_path: Path, landing: Path) -> None:
    said = refused(tmp_path, *RUN, env={"PINLAKE_JARS": str(landing)})
    assert "holds no delta-spark_*.jar" in said
    assert "unset it" in said


def test_jars_of_another_spark(tmp_path: Path, landing: Path) -> None:
    jars = tmp_path / "jars"
    jars.mkdir()
    Path(jars, "delta-spark_3.9_2.13-4.4.0.jar").write_bytes(b"")
    said = refused(tmp_path, *RUN, env={"PINLAKE_JARS": str(jars)})
    assert "delta-spark_3.9_2.13-4.4.0.jar" in said
    assert "needs delta-spark_" in said


def test_config_typo(tmp_path: Path, landing: Path) -> None:
    Path(tmp_path, "pinlake.toml").write_text("max_quarantin = 0.1\n", encoding="utf-8")
    said = refused(tmp_path, *RUN)
    wanted = "pinlake.toml: unknown key 'max_quarantin'; did you mean 'max_quarantine'?"
    assert said == f"pinlake: {wanted}"


def test_warehouse_that_is_a_file(tmp_path: Path, landing: Path) -> None:
    Path(tmp_path, "lake").write_text("x", encoding="utf-8")
    assert "lake: a file; a warehouse is a folder of tables" in refused(tmp_path, *RUN)
    said = refused(tmp_path, "run", "--landing", "landing", "--warehouse", "lake/inside")
    assert "lake" in said
    assert "not writable" in said


@pytest.mark.parametrize("verb", ["replay", "maintain"])
def test_warehouse_that_is_not_there(tmp_path: Path, verb: str) -> None:
    assert "nowhere: no such file or folder" in refused(tmp_path, verb, "--warehouse", "nowhere")


@pytest.mark.parametrize("verb", ["replay", "maintain"])
def test_warehouse_without_tables(tmp_path: Path, verb: str) -> None:
    Path(tmp_path, "lake").mkdir()
    assert "pinlake run" in refused(tmp_path, verb, "--warehouse", "lake")


def test_s3_without_credentials(tmp_path: Path) -> None:
    env: dict[str, str | None] = {"AWS_CONFIG_FILE": os.devnull, "HOME": str(tmp_path)}
    said = refused(tmp_path, "run", "--landing", "s3://bucket/x", "--warehouse", "lake", env=env)
    assert "AWS_ACCESS_KEY_ID" in said


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--invalid", "drop"), "invalid: unknown value 'drop'; known: report, quarantine, fail"),
        (("--access", "sprak"), "did you mean 'spark'?"),
        (("--epoch", "-1"), "epoch"),
        (("--epoch", "one"), "--epoch"),
        (("--max-quarantine", "2"), "max_quarantine"),
        (("--gap-patience", "soon"), "90s, 30m, 24h, 2d"),
        (("--ful",), "--ful"),
    ],
)
def test_unknown_option_values(
    tmp_path: Path, landing: Path, arguments: tuple[str, ...], wanted: str
) -> None:
    assert wanted in refused(tmp_path, *RUN, *arguments)
