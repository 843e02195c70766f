"""The clean columns of the built-in kinds as Spark types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

    pin_schema: StructType
    geo_schema: StructType
    user_schema: StructType

_KINDS = {"pin_schema": "pin", "geo_schema": "geo", "user_schema": "user"}


def __getattr__(name: str) -> Any:
    if name not in _KINDS:
        raise AttributeError(f"module 'pinlake._schemas' has no attribute {name!r}")
    schema = schema_of(_KINDS[name])
    globals()[name] = schema
    return schema


def schema_of(kind: str) -> StructType:
    """The clean columns of a kind as a StructType; needs PySpark, but no session.

    >>> schema_of("geo").fieldNames()
    ['ind', 'country', 'coordinates', 'timestamp']
    """
    import pyarrow as pa
    from pyspark.sql.pandas.types import from_arrow_schema

    from pinlake import _core
    from pinlake._kinds import Kind

    arrow = pa.schema(_core.schema(Kind.of(kind).plan, "clean"))
    return from_arrow_schema(arrow, prefer_timestamp_ntz=True)
