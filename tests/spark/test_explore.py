"""A look at a landing before any rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pinlake
from pinlake import explore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.once


def test_placeholders_are_those_that_the_core_takes_for_missing(spark: SparkSession) -> None:
    kind = pinlake.Kind.of(
        {
            "version": 1,
            "name": "board",
            "table": "boards",
            "key": "ind",
            "columns": [
                {"name": "score", "rule": "text", "placeholders": [{"regex": "-+|n/?a"}, "none"]}
            ],
        }
    )
    texts = ["--", "--\\n", "\\n--", "n/a", "na", "n/a!", "xna", "none", "none\\n", "None", ""]
    lines = [f'{{"ind": {ind}, "score": "{text}"}}' for ind, text in enumerate(texts)]
    records = spark.createDataFrame([(line,) for line in lines], "value string")
    found = {row["field"]: row for row in explore.fields(records, kind).collect()}
    clean = pinlake.clean(records, kind, meta=False).collect()
    missing = {texts[row["ind"]] for row in clean if row["score"] is None}
    assert missing == {"--", "n/a", "na", "none", ""}
    # The empty text is missing under every rule, and counted on its own.
    assert (found["score"]["placeholders"], found["score"]["empty"]) == (4, 1)
    assert found["ind"]["placeholders"] == 0
