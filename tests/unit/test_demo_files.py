"""What a demo does before Spark: its folder, and real records as landing objects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinlake.config import load
from pinlake.demo import files_of, land_files, place
from pinlake.errors import ConfigError, SourceError


def land(source: Path, landing: Path, flush_size: int) -> dict[str, int]:
    return land_files(files_of(source, load().plans()), landing, flush_size=flush_size)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "geolocation_data.csv").write_bytes(
        b"\xef\xbb\xbfind,timestamp,latitude,longitude,country\r\n"
        b'7,2020-01-01 10:00:00,-10.5,1e1,"Korea, ""North"""\r\n'
        b"8,2020-01-01 10:00:00,north,,Cuba\r\n"
    )
    (folder / "pinterest_data.jsonl").write_bytes(b'{"index": 7, "title": "a"}\n\n')
    (folder / "stream.pin.jsonl").write_bytes(b'{"index": 7, "title": "b"}\r\n{"index": 8}')
    (folder / "spinner.jsonl").write_bytes(b"{}\n")
    return folder


def lines(landing: Path, kind: str) -> list[str]:
    objects = sorted((landing / "topics" / f"real.{kind}" / "partition=0").iterdir())
    return [line for path in objects for line in path.read_text("utf-8").splitlines()]


def test_everything_becomes_landing_objects_in_file_order(source: Path, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    assert land(source, landing, 2) == {"pin": 3, "geo": 2}
    folder = landing / "topics" / "real.pin" / "partition=0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "real.pin+0+0000000000.json",
        "real.pin+0+0000000002.json",
    ]
    wanted = ['{"index": 7, "title": "a"}', '{"index": 7, "title": "b"}', '{"index": 8}']
    assert lines(landing, "pin") == wanted
    assert lines(landing, "geo") == [
        '{"ind": 7, "timestamp": "2020-01-01 10:00:00", "latitude": -10.5, "longitude": 1e1, '
        '"country": "Korea, \\"North\\""}',
        '{"ind": 8, "timestamp": "2020-01-01 10:00:00", "latitude": "north", "longitude": "", '
        '"country": "Cuba"}',
    ]
    # A second time they come again, behind the last offset.
    assert land(source, landing, 2) == {"pin": 3, "geo": 2}
    assert lines(landing, "pin") == [*wanted, *wanted]
    assert (folder / "real.pin+0+0000000003.json").exists()


def test_parquet_is_taken_too(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = tmp_path / "source"
    source.mkdir()
    pq.write_table(pa.table({"ind": [1], "age": [30]}), source / "user_data.parquet")
    assert land(source, tmp_path / "l", 10) == {"user": 1}
    assert json.loads(lines(tmp_path / "l", "user")[0]) == {"ind": 1, "age": 30}


def test_folders_that_hold_no_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        land(tmp_path / "nowhere", tmp_path / "l", 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme.jsonl").write_text("{}\n", "utf-8")
    with pytest.raises(SourceError, match="pinterest_data"):
        land(tmp_path / "other", tmp_path / "l", 1)
    landing = tmp_path / "landing" / "topics" / "a.pin" / "partition=0"
    landing.mkdir(parents=True)
    (landing / "a.pin+0+0000000000.json").write_text("{}\n", "utf-8")
    with pytest.raises(SourceError, match="pinlake run --landing"):
        land(tmp_path / "landing", tmp_path / "l", 1)


def test_the_real_tables_and_streams(real_data: Path, tmp_path: Path) -> None:
    counts = land(real_data / "real", tmp_path, 1000)
    assert counts == {"pin": 2019 + 2262, "geo": 11154 + 2262, "user": 11154 + 2262}


def test_a_second_demo_goes_on_and_one_of_other_records_goes_beside(tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "demo"
    first = place(out, None, tell=said.append)
    assert (first.folder, said) == (out, [])
    first.note()
    again = place(out, None, tell=said.append)
    assert again.folder == out
    assert again.times == 1
    assert "sent again" in said[0]
    beside = place(out, tmp_path, tell=said.append)
    assert beside.folder == tmp_path / "demo-2"
    assert "goes to" in said[1]
    beside.note()
    assert place(out, tmp_path, tell=said.append).folder == tmp_path / "demo-2"


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", "utf-8")
    with pytest.raises(ConfigError, match="other things than a demo"):
        place(tmp_path, None, tell=print)
    with pytest.raises(ConfigError, match="a file"):
        place(tmp_path / "mine.txt", None, tell=print)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "demo.json").write_text("rubbish", "utf-8")
    with pytest.raises(ConfigError, match="not a demo's note"):
        place(tmp_path / "d", None, tell=print)
