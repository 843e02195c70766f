"""Reading from S3: what is asked of the server, and that rows are those of the same local files."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pinlake import _core
from pinlake.errors import ConfigError, SourceError
from support.watch import Watch

USER = _core.kind_plan("user")
TOPIC = "topics/x.user/partition=0/x.user+0+"
PATIENCE = 3600.0


def user(ind: int) -> bytes:
    return json.dumps({"ind": ind, "first_name": "A", "age": ind % 90}).encode()


def plan(url: str, options: dict[str, str], **more: Any) -> dict[str, Any]:
    found = json.loads(_core.plan_landing(USER, url, options=options, **more))
    assert isinstance(found, dict)
    return found


def read(task: dict[str, Any], options: dict[str, str], frame: str = "frame") -> pa.Table:
    reader = _core.read_task(USER, json.dumps(task), frame=frame, options=options)
    batches = [pa.record_batch(batch) for batch in reader]
    return pa.Table.from_batches(batches, pa.schema(_core.schema(USER, frame)))


def extents(table: pa.Table) -> list[tuple[str, str, int, int]]:
    receipts = [row for row in table["_receipt"].to_pylist() if row is not None]
    return [(row["source"], row["part"], row["first"], row["last"]) for row in receipts]


def run(
    url: str, options: dict[str, str], marks: str | None, now: int = 0, **more: Any
) -> tuple[list[int], str]:
    """Plans, reads and books: the keys read, and the marks behind."""
    planned = plan(url, options, marks=marks, **more)
    table = read(planned, options, "run")
    marks, _ = _core.advance_marks(
        marks, json.dumps(planned), extents(table), now=now, gap_patience=PATIENCE
    )
    return [ind for ind in table["ind"].to_pylist() if ind is not None], marks


def ranges(planned: dict[str, Any]) -> list[tuple[int, int, int]]:
    return [
        (r["first"], r["count"], r["step"]) for part in planned["parts"] for r in part["ranges"]
    ]


def test_rows_are_those_of_the_same_local_landing(
    s3: Any, bucket: str, put: Callable[[str, bytes], None], tmp_path: Path
) -> None:
    lines = b"\n".join(user(ind) for ind in range(60_000))
    objects = {f"{TOPIC}{offset:010}.json": user(offset) for offset in range(300)}
    objects |= {
        f"{TOPIC}0000000300.json.gz": gzip.compress(lines),
        f"{TOPIC}0000060300.json": b"",
        f"{TOPIC}0000060301.json": lines,
        "topics/x.user/partition=1/x.user+1+00000000000000000007.json": b"null",
        "topics/x.pin/partition=0/x.pin+0+0000000000.json": b"{}",
    }
    for key, body in objects.items():
        put(f"data/{key}", body)
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(body)
    there = plan(f"s3a://{bucket}/data/", s3.options)
    here = plan(str(tmp_path), {})
    assert (there["url"], there["objects"]) == (f"s3://{bucket}/data", 304)
    assert ranges(there) == ranges(here)
    columns = [name for name in _core.column_names(USER, "frame") if name != "_arrived_at"]
    assert read(there, s3.options).select(columns) == read(here, {}).select(columns)
    arrived = read(there, s3.options)["_arrived_at"].to_pylist()
    stamp = s3.client.head_object(Bucket=bucket, Key=f"data/{TOPIC}0000000000.json")["LastModified"]
    assert arrived[0] == stamp


def test_a_second_run_lists_nothing_old(
    watch: Watch, s3: Any, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    url, options = f"s3://{bucket}", {**s3.options, "endpoint": watch.endpoint}
    for offset in range(400):
        put(f"{TOPIC}{offset:010}.json", user(offset))
    inds, marks = run(url, options, None)
    assert inds == list(range(400))
    assert watch.gets == 400
    assert 8 <= watch.busiest <= 80, "many GETs are in flight, and not too many"
    watch.forget()
    inds, again = run(url, options, marks)
    assert (inds, again, watch.gets) == ([], marks, 0)
    assert watch.keys == []
    assert len(watch.lists) <= 5, "what is asked does not grow with what was read"
    put(f"{TOPIC}{400:010}.json", user(400))
    put("topics/x.user/partition=7/x.user+7+0000000000.json", user(9_000))
    watch.forget()
    inds, marks = run(url, options, marks)
    assert inds == [400, 9_000]
    assert len(watch.keys) == 2


def test_gaps_are_asked_for_alone(
    watch: Watch, s3: Any, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    url, options = f"s3://{bucket}/l", {**s3.options, "endpoint": watch.endpoint}
    holes = {0, 5, 6, 40, 41, 99}
    for offset in range(120):
        if offset not in holes:
            put(f"l/{TOPIC}{offset:010}.json", user(offset))
    inds, marks = run(url, options, None)
    assert inds == [offset for offset in range(120) if offset not in holes]
    watch.forget()
    inds, marks = run(url, options, marks)
    assert inds == []
    # A LIST a gap and width, of no more than its room and the first name behind it.
    gaps = 4
    assert len(watch.keys) <= len(holes) + gaps
    for offset in (5, 41, 120):
        put(f"l/{TOPIC}{offset:010}.json", user(offset))
    inds, marks = run(url, options, marks)
    assert inds == [5, 41, 120]
    part = json.loads(marks)["parts"]["x.user/0"]
    assert [(gap["from"], gap["to"]) for gap in part["gaps"]] == [
        (0, 1),
        (6, 7),
        (40, 41),
        (99, 100),
    ]
    # Names of another width are found as well.
    put(f"l/{TOPIC}{6:010}.json.gz", gzip.compress(user(6)))
    put(f"l/{TOPIC}{121:020}.json", user(121))
    inds, marks = run(url, options, marks)
    assert inds == [6, 121]
    put(f"l/{TOPIC}{40:020}.json", user(40))
    put(f"l/{TOPIC}{122:010}.json", user(122))
    inds, marks = run(url, options, marks)
    assert inds == [40, 122]
    assert run(url, options, marks)[0] == []


def test_offsets_beyond_ten_digits_are_compared_as_numbers(
    s3: Any, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    url, edge = f"s3://{bucket}", 10_000_000_000
    for offset in (9_999_999_998, 9_999_999_999):
        put(f"{TOPIC}{offset:010}.json", user(offset))
    inds, marks = run(url, s3.options, None)
    for offset in (edge, edge + 1, edge + 2):
        put(f"{TOPIC}{offset:010}.json", user(offset))
        read, marks = run(url, s3.options, marks)
        inds += read
    assert inds == list(range(edge - 2, edge + 3))


def test_a_landing_made_anew_stops_the_run(
    s3: Any, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    url, last = f"s3://{bucket}", f"{TOPIC}0000000001.json"
    put(f"{TOPIC}0000000000.json", user(0))
    put(last, user(1))
    _, marks = run(url, s3.options, None)
    put(last, user(1))
    assert run(url, s3.options, marks)[0] == []
    put(last, user(2))
    with pytest.raises(SourceError, match=r"has changed.*--full.*epoch"):
        run(url, s3.options, marks)
    s3.client.delete_object(Bucket=bucket, Key=last)
    with pytest.raises(SourceError, match=r"is gone.*--full"):
        run(url, s3.options, marks)
    assert run(url, s3.options, marks, full=True)[0] == [0]
    assert run(url, s3.options, marks, epoch=1)[0] == [0]


def test_a_large_landing_is_listed_in_slices(watch: Watch, s3: Any, bucket: str) -> None:
    count = 3_300

    def put(offset: int) -> None:
        key = f"{TOPIC}{3 * offset:010}.json"
        s3.client.put_object(Bucket=bucket, Key=key, Body=b"null")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(count)))
    found = plan(f"s3://{bucket}", {**s3.options, "endpoint": watch.endpoint}, full=True)
    assert ranges(found) == [(0, count, 3)]
    assert len(watch.lists) > 30
    assert watch.busiest > 2


def test_files_ranges_and_tables(
    s3: Any, bucket: str, put: Callable[[str, bytes], None], tmp_path: Path
) -> None:
    text = b"".join(user(ind) + b"\n" for ind in range(90_000))
    table = pa.table({"ind": list(range(500)), "first_name": ["é"] * 500, "age": [20] * 500})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=100)
    files = {
        "user/2026/11/21/00/firehose-1": b"".join(user(ind) for ind in range(50)),
        "user/2026/11/21/01/firehose-2.gz": gzip.compress(text),
        "lines.user.jsonl": text,
        "user_data.csv": b'ind,first_name\n1,"a\nb"\n2,c\n',
        "user_data.parquet": (tmp_path / "t.parquet").read_bytes(),
    }
    put("f/", b"")
    put("f/user/", b"")
    for key, body in files.items():
        put(f"f/{key}", body)
        (tmp_path / "f" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / key).write_bytes(body)
    there, here = plan(f"s3://{bucket}/f", s3.options), plan(str(tmp_path / "f"), {})
    columns = ["ind", "user_name", "age", "_fingerprint", "_reject", "_hash"]
    want = read(here, {}).select(columns)
    assert want.num_rows == 50 + 90_000 * 2 + 2 + 500
    assert read(there, s3.options).select(columns) == want
    lines = next(file for file in there["files"] if file["name"] == "lines.user.jsonl")
    cuts = [0, 1, 1_000_000, 1_000_001, len(text)]
    pieces = [{**lines, "start": a, "end": b} for a, b in itertools.pairwise(cuts)]
    whole = read({**there, "files": [lines]}, s3.options)
    assert read({**there, "files": pieces}, s3.options) == whole
    # Read once by name and ETag.
    inds, marks = run(f"s3://{bucket}/f", s3.options, None)
    assert len(inds) == want.num_rows
    put("f/user/2026/11/21/02/firehose-3", user(7))
    assert run(f"s3://{bucket}/f", s3.options, marks)[0] == [7]


def test_the_endpoint_comes_from_the_environment_too(
    s3: Any, bucket: str, put: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(f"{TOPIC}0000000000.json", user(1))
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        with monkeypatch.context() as patch:
            patch.setenv(name, s3.endpoint)
            assert plan(f"s3://{bucket}", {})["objects"] == 1
    # An option outranks both.
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert plan(f"s3://{bucket}", s3.options)["objects"] == 1


def test_what_is_missing_or_wrong_is_said_in_one_line(
    s3: Any, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        plan(f"s3://{bucket}/nowhere", s3.options)
    with pytest.raises(FileNotFoundError, match="no-such-bucket"):
        plan("s3://no-such-bucket-of-anybody/x", s3.options)
    put("a/topics/x.pin/partition=0/x.pin+0+0000000000.json", b"{}")
    with pytest.raises(SourceError, match=r"x\.pin"):
        plan(f"s3://{bucket}/a", s3.options)
    with pytest.raises(ConfigError, match="environment") as caught:
        plan(f"s3://{bucket}", {**s3.options, "secret_access_key": "hush-hush"})
    assert "hush" not in str(caught.value)
    with pytest.raises(ConfigError, match="endpoints"):
        plan(f"s3://{bucket}", {"endpoints": s3.endpoint})
    put(f"{TOPIC}0000000000.json", user(1))
    task = plan(f"s3://{bucket}", s3.options)
    s3.client.delete_object(Bucket=bucket, Key=f"{TOPIC}0000000000.json")
    with pytest.raises(FileNotFoundError, match=r"0000000000\.json"):
        read(task, s3.options)


def test_a_server_that_is_down_is_given_up_soon(s3: Any, bucket: str) -> None:
    began = time.monotonic()
    with pytest.raises(SourceError, match="endpoint"):
        plan(f"s3://{bucket}", {**s3.options, "endpoint": "http://127.0.0.1:9"})
    assert time.monotonic() - began < 90


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_makes_its_own_connections(
    s3: Any, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    for offset in range(100):
        put(f"{TOPIC}{offset:010}.json", user(offset))
    task = plan(f"s3://{bucket}", s3.options)
    assert read(task, s3.options).num_rows == 100
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if read(plan(f"s3://{bucket}", s3.options), s3.options).num_rows == 100 else 2
        finally:
            os._exit(code)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert read(task, s3.options).num_rows == 100
