"""How others send records: processes that `sending.py` times.

rivals.py kinesis ENDPOINT FILE STREAM    boto3, 500 records a request, one after the other
rivals.py gateway URL FOLDER USER         three requests a post, as the originals do
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import requests

# Of PutRecords.
BATCH = 500


def kinesis(endpoint: str, file: str, stream: str) -> None:
    """`put_records` in a loop; what is refused is sent again, or records would be lost."""
    client = boto3.client("kinesis", endpoint_url=endpoint)
    with Path(file).open(encoding="utf-8") as lines:
        entries: list[dict[str, Any]] = []
        for line in lines:
            text = line.rstrip("\n")
            key = str(json.loads(text)["index"])
            entries.append({"Data": text.encode(), "PartitionKey": key})
            if len(entries) == BATCH:
                _put(client, stream, entries)
                entries = []
        if entries:
            _put(client, stream, entries)


def _put(client: Any, stream: str, entries: list[dict[str, Any]]) -> None:
    while entries:
        answer = client.put_records(StreamName=stream, Records=entries)
        entries = [
            entry
            for entry, result in zip(entries, answer["Records"], strict=True)
            if "ErrorCode" in result
        ]


def gateway(url: str, folder: str, user: str) -> None:
    """The emulators' own lines without their pauses; their statuses are looked at, though."""
    kinds = ("pin", "geo", "user")
    tables = [Path(folder, f"{kind}.jsonl").read_bytes().splitlines() for kind in kinds]
    for post in zip(*tables, strict=True):
        for kind, line in zip(kinds, post, strict=True):
            record = json.loads(line)
            stream = f"streaming-{user}-{kind}"
            key = str(record.get("index", record.get("ind")))
            payload = json.dumps({"StreamName": stream, "Data": record, "PartitionKey": key})
            answer = requests.request(
                "PUT",
                f"{url}/streams/{stream}/record",
                headers={"Content-Type": "application/json"},
                data=payload,
            )
            answer.raise_for_status()


if __name__ == "__main__":
    {"kinesis": kinesis, "gateway": gateway}[sys.argv[1]](*sys.argv[2:])
