"""The clean columns of a pin in Spark's own expressions, as fast as we could write them.

They do what the records of this bench need, and no more: no verdict on a bad field, no rejected
records, no count in groups of three. What they leave out is work that pinlake does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RAW = (
    "`index` BIGINT, unique_id STRING, title STRING, description STRING, poster_name STRING, "
    "follower_count STRING, tag_list STRING, is_image_or_video STRING, image_src STRING, "
    "downloaded INT, save_location STRING, category STRING"
)

# Values that stand for "missing"; the empty text is one everywhere.
PLACEHOLDERS = {
    "title": ("No Title Data Available",),
    "description": (
        "No description available Story format",
        "No description available",
    ),
    "poster_name": ("User Info Error",),
    "tag_list": ("N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e",),
    "image_src": ("Image src error.", "Image src error"),
}
PREFIX = "Local save in "


def parsed(values: DataFrame, *more: str) -> DataFrame:
    """Raw columns of a frame with a BINARY column `value`, and `more` of its columns."""
    from pyspark.sql import functions as F

    record = F.from_json(F.col("value").cast("string"), RAW)
    return values.select(record.alias("record"), *more).select("record.*", *more)


def clean(raw: DataFrame, *more: str) -> DataFrame:
    """Clean columns of raw ones, and `more` of these."""
    columns = (
        "CAST(`index` AS BIGINT) AS ind",
        text("unique_id"),
        text("title"),
        text("description"),
        f"{_COUNT} AS follower_count",
        text("poster_name"),
        text("tag_list"),
        text("is_image_or_video"),
        text("image_src"),
        f"{_PATH} AS save_location",
        text("category"),
        "CAST(downloaded AS BOOLEAN) AS downloaded",
    )
    return raw.selectExpr(*columns, *more)


def text(name: str) -> str:
    """A text column whose placeholders are null; good for DuckDB too."""
    missing = ", ".join(f"'{value}'" for value in ("", *PLACEHOLDERS.get(name, ())))
    return f"CASE WHEN {name} IN ({missing}) THEN NULL ELSE {name} END AS {name}"


# `79k`, `1.5M`, `437`; a placeholder is no number, and try_cast makes null of it.
_UNIT = (
    "CASE right(follower_count, 1) WHEN 'k' THEN 1000L WHEN 'K' THEN 1000L "
    "WHEN 'M' THEN 1000000L WHEN 'm' THEN 1000000L "
    "WHEN 'B' THEN 1000000000L WHEN 'b' THEN 1000000000L ELSE 1L END"
)
_COUNT = f"CAST(try_cast(rtrim('kKmMbB', follower_count) AS DECIMAL(19,9)) * {_UNIT} AS BIGINT)"
_PATH = (
    f"CASE WHEN save_location IN ('', '{PREFIX}') THEN NULL "
    f"WHEN startswith(save_location, '{PREFIX}') THEN substr(save_location, {len(PREFIX) + 1}) "
    "ELSE save_location END"
)
