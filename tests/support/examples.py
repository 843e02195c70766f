"""The examples in docstrings: found in every module, split by what they need to run."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import importlib.util
import os
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pinlake

# Names that an example takes from the reader's session: it then runs on Spark.
ON_SPARK = ("spark", "df", "frame", "pins", "geo", "users", "landing", "warehouse", "run")
_TAKEN = re.compile(rf"(?<![\w.\"'])(?:{'|'.join(ON_SPARK)})\b(?!\s*=|[\"'])")
# Spark has Python data sources from 4.0 on.
_SOURCES = importlib.util.find_spec("pyspark.sql.datasource") is not None
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@cache
def modules() -> tuple[Any, ...]:
    """Every Python module of the package that this Spark can import."""
    without = {"pinlake._core"} if _SOURCES else {"pinlake._core", "pinlake._kinesis_source"}
    names = [
        module.name
        for module in pkgutil.walk_packages(pinlake.__path__, "pinlake.")
        if module.name not in without
    ]
    return tuple(importlib.import_module(name) for name in ("pinlake", *names))


@cache
def examples(on_spark: bool) -> tuple[doctest.DocTest, ...]:
    """The docstrings with examples, those that need a session or the others."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {
        test.name: test
        for module in modules()
        for test in finder.find(module, module.__name__)
        if test.examples
    }
    return tuple(test for test in found.values() if needs_spark(test) == on_spark)


def needs_spark(test: doctest.DocTest) -> bool:
    """Whether one of its examples takes a name of the session."""
    return any(_TAKEN.search(example.source) for example in test.examples)


def run(test: doctest.DocTest, names: dict[str, Any], folder: Path) -> None:
    """Runs one docstring's examples in `folder` and fails with what came out instead."""
    skipped = [one.source for one in test.examples if one.options.get(doctest.SKIP)]
    assert not skipped, f"{test.name}: an example that is skipped shows nothing: {skipped}"
    said: list[str] = []
    test.globs = {**test.globs, **names}
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    with within(folder):
        result = runner.run(test, out=said.append, clear_globs=False)
    assert result.attempted > 0, f"{test.name}: no example ran"
    assert result.failed == 0, "".join(said)


@contextlib.contextmanager
def within(folder: Path) -> Iterator[None]:
    """The working directory for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
