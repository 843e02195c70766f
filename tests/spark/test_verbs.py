"""The verbs that write tables, in the session that is there, as in a notebook or a job.

Each verb's own process is seen by `tests/cli`, where the README's lines are run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from pinlake import cli
from support.cli import refusal
from support.landing import Landing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.once

PIN = {"unique_id": "u", "title": "t", "follower_count": "1k", "downloaded": 1}
RUN = ("run", "--landing", "landing", "--warehouse", "lake")

Verb = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def pinlake(
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Verb:
    """Runs one command in `tmp_path`; the session of the tests goes on."""
    monkeypatch.chdir(tmp_path)
    # A variable of the tests' own, which the command would refuse.
    monkeypatch.delenv("PINLAKE_TEST_CONNECT", raising=False)

    def run(*words: str) -> CompletedProcess[str]:
        capsys.readouterr()
        code = cli.run(words)
        said = capsys.readouterr()
        assert spark.range(1).count() == 1
        return CompletedProcess(words, code, said.out, said.err)

    return run


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """A landing of two pin objects."""
    made = Landing(tmp_path / "landing")
    made.fill("pin", [{"index": n, **PIN} for n in (0, 1)])
    return made


def test_replay_and_maintain_over_what_a_run_made(pinlake: Verb, tmp_path: Path) -> None:
    Landing(tmp_path / "landing").put(
        "geo",
        0,
        [
            {"ind": 1, "country": "Cuba"},
            {"ind": 2, "country": "Peru", "latitude": "n", "longitude": 1},
            b"{",
        ],
    )
    dry = pinlake(*RUN, "--kind", "geo", "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    plans = json.loads(dry.stdout)
    assert [(plan["kind"], plan["objects"]) for plan in plans] == [("geo", 1)]
    assert not Path(tmp_path, "lake", "geo").exists()

    done = pinlake(*RUN, "--kind", "geo", "--invalid", "quarantine", "--json")
    assert done.returncode == 0, done.stderr
    books = json.loads(done.stdout)["books"][0]
    assert books["rejects"] == {"invalid_field": 1, "not_json": 1}

    words = ("--warehouse", "lake", "--kind", "geo", "--json")
    done = pinlake("replay", *words, "--code", "invalid_field")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["books"][0]["inserted"]["records"] == 1

    done = pinlake("maintain", *words)
    assert done.returncode == 0, done.stderr
    tables = {Path(row["table"].strip("`")).name for row in json.loads(done.stdout)}
    assert {"geo", "quarantine", "runs"} <= tables
    said = refusal(pinlake("replay", *words, "--code", "nonsense"))
    assert "unknown code 'nonsense'" in said


def test_kind_that_the_landing_does_not_have(pinlake: Verb, landing: Landing) -> None:
    said = refusal(pinlake(*RUN, "--kind", "geo"))
    assert "geo" in said
    assert "u1.pin" in said


def test_unreadable_object_stops_the_run_and_loses_nothing(pinlake: Verb, landing: Landing) -> None:
    bad = landing.put("pin", 2, [{"index": 2, **PIN}])
    data = bad.read_bytes()
    bad.unlink()
    # A link to itself cannot be opened by anybody, root included.
    bad.symlink_to(bad.name)
    assert bad.name in refusal(pinlake(*RUN))
    bad.unlink()
    bad.write_bytes(data)
    done = pinlake(*RUN, "--json")
    assert done.returncode == 0, done.stderr
    books = json.loads(done.stdout)["books"]
    assert [(b["kind"], b["read"]["records"], b["inserted"]["records"]) for b in books] == [
        ("pin", 3, 3)
    ]


@pytest.mark.parametrize(
    ("warehouse", "wanted"),
    [
        (
            "spark_catalog.rev",
            "there is no `spark_catalog`.`rev`; make it with CREATE SCHEMA",
        ),
        ("main.social", "this Spark has no catalog 'main'"),
    ],
)
def test_warehouse_of_a_schema_or_catalog_that_is_not_there(
    pinlake: Verb, landing: Landing, warehouse: str, wanted: str
) -> None:
    done = pinlake("run", "--landing", "landing", "--warehouse", warehouse)
    assert wanted in refusal(done)
    assert "Exception" not in done.stderr


def test_a_quality_gate_is_a_finding(pinlake: Verb, landing: Landing) -> None:
    landing.put("pin", 2, [b"not json"])
    done = pinlake(*RUN, "--max-quarantine", "0.01", "--kind", "pin")
    assert done.returncode == 1, done.stderr
    assert "not_json 1" in done.stdout
    assert "more than 1.00%: not_json 1" in done.stderr
    # Its records are in their tables; the next run goes on behind them.
    again = pinlake(*RUN, "--max-quarantine", "0.01", "--kind", "pin")
    assert again.returncode == 0, again.stderr
    assert "nothing new" in again.stdout


def test_answers_in_every_form(pinlake: Verb, tmp_path: Path) -> None:
    made = Landing(tmp_path / "landing")
    made.fill("pin", [{"index": n, **PIN, "category": "a,b"} for n in range(3)])
    made.fill("geo", [{"ind": n, "country": "Perú", "timestamp": "2020-01-01"} for n in range(3)])
    made.fill("user", [{"ind": n, "age": 20 + n, "date_joined": "2016-01-01"} for n in range(3)])
    said = refusal(pinlake("analyse", "--warehouse", "lake"))
    assert "lake: no such file or folder" in said
    assert pinlake(*RUN, "--kind", "pin").returncode == 0
    said = refusal(pinlake("analyse", "--warehouse", "lake"))
    assert "no table geo, users here; make them with pinlake run" in said
    assert pinlake(*RUN).returncode == 0

    top = "top_category_by_country"
    row = {"country": "Perú", "category": "a,b", "category_count": 3}
    done = pinlake("analyse", top, "--warehouse", "lake", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [row]
    done = pinlake("analyse", top, "--warehouse", "lake", "--format", "csv")
    assert done.stdout == 'country,category,category_count\nPerú,"a,b",3\n'
    done = pinlake("analyse", top, "--warehouse", "lake")
    assert done.stdout.splitlines() == [
        f"Which category is the most popular in each country? ({top})",
        "country  category  category_count",
        "Perú     a,b                    3",
    ]

    done = pinlake("analyse", "--warehouse", "lake", "--per", "post", "--format", "json", "--save")
    answers = json.loads(done.stdout)
    assert len(answers) == 10
    assert answers["users_joined_by_year"] == [{"post_year": 2016, "number_users_joined": 3}]
    assert Path(tmp_path, "lake", "users_joined_by_year", "_delta_log").is_dir()
    both = (top, "country_of_top_user")
    done = pinlake("analyse", *both, "--warehouse", "lake", "--format", "csv")
    assert (
        done.stdout.split("\n\n")[1] == "# country_of_top_user\ncountry,follower_count\nPerú,1000\n"
    )

    said = refusal(pinlake("analyse", "top_category", "--warehouse", "lake"))
    assert "unknown question 'top_category'; did you mean 'top_category_by_year'?" in said
    said = refusal(pinlake("analyse", "--warehouse", "lake", "--per", "person"))
    assert "per" in said
