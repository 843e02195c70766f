"""What tasks do first: finders of Spark's archives go, everybody else's stay."""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path
from zipimport import zipimporter

import pytest

from pinlake._worker import spare_archives


def archive(path: Path, *modules: str) -> str:
    with zipfile.ZipFile(path, "w") as made:
        for module in modules:
            made.writestr(f"{module}/__init__.py", f"name = {module!r}")
    return str(path)


def finders(path: str) -> list[str]:
    found = sys.path_importer_cache.items()
    return [at for at, finder in found if at.startswith(path) and isinstance(finder, zipimporter)]


def test_sparks_archives_lose_their_finders_and_can_still_be_imported_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparks = archive(tmp_path / "pyspark.zip", "pinlake_first", "pinlake_second")
    users = archive(tmp_path / "helpers.zip", "pinlake_helper")
    monkeypatch.setattr(sys, "path", [sparks, users, *sys.path])
    try:
        assert importlib.import_module("pinlake_first").name == "pinlake_first"
        assert importlib.import_module("pinlake_helper").name == "pinlake_helper"
        assert finders(sparks)
        spare_archives()
        assert finders(sparks) == []
        assert finders(users)
        importlib.invalidate_caches()
        assert importlib.import_module("pinlake_second").name == "pinlake_second"
    finally:
        for name in ("pinlake_first", "pinlake_second", "pinlake_helper"):
            sys.modules.pop(name, None)
        for path in [*finders(sparks), *finders(users)]:
            sys.path_importer_cache.pop(path, None)
