"""What Spark says that a user can mend, as one line with the remedy."""

from __future__ import annotations

import pytest

from pinlake._spark import doing
from pinlake.errors import PinlakeError, SinkError, SourceError


@pytest.mark.parametrize(
    ("said", "kind", "wanted"),
    [
        (
            "[SCHEMA_NOT_FOUND] The schema `spark_catalog`.`rev` cannot be found. Verify the "
            "spelling and correctness of the schema and catalog.",
            SinkError,
            "there is no `spark_catalog`.`rev`; make it with CREATE SCHEMA",
        ),
        (
            "[SCHEMA_NOT_FOUND] said otherwise",
            SinkError,
            "there is no such schema; make it with CREATE SCHEMA",
        ),
        (
            "[CATALOG_NOT_FOUND] The catalog `main` not found. Consider to set the SQL config",
            SinkError,
            "this Spark has no catalog 'main'",
        ),
        (
            "Catalog 'main' plugin class not found: spark.sql.catalog.main is not defined",
            SinkError,
            "this Spark has no catalog 'main'",
        ),
        (
            "[REQUIRES_SINGLE_PART_NAMESPACE] spark_catalog requires a single-part namespace, but "
            "got `main`.`social`. SQLSTATE: 42K05",
            SinkError,
            "this Spark has no catalog 'main'",
        ),
        (
            "An error occurred while calling o60.load. : java.lang.RuntimeException: "
            "java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not "
            "found",
            SourceError,
            "org.apache.hadoop:hadoop-aws:",
        ),
        (
            'org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "s3"',
            SourceError,
            "org.apache.hadoop:hadoop-aws:",
        ),
    ],
)
def test_a_line_with_the_remedy(said: str, kind: type[PinlakeError], wanted: str) -> None:
    def step() -> None:
        raise RuntimeError(said)

    with pytest.raises(kind) as caught:
        doing("make x", step)
    told = str(caught.value)
    assert told.startswith("make x: ")
    assert wanted in told
    assert "\n" not in told


def test_what_nobody_knows_stays_as_it_is() -> None:
    def step() -> None:
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        doing("make x", step)
