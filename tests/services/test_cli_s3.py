"""The command line on S3: emulate, clean, and a landing that cannot be had."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import pinlake, refusal


@pytest.fixture
def env(s3: Any) -> dict[str, str | None]:
    """What a user sets for a store of his own."""
    return {
        "PINLAKE_STORAGE": json.dumps(s3.options),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }


def test_emulate_then_clean_from_and_to_a_bucket(
    s3: Any, bucket: str, tmp_path: Path, env: dict[str, str | None]
) -> None:
    import pyarrow.parquet as pq

    landing = f"s3://{bucket}/lake"
    words = ("emulate", "--to", f"landing:{landing}", "--count", "40", "--flush-size", "7")
    done = pinlake(*words, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    out = f"s3://{bucket}/clean/"
    done = pinlake("clean", landing, "--kind", "pin", "--out", out, "--json", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 40
    body = s3.client.get_object(Bucket=bucket, Key="clean/pins.parquet")["Body"].read()
    assert pq.read_table(io.BytesIO(body)).num_rows == 40


def test_objects_of_a_bucket_are_verified(
    s3: Any, bucket: str, tmp_path: Path, env: dict[str, str | None]
) -> None:
    words = ("--to", "landing:land", "--count", "200", "--flush-size", "3", "--ledger", "l")
    done = pinlake("emulate", *words, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    objects = sorted((tmp_path / "land").rglob("*.json"))
    for number, file in enumerate(objects):
        joined = file.read_bytes().replace(b"\n", b"")
        key = f"posts/2024/01/02/{number % 24:02}/posts-1-{number}"
        s3.client.put_object(Bucket=bucket, Key=key, Body=joined)
    judge = ("verify", "--ledger", "l", "--against", f"objects:s3://{bucket}/posts", "--json")
    verdict = json.loads(pinlake(*judge, cwd=tmp_path, env=env).stdout)
    assert (verdict["unexplained"], verdict["arrived"], verdict["seen"]) == (0, 600, 600)
    s3.client.delete_object(Bucket=bucket, Key="posts/2024/01/02/00/posts-1-0")
    verdict = json.loads(pinlake(*judge, cwd=tmp_path, env=env).stdout)
    assert verdict["missing"]["count"] == verdict["unexplained"] == 3


def test_a_bucket_that_is_not_there(tmp_path: Path, env: dict[str, str | None]) -> None:
    words = ("clean", "s3://nowhere-at-all/x", "--kind", "pin")
    assert "nowhere-at-all" in refusal(pinlake(*words, cwd=tmp_path, env=env))
    Path(tmp_path, "a.jsonl").write_text('{"index": 1}\n', encoding="utf-8")
    words = ("clean", "a.jsonl", "--kind", "pin", "--out", "s3://nowhere-at-all/x.parquet")
    assert "nowhere-at-all" in refusal(pinlake(*words, cwd=tmp_path, env=env))


def test_a_secret_in_the_settings_is_refused_and_not_repeated(tmp_path: Path) -> None:
    storage: dict[str, str | None] = {"PINLAKE_STORAGE": '{"secret_access_key": "hunter2"}'}
    said = refusal(pinlake("config", cwd=tmp_path, env=storage))
    assert "is a credential" in said
    assert "hunter2" not in said
