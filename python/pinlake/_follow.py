"""Streaming queries while they run: what each has done, how far behind it is, and why it died."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pinlake._feeds import Feed
from pinlake._spark import translated
from pinlake._stream import OBSERVED
from pinlake.errors import SourceError, one_line

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

# Seconds between two looks at the queries.
LOOK = 0.5
# Seconds that a micro-batch may take to its end once a stop is asked for; it would be done again.
GRACE = 60.0
# Seconds that a query may take to open its source before the next one is started.
OPEN = 30.0
# What Spark says where a machine is so busy that a Python process took longer than it waits; how
# often a query is started before that counts.
_SLOW = "Python worker failed to connect back"
TRIES = 3
# What Spark says of a query meanwhile.
_OPENS = "Initializing sources"


@dataclass
class View:
    """What one query has done since it was started here; as text, a line of progress."""

    kind: str
    source: str
    state: str = "starts"
    batch: int = -1
    records: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    """How long the last micro-batch took."""
    rate: float = 0.0
    """Records a second of the last micro-batch."""
    newest: datetime | None = None
    """When the last record that was written had arrived."""
    batches: int = 0

    def lag(self, now: datetime) -> float | None:
        """Seconds since the last record that was written arrived; None before any was."""
        return None if self.newest is None else max(0.0, (now - self.newest).total_seconds())

    def __str__(self) -> str:
        lag = self.lag(datetime.now(timezone.utc))
        return (
            f"{self.kind}: batch {self.batch}, {self.records:,} records by now, "
            f"{self.rate:,.0f}/s in {self.seconds:.1f} s, "
            f"{'' if lag is None else f'last record {lag:.1f} s old, '}"
            f"{self.quarantined:,} quarantined"
        )

    def took(self, progress: dict[str, Any]) -> bool:
        """Adds a micro-batch; whether there was anything in it."""
        if progress["batchId"] <= self.batch or not progress["numInputRows"]:
            return False
        self.batch = int(progress["batchId"])
        seen = progress.get("observedMetrics", {}).get(OBSERVED, {})
        self.batches += 1
        self.seconds = progress["durationMs"].get("triggerExecution", 0) / 1000
        count = int(seen.get("records") or 0)
        self.records += count
        self.quarantined += int(seen.get("quarantined") or 0)
        self.rate = count / self.seconds if self.seconds else 0.0
        self.newest = _moment(seen.get("newest")) or self.newest
        return True


# In errors of the core that a start with the same settings would only repeat.
_REMEDIES = ("go on with a new checkpoint", "take such records as they are", "upgrade pinlake")

Watcher = Callable[[Sequence[View], View | None], None]
"""Takes all views, and the one that has just had a micro-batch; called at every look."""


@dataclass
class _Running:
    feed: Feed
    view: View
    query: StreamingQuery
    tries: int = 1


def follow(feeds: Sequence[Feed], watch: Watcher, stop: threading.Event) -> list[View]:
    """Starts queries and watches them until they end, or `stop` is set: micro-batches end then.

    Raises `SourceError` in one line, with how to go on, if a query dies; the others are stopped.
    """
    running: list[_Running] = []
    with _stopped_at_the_end(running):
        for feed in feeds:
            view = View(feed.kind.name, feed.source)
            running.append(_Running(feed, view, _begun(feed)))
        views = [one.view for one in running]
        while not stop.is_set():
            going = [_goes_on(one, views, watch) for one in running]
            if not any(going):
                break
            stop.wait(LOOK)
        if stop.is_set():
            _let_end(running)
            _none_died(running)
        for one in running:
            _take(one, views, watch)
    return views


def _begun(feed: Feed) -> StreamingQuery:
    """Starts a query and lets it open its source: each takes a Python process of its own for that,
    to which Spark gives no more than 10 s, and several at once would be slow."""
    query = _started(feed)
    deadline = time.monotonic() + OPEN
    while query.isActive and _says(query) == _OPENS and time.monotonic() < deadline:
        time.sleep(0.05)
    return query


def _started(feed: Feed) -> StreamingQuery:
    for _ in range(TRIES - 1):
        try:
            return feed.start()
        except Exception as error:
            if _SLOW not in str(error):
                raise
    return feed.start()


@contextlib.contextmanager
def _stopped_at_the_end(running: list[_Running]) -> Iterator[None]:
    try:
        yield
    except SourceError:
        # One has died: what the others are at is not thrown away.
        _let_end(running)
        raise
    finally:
        for one in running:
            with contextlib.suppress(Exception):
                one.query.stop()


def _goes_on(one: _Running, views: Sequence[View], watch: Watcher) -> bool:
    """Looks at a query; whether there is more to come of it."""
    active = one.query.isActive
    _take(one, views, watch)
    if active:
        one.view.state = "works" if _is_busy(one.query) else "waits"
        return True
    died = one.query.exception()
    if died is not None and _SLOW in str(died) and one.tries < TRIES:
        one.tries += 1
        one.query = _begun(one.feed)
        return True
    if died is not None:
        raise _why(one, died)
    if not one.feed.ends_by_itself and _moved(one.query):
        one.query = one.feed.start()
        return True
    one.view.state = "done"
    return False


def _take(one: _Running, views: Sequence[View], watch: Watcher) -> None:
    """Takes in micro-batches that have ended."""
    fresh = False
    for progress in map(plain, one.query.recentProgress):
        if one.view.took(progress):
            fresh = True
            watch(views, one.view)
    if not fresh:
        watch(views, None)


def _let_end(running: list[_Running]) -> None:
    """Waits for micro-batches under way, then stops: what is cut off would only be done again."""
    deadline = time.monotonic() + GRACE
    for one in running:
        one.view.state = "stops"
        while one.query.isActive and _is_busy(one.query) and time.monotonic() < deadline:
            time.sleep(0.1)
        one.query.stop()
        one.view.state = "stopped"


def _none_died(running: list[_Running]) -> None:
    """A last micro-batch that failed is no stop. Raises `SourceError` that says why it did."""
    for one in running:
        died = one.query.exception()
        if died is not None:
            raise _why(one, died)


def _is_busy(query: StreamingQuery) -> bool:
    status = query.status
    return bool(status and status.get("isTriggerActive"))


def _says(query: StreamingQuery) -> str:
    status = query.status
    return str(status and status.get("message"))


def _moved(query: StreamingQuery) -> bool:
    """Whether a query has read anything, or gone from one shard to the next."""
    for progress in map(plain, query.recentProgress):
        for source in progress.get("sources", ()):
            if source.get("startOffset") != source.get("endOffset"):
                return True
    return False


def plain(progress: Any) -> dict[str, Any]:
    """A query's progress as a dictionary, whatever face of Spark it comes from."""
    # Of Connect's on Spark 3.5 it is one already; elsewhere what it holds is no plain value.
    text = getattr(progress, "json", None)
    found: dict[str, Any] = json.loads(text) if isinstance(text, str) else dict(progress)
    if "numInputRows" not in found:
        # Connect leaves the sum to who reads it.
        sources = found.get("sources") or ()
        found["numInputRows"] = sum(source.get("numInputRows") or 0 for source in sources)
    return found


def _moment(text: Any) -> datetime | None:
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=timezone.utc)
    if not text:
        return None
    found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _why(one: _Running, died: Exception) -> SourceError:
    kind, source = one.view.kind, one.view.source
    error = translated(died, f"{kind}, {source}")
    told = one_line(error).split(" at org.apache.")[0][:600]
    # Some say themselves how to go on, which is not by the same command.
    remedy = (
        ""
        if any(words in told for words in _REMEDIES)
        else f"; mend that and start it again with the same command: it goes on behind its "
        f"checkpoint {one.feed.checkpoint}"
    )
    return SourceError(f"{kind}, {source}: the query died: {told}{remedy}")
