"""Counts of work that is on, for Prometheus: its text format over HTTP, on loopback."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pinlake.errors import ConfigError

LOOPBACK = "127.0.0.1"
# Prometheus, "Exposition formats".
_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Name, what it is, the key of the counts; those that are tables have a label for their keys.
_COUNTERS = (
    ("posts_total", "Posts handed to the target.", "posts", None),
    ("records_generated_total", "Records made.", "generated", None),
    ("records_acked_total", "Records that the target has for certain.", "written", None),
    ("records_failed_total", "Records refused for good.", "failed", None),
    ("records_unknown_total", "Records of which nobody can say.", "unknown", None),
    ("bytes_acked_total", "Bytes of acknowledged records, with newlines.", "bytes", None),
    ("objects_total", "Files or objects finished.", "objects", None),
    ("records_sent_total", "Records handed to the target, by kind.", "kinds", "kind"),
    ("faults_total", "Records with a planned fault.", "faults", "fault"),
)


def emulation(counts: Mapping[str, Any]) -> str:
    """The counts of an emulation in the text format.

    >>> print(emulation({"posts": 2, "kinds": {"pin": 2}, "behind_seconds": 0.5}))
    # HELP pinlake_emulate_posts_total Posts handed to the target.
    # TYPE pinlake_emulate_posts_total counter
    pinlake_emulate_posts_total 2
    # HELP pinlake_emulate_records_sent_total Records handed to the target, by kind.
    # TYPE pinlake_emulate_records_sent_total counter
    pinlake_emulate_records_sent_total{kind="pin"} 2
    # HELP pinlake_emulate_behind_seconds By how much sending was late, at most.
    # TYPE pinlake_emulate_behind_seconds gauge
    pinlake_emulate_behind_seconds 0.5
    <BLANKLINE>
    """
    lines: list[str] = []
    for name, what, key, label in _COUNTERS:
        if key in counts:
            lines += _metric(name, what, "counter", counts[key], label)
    late = counts.get("behind_seconds", 0.0)
    lines += _metric("behind_seconds", "By how much sending was late, at most.", "gauge", late)
    return "\n".join(lines) + "\n"


def _metric(name: str, what: str, kind: str, value: Any, label: str | None = None) -> list[str]:
    full = f"pinlake_emulate_{name}"
    values = [f"{full} {value}"]
    if label is not None:
        values = [f'{full}{{{label}="{key}"}} {count}' for key, count in value.items()]
    return [f"# HELP {full} {what}", f"# TYPE {full} {kind}", *values]


@contextlib.contextmanager
def served(port: int | None, text: Callable[[], str]) -> Iterator[None]:
    """Answers `GET /metrics` on loopback while the block works; None serves nothing.

    Raises `ConfigError` for a port that cannot be listened on.
    """
    if port is None:
        yield
        return
    try:
        server = ThreadingHTTPServer((LOOPBACK, port), _handler(text))
    except OSError as error:
        raise ConfigError(f"--metrics-port {port}: {error.strerror}; choose another") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="pinlake-metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] == "/metrics"
            body = text().encode() if found else b"see /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", _TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing: stderr is for the progress."""

    return Handler
