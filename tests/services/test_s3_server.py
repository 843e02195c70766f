"""The S3 server itself answers, so that a failure elsewhere is not the server's."""

from __future__ import annotations

from typing import Any


def test_an_object_comes_back(s3: Any, bucket: str) -> None:
    s3.client.put_object(Bucket=bucket, Key="topics/a/partition=0/a+0+0000000000.json", Body=b"{}")
    listed = s3.client.list_objects_v2(Bucket=bucket, Prefix="topics/")["Contents"]
    assert [item["Key"] for item in listed] == ["topics/a/partition=0/a+0+0000000000.json"]
    assert s3.client.get_object(Bucket=bucket, Key=listed[0]["Key"])["Body"].read() == b"{}"
