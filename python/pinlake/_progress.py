"""How far a piece of work is, on stderr: a bar in a terminal, else a line every few seconds."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

T = TypeVar("T")

# Seconds between two lines where nobody watches a bar.
EVERY = 5.0
# Seconds between two looks at a counter; a key press waits at most this long.
POLL = 0.1


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(4.25), duration(75), duration(7300)
    ('4.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Progress:
    """Counts, rate and time left of one piece of work.

    >>> with Progress("read", total=10, unit="objects", stream=sys.stdout) as progress:
    ...     progress.at(10)  # doctest: +ELLIPSIS
    read: 10 objects in ...
    """

    def __init__(
        self,
        what: str,
        *,
        total: int | None = None,
        unit: str = "records",
        stream: TextIO | None = None,
        every: float = EVERY,
    ) -> None:
        self._name = self._what = what
        self._notes: dict[str, str] = {}
        self._total = total
        self._unit = unit
        self._stream = stream or sys.stderr
        self._every = every
        self._done = 0
        self._share: float | None = None
        self._counted = (0, 0.0)
        # Seconds that the whole is reckoned to take, as of the last change of the share.
        self._whole = 0.0
        self._start = self._told = time.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        self._start = self._told = time.monotonic()
        if self._stream.isatty():
            self._bar, self._task = _bar(self._what, self._far, self._stream)
            self._bar.start()
        return self

    def at(self, done: int, share: float | None = None) -> None:
        """Says that `done` units are done by now.

        `share` (0 to 1) says how much of the work that is where nobody knows how many there are.
        """
        if share and share != self._share:
            self._whole = self._passed() / share
        self._done, self._share = done, share
        if self._bar is not None and self._task is not None:
            known = done / self._total if self._total else share
            self._bar.update(self._task, completed=known or 0.0, total=1.0 if known else None)
        elif time.monotonic() - self._told >= self._every:
            self._told = time.monotonic()
            self._say(self.line())

    def note(self, text: str) -> None:
        """Says what is being done now, in place of the name."""
        self._what = text
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=text)

    def count(self, done: int, share: float) -> None:
        """Keeps what `counted` gives: for work on a thread that only says when a step is done."""
        self._counted = (done, share)

    def counted(self) -> tuple[int, float]:
        """What `count` was last told, for `follow`."""
        return self._counted

    def noted(self, kind: str, word: str, done: int, share: float) -> None:
        """Says what is being done with a kind, beside what is said of the others; see `count`."""
        self._notes[kind] = word
        self.count(done, share)
        self.note(f"{self._name}: " + ", ".join(f"{k} {w}" for k, w in self._notes.items()))

    def line(self) -> str:
        """How far it is: counts, rate, time left."""
        return f"{self._what}: {self._far()}"

    def _far(self) -> str:
        passed = self._passed()
        rate = self._done / passed
        if self._total is None:
            count = f"{self._done:,} {self._unit}" if self._done else "at work"
            left = self._whole - passed if self._share else 0.0
        else:
            count = f"{self._done:,} of {self._total:,} {self._unit}"
            left = (self._total - self._done) / rate if rate else 0.0
        # Where steps take longer than was reckoned nobody knows what is left.
        known = left > 0 or (self._total is not None and self._done > 0)
        rest = f"{duration(left)} left" if known else f"after {duration(passed)}"
        speed = f", {_speed(rate)}" if self._done else ""
        return f"{count}{speed}, {rest}"

    def _passed(self) -> float:
        return max(time.monotonic() - self._start, 1e-9)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if kind is None and self._done:
            passed = self._passed()
            speed = f" ({_speed(self._done / passed)})" if passed > 1e-3 else ""
            self._say(f"{self._what}: {self._done:,} {self._unit} in {duration(passed)}{speed}")

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def _speed(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 1 else f"{60 * rate:,.1f}/min"


def _bar(what: str, far: Callable[[], str], stream: TextIO) -> tuple[Bar, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Far(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(far())

    columns = (TextColumn("{task.description}"), BarColumn(), Far())
    bar = Progress(*columns, console=Console(file=stream), transient=True)
    return bar, bar.add_task(what, total=None)


def follow(
    work: Callable[[], T],
    progress: Progress,
    *,
    count: Callable[[], int | tuple[int, float]] | None = None,
    stop: Callable[[], None] | None = None,
) -> T:
    """Runs `work` beside the main thread, which looks at `count` and takes Ctrl-C.

    `count` gives the units done, or these and what share of the work they are.

    Native calls do not see signals, hence the second thread. The first Ctrl-C calls `stop` and
    waits for `work` to end; the second, or the first without a `stop`, raises KeyboardInterrupt.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed to the main thread, whatever it is
            errors.append(error)

    def look() -> None:
        found = count() if count is not None else 0
        progress.at(*found) if isinstance(found, tuple) else progress.at(found)

    thread = threading.Thread(target=target, name="pinlake-work", daemon=True)
    thread.start()
    asked = False
    with progress:
        while thread.is_alive():
            try:
                thread.join(POLL)
                look()
            except KeyboardInterrupt:
                if asked or stop is None:
                    raise
                asked = True
                stop()
        if not errors:
            look()
        if errors:
            raise errors[0]
    if asked:
        raise KeyboardInterrupt
    return results[0]


@contextlib.contextmanager
def beat(progress: Progress, count: Callable[[], int] | None = None) -> Iterator[Progress]:
    """Keeps `progress` going from a thread of its own while the main thread works in the block."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(POLL):
            progress.at(count() if count is not None else 0)

    with progress:
        thread = threading.Thread(target=tick, name="pinlake-progress", daemon=True)
        thread.start()
        try:
            yield progress
        finally:
            over.set()
            thread.join()
            if count is not None:
                progress.at(count())
