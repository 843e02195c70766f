"""What every task of ours does first in its Python worker."""

from __future__ import annotations

import sys
from pathlib import PurePath
from zipimport import zipimporter

# Archives that Spark puts on a worker's path; they stay the same while it runs.
_SPARKS_OWN = ("pyspark.zip", "py4j-", "spark-core_")


def spare_archives() -> None:
    """Takes Spark's own archives out of the cache of finders.

    A pip-installed Spark runs its workers out of `pyspark.zip`, and before each task it
    invalidates the finders. Up to Python 3.12 each finder of an archive then reads all of its
    directory again, and there is one for every package: 0.1 s a task. Without them nothing is
    read, and an import that needs one makes it anew from what is known of the archive.
    """
    finders = sys.path_importer_cache
    for path, finder in list(finders.items()):
        if isinstance(finder, zipimporter):
            name = PurePath(finder.archive).name
            if name.startswith(_SPARKS_OWN):
                finders.pop(path, None)
