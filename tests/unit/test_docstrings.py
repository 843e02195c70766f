"""Every public name says what it does and shows it; what it shows is true."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from typing import Any

import pytest

import pinlake
from support.examples import examples, run

# Public names without an example of their own, and why that is enough.
WITHOUT_EXAMPLE = {
    "pinlake.__version__": "a string",
    "pinlake.errors": "a module; its functions have examples",
    "pinlake.pipeline": "a module; `run_batch` has the example",
    "pinlake.report": "a module; its functions have examples",
    "pinlake.udf": "a module; its functions have examples",
    "pinlake.Books": "a report that a run returns; `run_batch` shows one",
    "pinlake.RunReport": "a report that a run returns; `run_batch` shows one",
    "pinlake.Run": "made by `open_run`, which has the example",
}


def names() -> list[tuple[str, Any]]:
    """The public names of the package and of its public modules' functions."""
    found = [(f"pinlake.{name}", getattr(pinlake, name)) for name in pinlake.__all__]
    for module in ("analysis", "explore", "report", "udf", "errors"):
        held = getattr(pinlake, module)
        listed = getattr(held, "__all__", [name for name in vars(held) if name[0] != "_"])
        found += [
            (f"pinlake.{module}.{name}", getattr(held, name))
            for name in listed
            if inspect.isfunction(getattr(held, name))
            and getattr(held, name).__module__ == held.__name__
        ]
    return found


@pytest.mark.parametrize(("name", "value"), [pytest.param(*one, id=one[0]) for one in names()])
def test_a_public_name_has_a_docstring_with_an_example(name: str, value: Any) -> None:
    if name == "pinlake.__version__":
        return
    text = inspect.getdoc(value) or ""
    assert text.strip(), f"{name} has no docstring"
    if name in WITHOUT_EXAMPLE:
        return
    texts = [text]
    if inspect.isclass(value):
        texts += [inspect.getdoc(member) or "" for member in vars(value).values()]
    assert any(">>>" in one for one in texts), f"{name} has no example"


def test_the_list_of_exceptions_holds_no_name_that_is_gone() -> None:
    assert set(WITHOUT_EXAMPLE) <= {name for name, _ in names()}


@pytest.mark.parametrize("example", examples(on_spark=False), ids=lambda test: test.name)
def test_an_example_is_true(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PINLAKE_LANDING", "PINLAKE_WAREHOUSE", "PINLAKE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    run(example, {}, tmp_path)
