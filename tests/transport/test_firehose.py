"""Delivery streams of the local AWS: each record that was accepted stands in an object."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.api import client, stack
from support.cli import STAND_IN, pinlake, refusal
from support.components import LocalStack
from support.firehose import delivery

ENV = {**STAND_IN, "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket(localstack: LocalStack) -> Iterator[str]:
    """A bucket, and a delivery stream of the same name that writes to it."""
    name = f"pinlake-{uuid.uuid4().hex[:8]}"
    with stack(localstack, delivery(name, (name,), from_streams=False)):
        yield name


@pytest.fixture
def folder(localstack: LocalStack, tmp_path: Path) -> Path:
    """A folder with settings for the local AWS."""
    at = f'endpoint = "{localstack.endpoint}"'
    text = f'[firehose]\n{at}\n[storage]\n{at}\nallow_http = "true"\n'
    Path(tmp_path, "pinlake.toml").write_text(text, encoding="utf-8")
    return tmp_path


def emulate(bucket: str, *more: str) -> tuple[str, ...]:
    return ("emulate", "--to", f"firehose://us-east-1/{bucket}", "--ledger", "run.ledger", *more)


def verdict(bucket: str, folder: Path) -> dict[str, Any]:
    words = ("verify", "--ledger", "run.ledger", "--against", f"objects:s3://{bucket}", "--json")
    done = pinlake(*words, cwd=folder, env=ENV)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_real_posts_arrive_record_for_record(
    localstack: LocalStack, bucket: str, folder: Path, real_data: Path
) -> None:
    source = ("--from", str(real_data / "real"), "--count", "500", "--json")
    done = pinlake(*emulate(bucket, *source), cwd=folder, env=ENV)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["written"] == report["generated"] > 1000
    found = verdict(bucket, folder)
    assert found["unexplained"] == 0
    assert found["sent"] == found["arrived"] == found["seen"] == report["generated"]
    s3 = client(localstack, "s3")
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    s3.delete_object(Bucket=bucket, Key=listed[-1]["Key"])
    lost = verdict(bucket, folder)
    assert lost["unexplained"] == lost["missing"]["count"] > 0


def test_bad_use_is_refused(bucket: str, folder: Path) -> None:
    def told(target: str, *more: str, **variables: str | None) -> str:
        words = ("emulate", "--to", target, "--count", "1", *more)
        return refusal(pinlake(*words, cwd=folder, env={**ENV, **variables}))

    assert "no delivery stream absent" in told("firehose://us-east-1/absent")
    assert "no delivery stream streaming-demo-pin" in told("firehose://us-east-1")
    assert "firehose://<region>" in told("firehose://us east/x")
    assert "null_value" in told(f"firehose://us-east-1/{bucket}", "--fault", "null_value=0.5")
    nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    assert "no AWS credentials" in told(f"firehose://us-east-1/{bucket}", **nobody)
