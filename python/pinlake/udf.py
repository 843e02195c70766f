"""Single-column functions as Arrow UDFs.

They exist for frames that are cleaned by other means. For records as they come `pinlake.clean` is
faster: it crosses into Rust once for all columns, a UDF once for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pinlake import _core

if TYPE_CHECKING:
    from pyspark.sql import Column


def follower_count(column: str | Column) -> Column:
    """A text such as `437`, `79k`, `1.5M` or `1,200` as BIGINT; null where it is none.

    Exact decimal arithmetic; a result that is not whole or above 2^63-1 is null.

    >>> frame.select(follower_count("followers").alias("n")).collect()
    [Row(n=79000), Row(n=None)]
    """
    made: Column = _follower_count()(column)
    return made


def _follower_count() -> Any:
    import pyarrow as pa
    from pyspark.sql import functions

    def counts(values: Any) -> Any:
        return pa.array(_core.follower_count(values))

    arrow_udf = getattr(functions, "arrow_udf", None)
    if arrow_udf is not None:
        return arrow_udf(_typed(counts, pa.Array), "bigint")

    # Before Spark 4.1 there are pandas UDFs only; their batches are Arrow underneath.
    import pandas as pd

    def pandas_counts(values: Any) -> Any:
        found = pa.array(_core.follower_count(pa.array(values, pa.string(), from_pandas=True)))
        return found.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)

    pandas_udf: Any = getattr(functions, "pandas_udf")  # noqa: B009 - typed for functions only
    return pandas_udf(_typed(pandas_counts, pd.Series), "bigint")


def _typed(function: Callable[[Any], Any], series: type) -> Callable[[Any], Any]:
    """Spark takes the kind of UDF from hints, and hints here are text."""
    function.__annotations__ = {"values": series, "return": series}
    function.__name__ = "follower_count"
    return function
