"""Debian's chromium, driven through its own protocol; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.session import CHECKOUT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Kept after the tests: a look at them tells more than any of their numbers.
SCREENSHOTS = CHECKOUT / ".cache" / "screenshots"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A chromium without a window. A test that needs it fails where there is none."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("no chromium here; .ci/setup.sh browser, on Debian: apt-get install chromium")
    # Its sandbox does not work for root, as which containers run.
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=alone)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder where pictures of the pages stay."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS
