"""Every public name of the Rust core has a Python face, and the stub lists what is there."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pinlake
from pinlake import _core

# Names of the core that no Python module uses, and why they are there all the same.
WITHOUT_FACE = {
    "Batches": "what `read_task` and its like return; it is only iterated over",
    "error_codes": "the codes that `_errors` may hold, for tests and readers; no frame needs them",
}


def used() -> set[str]:
    """Attributes and imports of the core in the package's modules, and method names they call."""
    found: set[str] = set()
    for file in Path(pinlake.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").endswith("_core"):
                found.update(alias.name for alias in node.names)
    # The package's door takes its version from the core by name.
    return found | {name for name, home in pinlake._HOMES.items() if home == "_core"}


def core() -> list[str]:
    """The core's public names, methods as `Class.method`."""
    names = []
    for name, value in vars(_core).items():
        if name.startswith("_") and name != "__version__":
            continue
        names.append(name)
        if inspect.isclass(value) and not issubclass(value, Exception):
            names += [f"{name}.{member}" for member in vars(value) if member[0] != "_"]
    return names


def test_every_name_of_the_core_has_a_face_or_a_reason() -> None:
    faces = used()
    missing = [
        name
        for name in core()
        if name.rpartition(".")[2] not in faces
        and name not in WITHOUT_FACE
        # A class that is public as it is brings its methods along.
        and name.partition(".")[0] not in pinlake.__all__
    ]
    assert not missing, f"no Python module uses {missing}; give them a face or a reason"


def test_the_reasons_name_what_is_there() -> None:
    assert set(WITHOUT_FACE) <= set(core())


def test_every_public_name_resolves() -> None:
    for name in pinlake.__all__:
        assert getattr(pinlake, name) is not None
    assert set(pinlake.__all__) == set(pinlake._HOMES) | set(pinlake._MODULES)


def test_the_import_brings_neither_pyarrow_nor_pyspark() -> None:
    import subprocess
    import sys

    told = "import pinlake, sys; print(sorted({'pyarrow', 'pyspark', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
