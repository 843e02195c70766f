"""A proxy before Kinesis that does what the real service does under load.

It refuses entries, throttles, fails, and loses replies to what was accepted; no stand-in for
Kinesis does any of it by itself.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_PUT = "PutRecords"
_READS = ("GetRecords", "GetShardIterator")
# Made anew for what is passed on.
_OURS = ("content-length", "host", "connection")
_THROUGHPUT = "ProvisionedThroughputExceededException"


@dataclass
class FaultProxy:
    """Shares of requests (of `entries`: of entries) that go wrong, drawn from a seed."""

    upstream: str
    entries: float = 0.0
    """Entries refused inside a reply of 200."""
    throttled: float = 0.0
    """Requests refused whole."""
    failed: float = 0.0
    """Requests answered by 500 without being passed on."""
    lost: float = 0.0
    """Requests passed on whose reply is lost: the connection is closed."""
    first_lost: bool = False
    """Whether the first request that is passed on is one of these in any case."""
    silent: float = 0.0
    """Seconds for which every reply is held back."""
    reads: float = 0.0
    """Reads (of records, and for iterators) that are throttled, and as many answered by 500."""
    expired: float = 0.0
    """Reads of records by an iterator that has expired."""
    empty: int = 0
    """Pages without a record that each new iterator gives first, as Kinesis does for a stretch of
    time in which nothing was put."""
    seed: int = 7
    counts: Counter[str] = field(default_factory=Counter)
    """What was done: `passed`, `entries`, `throttled`, `failed`, `lost`, `accepted` entries."""
    url: str = ""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()

    def draw(self) -> float:
        """A number from 0 to 1."""
        with self._lock:
            return self._chance.random()

    def count(self, what: str, by: int = 1) -> None:
        """Adds to the counts."""
        with self._lock:
            self.counts[what] += by


@contextmanager
def running(proxy: FaultProxy) -> Iterator[FaultProxy]:
    """A proxy at work on a free port of loopback."""

    class Handler(_Handler):
        settings = proxy

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    settings: FaultProxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Passes a request on, or not."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        proxy, chance = self.settings, self.settings.draw()
        if target in _READS and self._refused(target, chance):
            return
        if target == "GetRecords" and proxy.empty:
            self._paged(json.loads(body))
            return
        if target != _PUT:
            self._answer(*self._pass_on(body))
            return
        if chance < proxy.throttled:
            proxy.count("throttled")
            self._answer(400, _error(_THROUGHPUT))
        elif chance < proxy.throttled + proxy.failed:
            proxy.count("failed")
            self._answer(500, _error("InternalFailure"))
        else:
            self._put(json.loads(body), chance >= 1 - proxy.lost)

    def _refused(self, target: str, chance: float) -> bool:
        """Whether a read was refused."""
        proxy = self.settings
        if chance < proxy.reads:
            proxy.count("throttled")
            self._answer(400, _error(_THROUGHPUT))
        elif chance < 2 * proxy.reads:
            proxy.count("failed")
            self._answer(500, _error("InternalFailure"))
        elif target == "GetRecords" and chance < 2 * proxy.reads + proxy.expired:
            proxy.count("expired")
            self._answer(400, _error("ExpiredIteratorException"))
        else:
            return False
        return True

    def _paged(self, request: dict[str, Any]) -> None:
        """Pages without records before the server's own."""
        proxy, iterator = self.settings, request["ShardIterator"]
        number, _, own = iterator.rpartition("|")
        if int(number or 0) >= proxy.empty:
            status, said = self._pass_on(json.dumps({**request, "ShardIterator": own}).encode())
            page = json.loads(said)
            if page.get("NextShardIterator"):
                page["NextShardIterator"] = f"{number}|{page['NextShardIterator']}"
            self._answer(status, json.dumps(page).encode())
            return
        proxy.count("empty")
        page = {
            "Records": [],
            "NextShardIterator": f"{int(number or 0) + 1}|{own}",
            "MillisBehindLatest": 60_000,
        }
        self._answer(200, json.dumps(page).encode())

    def _put(self, request: dict[str, Any], lost: bool) -> None:
        proxy = self.settings
        records = request["Records"]
        refused = [proxy.draw() < proxy.entries for _ in records]
        kept = [record for record, no in zip(records, refused, strict=True) if not no]
        status, reply = 200, {"Records": []}
        if kept:
            status, said = self._pass_on(json.dumps({**request, "Records": kept}).encode())
            reply = json.loads(said)
        if status != 200:
            self._answer(status, json.dumps(reply).encode())
            return
        proxy.count("passed")
        proxy.count("accepted", len(kept))
        proxy.count("entries", sum(refused))
        time.sleep(proxy.silent)
        if lost or (proxy.first_lost and not proxy.counts["lost"]):
            proxy.count("lost")
            self.close_connection = True
            self.connection.close()
            return
        accepted = iter(reply["Records"])
        no_entry = {"ErrorCode": _THROUGHPUT, "ErrorMessage": "Rate exceeded for shard"}
        entries = [no_entry if no else next(accepted) for no in refused]
        answer = {"FailedRecordCount": sum(refused), "Records": entries}
        self._answer(200, json.dumps(answer).encode())

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        upstream = HTTPConnection(urlsplit(self.settings.upstream).netloc, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OURS}
        upstream.request("POST", "/", body, headers)
        reply = upstream.getresponse()
        said = reply.read()
        upstream.close()
        return reply.status, said

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _error(code: str) -> bytes:
    return json.dumps({"__type": code, "message": "as the proxy was told"}).encode()
