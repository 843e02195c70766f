"""What is asked of an S3 server."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Watch:
    """A proxy in front of the server that remembers what was asked and what LISTs gave."""

    def __init__(self, endpoint: str) -> None:
        self.lists: list[dict[str, str]] = []
        self.keys: list[str] = []
        self.gets = 0
        self.busiest = 0
        self._open = 0
        watch, lock = self, threading.Lock()

        class Forward(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with lock:
                    watch._open += 1
                    watch.busiest = max(watch.busiest, watch._open)
                try:
                    self._forward()
                finally:
                    with lock:
                        watch._open -= 1

            do_HEAD = do_GET

            def _forward(self) -> None:
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                asked = urllib.request.Request(endpoint + self.path, headers=headers)
                asked.method = self.command
                try:
                    answer = urllib.request.urlopen(asked, timeout=60)
                except urllib.error.HTTPError as error:
                    answer = error
                body = answer.read()
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                with lock:
                    if "list-type" in query:
                        watch.lists.append(query)
                        watch.keys += re.findall(r"<Key>(.*?)</Key>", body.decode())
                    elif self.command == "GET":
                        watch.gets += 1
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                length = answer.headers.get("content-length", len(body))
                self.send_header(
                    "Content-Length", str(length if self.command == "HEAD" else len(body))
                )
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        # The default of 5 connections that wait is less than what is opened at once.
        ThreadingHTTPServer.request_queue_size = 128
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def forget(self) -> None:
        self.lists, self.keys, self.gets, self.busiest = [], [], 0, 0

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
