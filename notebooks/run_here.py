r"""Runs the notebooks of this folder on this machine, and makes `.ipynb` files of them.

    python notebooks/run_here.py notebooks/01_batch.py notebooks/03_analysis.py \
        landing=./landing catalog=spark_catalog schema=default
    python notebooks/run_here.py --ipynb notebooks-ipynb notebooks/*.py

A notebook is Databricks' source form: cells between `# COMMAND ----------` lines, magics behind
`# MAGIC`. It finds `spark`, `display` and as much of `dbutils` as the notebooks use; `%md`, `%sql`
and `%pip` cells are read (`%pip` only looks whether the packages are there). Notebooks of one
call share a session, and with it the catalog, which ends with the call.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.metadata
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

HEAD = "# Databricks notebook source"
_BETWEEN = re.compile(r"^# COMMAND -+\n", re.M)
# What `display` shows of a frame, as on Databricks.
SHOWN_ROWS = 10_000
# Options of pip that take a value.
_PIP_VALUES = ("--find-links", "-f", "--index-url", "-i", "--extra-index-url", "-c", "-r")


@dataclass(frozen=True)
class Cell:
    """A cell: its language (`python`, `md`, `sql`, `pip`), its text, the line it begins at."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Output:
    """What a cell showed: `text`, a `table` (columns, rows) or a plotly `figure`."""

    kind: str
    value: Any


@dataclass
class Result:
    """A notebook that ran: what each cell showed, and what it ended with."""

    cells: list[tuple[Cell, list[Output]]] = field(default_factory=list)
    exit: str | None = None
    """What `dbutils.notebook.exit` was given."""

    def shown(self, kind: str) -> list[Any]:
        """Everything of one kind that was shown, in order."""
        return [out.value for _, outputs in self.cells for out in outputs if out.kind == kind]


class NotebookError(Exception):
    """A cell failed; the cause is what it raised."""


def cells(text: str) -> list[Cell]:
    """The cells of a notebook's source.

    Raises `NotebookError` if it is no notebook, or a cell has a magic that is not known here.
    """
    if not text.startswith(HEAD):
        raise NotebookError(f"no notebook: the first line is not {HEAD!r}")
    found = []
    at = len(HEAD) + 1
    for part in _BETWEEN.split(text[at:]):
        line = text.count("\n", 0, at) + 1 + len(part) - len(part.lstrip("\n"))
        at = text.index(part, at) + len(part)
        if part.strip():
            found.append(_cell(part.strip("\n"), line))
    return found


def _cell(part: str, line: int) -> Cell:
    lines = part.split("\n")
    if not lines[0].startswith("# MAGIC"):
        return Cell("python", part.rstrip() + "\n", line)
    stripped = [re.sub(r"^# MAGIC ?", "", text) for text in lines]
    magic, _, rest = stripped[0].partition(" ")
    if magic not in ("%md", "%sql", "%pip"):
        raise NotebookError(f"line {line}: {magic} is not known here")
    return Cell(magic[1:], "\n".join([rest, *stripped[1:]]).strip("\n") + "\n", line)


class _Exit(BaseException):
    """`dbutils.notebook.exit`: no error, and nothing that a cell may catch."""


class _Widgets:
    """`dbutils.widgets`: values given from outside go before the notebook's defaults."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = given
        self._values: dict[str, str] = {}

    def text(self, name: str, default: str, label: str = "") -> None:
        self._values[name] = self._given.get(name, default)

    def dropdown(self, name: str, default: str, choices: Sequence[str], label: str = "") -> None:
        self.text(name, default)
        if self._values[name] not in choices:
            raise ValueError(f"{name}={self._values[name]!r}: one of {', '.join(choices)}")

    def get(self, name: str) -> str:
        if name not in self._values:
            raise ValueError(f"no widget {name!r}; there are {', '.join(self._values)}")
        return self._values[name]


class _Notebook:
    def exit(self, value: str) -> None:
        raise _Exit(value)


class DbUtils:
    """The part of `dbutils` that the notebooks use."""

    def __init__(self, given: dict[str, str]) -> None:
        self.widgets = _Widgets(given)
        self.notebook = _Notebook()


def run(file: str | Path, spark: SparkSession, widgets: dict[str, str] | None = None) -> Result:
    """Runs a notebook with widget values; those not given have the notebook's defaults.

    Raises `NotebookError` that names the cell's line if one fails, with its error as the cause,
    and `ValueError` for a widget that the notebook does not have.
    """
    file = Path(file)
    parts = cells(file.read_text("utf-8"))
    given = dict(widgets or {})
    _check_known(given, widgets_of(parts))
    result, here = Result(), list[Output]()
    names: dict[str, Any] = {
        "__name__": "__main__",
        "spark": spark,
        "dbutils": DbUtils(given),
        "display": lambda value=None: here.append(_shown(value)),
    }
    with _figures(here):
        for cell in parts:
            here.clear()
            try:
                _run(cell, names, here, file)
            except _Exit as end:
                result.exit = str(end)
                break
            except Exception as error:
                raise NotebookError(f"{file.name}:{cell.line}: {error}") from error
            finally:
                result.cells.append((cell, list(here)))
    return result


def widgets_of(parts: list[Cell]) -> set[str]:
    """The names of a notebook's widgets."""
    pattern = r'dbutils\.widgets\.\w+\("(\w+)",'
    return {name for cell in parts for name in re.findall(pattern, cell.text)}


def _check_known(given: Iterable[str], there: set[str]) -> None:
    for name in given:
        if name not in there:
            raise ValueError(f"no widget {name!r}; there are {', '.join(sorted(there))}")


def _run(cell: Cell, names: dict[str, Any], here: list[Output], file: Path) -> None:
    if cell.language == "python":
        _python(cell, names, here, file)
    elif cell.language == "sql":
        names["_sqldf"] = names["spark"].sql(cell.text.strip().rstrip(";"))
        here.append(_shown(names["_sqldf"]))
    elif cell.language == "pip":
        _installed(cell.text)


def _python(cell: Cell, names: dict[str, Any], here: list[Output], file: Path) -> None:
    """Runs statements; the value of a last expression is shown, as notebooks do."""
    tree = ast.parse("\n" * (cell.line - 1) + cell.text, str(file))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(tree, str(file), "exec"), names)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(file), "eval"), names)
    if said.getvalue():
        here.append(Output("text", said.getvalue()))
    if value is not None:
        here.append(Output("text", repr(value)))


def _shown(value: Any) -> Output:
    """What `display` makes of a frame, a figure or anything else."""
    if hasattr(value, "to_plotly_json"):
        return Output("figure", value.to_plotly_json())
    if hasattr(value, "limit") and hasattr(value, "columns"):
        frame: DataFrame = value
        rows = [tuple(row) for row in frame.limit(SHOWN_ROWS).collect()]
        return Output("table", (frame.columns, rows))
    return Output("text", str(value))


@contextlib.contextmanager
def _figures(here: list[Output]) -> Iterator[None]:
    """`figure.show()` of plotly shows the figure in the cell."""
    import plotly.io as pio
    from plotly.io.base_renderers import ExternalRenderer

    class Cells(ExternalRenderer):  # type: ignore[misc]
        def render(self, fig_dict: dict[str, Any]) -> None:
            here.append(Output("figure", fig_dict))

    before = pio.renderers.default
    pio.renderers["cells"] = Cells()
    pio.renderers.default = "cells"
    try:
        yield
    finally:
        pio.renderers.default = before


def _installed(text: str) -> None:
    """Whether what a `%pip install` names is there. Raises `ModuleNotFoundError` if not."""
    words = text.split()
    if words[:1] != ["install"]:
        raise ValueError(f"%pip {text.strip()}: only install is known here")
    for before, word in pairwise(words):
        if word.startswith("-") or before in _PIP_VALUES:
            continue
        name = re.split(r"[\[=<>~!;]", word)[0]
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise ModuleNotFoundError(f"{name} is not installed here: pip install {word}") from None


# ---- .ipynb --------------------------------------------------------------------------------


def to_ipynb(parts: list[Cell], outputs: Sequence[Sequence[Output]] = ()) -> dict[str, Any]:
    """A notebook as nbformat 4.5, with what its cells showed if it ran."""
    made = []
    for number, cell in enumerate(parts):
        own: dict[str, Any] = {"id": f"cell-{number:03}", "metadata": {}}
        if cell.language == "md":
            made.append({**own, "cell_type": "markdown", "source": cell.text})
            continue
        magic = "" if cell.language == "python" else f"%{cell.language}"
        source = cell.text if not magic else f"{magic}\n{cell.text}"
        if cell.language == "pip":
            source = f"%pip {cell.text}"
        shown = [_ipynb(out) for out in (outputs[number] if number < len(outputs) else ())]
        made.append(
            {
                **own,
                "cell_type": "code",
                "source": source,
                "execution_count": None,
                "outputs": shown,
            }
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "cells": made,
    }


def _ipynb(out: Output) -> dict[str, Any]:
    if out.kind == "text":
        return {"output_type": "stream", "name": "stdout", "text": out.value}
    if out.kind == "figure":
        data = {"application/vnd.plotly.v1+json": json.loads(json.dumps(out.value, default=_plain))}
    else:
        columns, rows = out.value
        lines = ["\t".join(map(str, line)) for line in [columns, *rows]]
        data = {"text/plain": "\n".join(lines)}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def _plain(value: Any) -> Any:
    """numpy's arrays as lists."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


# ---- command line --------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None, tell: Callable[[str], None] = print) -> int:
    """`run_here.py NOTEBOOK… [WIDGET=VALUE…] [--ipynb FOLDER] [--run]`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("words", nargs="+", metavar="NOTEBOOK|WIDGET=VALUE")
    parser.add_argument(
        "--ipynb",
        metavar="FOLDER",
        type=Path,
        help="Write .ipynb files there; without --run unrun.",
    )
    parser.add_argument("--run", action="store_true", help="Run them though --ipynb is given.")
    given = parser.parse_args(arguments)
    from pinlake.errors import PinlakeError

    try:
        _all(given, tell)
    except (NotebookError, PinlakeError, ValueError, OSError) as error:
        print(f"run_here: {error}", file=sys.stderr)
        return 2
    return 0


def _all(given: argparse.Namespace, tell: Callable[[str], None]) -> None:
    files = [Path(word) for word in given.words if "=" not in word]
    widgets = dict(word.split("=", 1) for word in given.words if "=" in word)
    parts = {file: cells(file.read_text("utf-8")) for file in files}
    _check_known(widgets, set().union(*map(widgets_of, parts.values())))
    spark = None
    if given.run or given.ipynb is None:
        from pinlake._session import local_session

        spark = local_session()
    for file in files:
        result = None
        if spark is not None:
            own = {name: widgets[name] for name in widgets_of(parts[file]) & set(widgets)}
            result = run(file, spark, own)
            _tell(result, tell)
        if given.ipynb is not None:
            given.ipynb.mkdir(parents=True, exist_ok=True)
            shown = [outputs for _, outputs in result.cells] if result else []
            target = given.ipynb / f"{file.stem}.ipynb"
            made = json.dumps(to_ipynb(parts[file], shown), ensure_ascii=False, indent=1)
            target.write_text(made + "\n", "utf-8")
            tell(str(target))


def _tell(result: Result, tell: Callable[[str], None]) -> None:
    for cell, outputs in result.cells:
        if cell.language == "md":
            tell(cell.text)
        for out in outputs:
            if out.kind == "table":
                columns, rows = out.value
                tell("\n".join("\t".join(map(str, line)) for line in [columns, *rows[:20]]))
                tell(f"({len(rows):,} rows)\n")
            elif out.kind == "figure":
                tell(f"[figure: {len(out.value['data'])} traces; --run --ipynb FOLDER keeps it]\n")
            else:
                tell(out.value)


if __name__ == "__main__":
    sys.exit(main())
