"""The emulator's landing on S3."""

from __future__ import annotations

from typing import Any

import pytest

import pinlake
from pinlake import Emulator


def objects(s3: Any, bucket: str) -> dict[str, bytes]:
    pages = s3.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key: s3.client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_objects_are_named_as_the_connector_does_and_go_on(s3: Any, bucket: str) -> None:
    target = f"landing:s3://{bucket}/lake"
    for seed in (1, 2):
        report = Emulator(count=30, seed=seed, kinds=["geo"], user_id="a1").run(
            target, flush_size=1, options=s3.options
        )
        assert (report["written"], report["objects"]) == (30, 30)
    found = objects(s3, bucket)
    names = [f"lake/topics/a1.geo/partition=0/a1.geo+0+{offset:010}.json" for offset in range(60)]
    assert sorted(found) == names
    made = [record for seed in (1, 2) for record in Emulator(count=30, seed=seed).records("geo")]
    assert [found[name] for name in names] == [record + b"\n" for record in made]


def test_records_of_another_writer_are_never_overwritten(s3: Any, bucket: str) -> None:
    folder = "topics/demo.user/partition=0/demo.user+0+"
    s3.client.put_object(Bucket=bucket, Key=f"{folder}0000000000.json", Body=b"{}\n")
    s3.client.put_object(Bucket=bucket, Key=f"{folder}0000000001.json", Body=b"{}\n")
    with pytest.raises(pinlake.errors.SinkError, match="holds records"):
        Emulator(count=3, kinds=["user"]).run(
            f"landing:s3://{bucket}", existing="refuse", options=s3.options
        )
    Emulator(count=3, kinds=["user"]).run(f"landing:s3://{bucket}", options=s3.options)
    found = objects(s3, bucket)
    assert found[f"{folder}0000000000.json"] == found[f"{folder}0000000001.json"] == b"{}\n"
    assert len(found[f"{folder}0000000002.json"].splitlines()) == 3
