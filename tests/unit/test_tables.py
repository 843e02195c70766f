"""Names of tables: what is taken, and how they reach SQL."""

from __future__ import annotations

import json

import pytest

from pinlake._kinds import Kind
from pinlake._tables import Warehouse, split
from pinlake.errors import ConfigError

STAGE = "begin with _stage_"


def test_no_table_that_is_to_stay_is_called_like_a_stage() -> None:
    """A write overwrites the stage: a silver table of that name would be lost."""
    with pytest.raises(ConfigError, match=STAGE):
        Warehouse.of("/lake", {"user": "_stage_user"})
    for table in ("/lake/_stage_geo", "delta.`/lake/_stage_geo`", "main.social.`_STAGE_geo`"):
        with pytest.raises(ConfigError, match=STAGE):
            split(table)
    plan = json.loads(Kind.of("pin").plan)
    with pytest.raises(ConfigError, match=STAGE):
        Warehouse.of("/lake").silver(Kind.of({**plan, "table": "_stage_pin"}))
    assert Warehouse.of("/lake").stage(Kind.of("pin")) == "delta.`/lake/_stage_pin`"


@pytest.mark.parametrize("where", ["/lake", "main.social"])
def test_a_name_may_start_with_a_digit_and_holds_no_sign(where: str) -> None:
    named = Warehouse.of(where, {"pin": "0affd9571f39_pin_table"})
    assert named.silver(Kind.of("pin")).endswith("0affd9571f39_pin_table`")
    assert split(named.silver(Kind.of("pin")))[1] == "0affd9571f39_pin_table"
    for wrong in ("", "a-b", "a.b", "a`b", "a/b"):
        with pytest.raises(ConfigError, match="letters, digits and _ only"):
            Warehouse.of(where, {"pin": wrong})
