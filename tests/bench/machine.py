"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pinlake._core import __profile__

PACKAGES = ("pinlake", "pyspark", "pyarrow", "pandas", "duckdb", "polars", "faker")


def machine() -> dict[str, Any]:
    """Processor, memory and system."""
    return {
        "processor": _first(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"), platform.machine()),
        "cores": cores(),
        "memory_gib": round(_memory() / 2**30, 1),
        "system": _first(r'PRETTY_NAME="?([^"\n]+)', _read("/etc/os-release"), platform.system()),
        "kernel": platform.release(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Of everything that takes part."""
    found = {"python": platform.python_version(), "java": _java()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["delta"] = _delta()
    return found


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def doubts() -> list[str]:
    """Why the figures should not be believed."""
    found = []
    load = os.getloadavg()[0]
    if load > 0.5 * cores():
        found.append(f"the machine was not idle: load {load:.1f} on {cores()} cores at the start")
    if __profile__ != "release":
        found.append(f"pinlake is a {__profile__} build: its times say nothing")
    return found


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin/java")) if home else "java"
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    return _first(r'version "([^"]+)"', told.stderr, "unknown")


def _delta() -> str:
    folder = os.environ.get("PINLAKE_JARS")
    jars = sorted(Path(folder).glob("delta-spark*.jar")) if folder else []
    if jars:
        return jars[0].stem
    from pinlake import _jars

    lane = _jars.lane_of(version("pyspark"))
    return "none" if lane is None else lane.packages[0]


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _first(pattern: str, text: str, otherwise: str) -> str:
    found = re.search(pattern, text)
    return found[1].strip() if found else otherwise
