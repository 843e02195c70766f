"""Streams through the API that `infra/` describes, deployed to the local AWS."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.api import api
from support.cli import STAND_IN, pinlake, refusal
from support.components import LocalStack

KINDS = ("pin", "geo", "user")
KEY = "PINLAKE_GATEWAY_KEY"
ENV = STAND_IN


@pytest.fixture(scope="module")
def url(localstack: LocalStack) -> Iterator[str]:
    with api(localstack) as deployed:
        yield deployed


@pytest.fixture
def user(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A user id of the test's own, whose streams were made by the API."""
    name = f"u{abs(hash(request.node.name)) % 10**9}"
    of = ("--at", f"gateway+{url}", "--user-id", name)
    made = pinlake("streams", "create", *of, "--shards", "2", cwd=tmp_path, env=ENV)
    assert made.returncode == 0, made.stderr
    yield name
    gone = pinlake("streams", "delete", *of, cwd=tmp_path, env=ENV)
    assert gone.returncode == 0, gone.stderr


def ask(url: str, method: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Status and body of a request's answer."""
    data = None if body is None else json.dumps(body).encode()
    sent = Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urlopen(sent) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or "null")


def verdict(url: str, folder: Path) -> dict[str, Any]:
    words = ("verify", "--ledger", "run.ledger", "--against", f"gateway+{url}", "--json")
    done = pinlake(*words, cwd=folder, env=ENV)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def emulate(url: str, user: str, *more: str) -> tuple[str, ...]:
    to = ("--to", f"gateway+{url}", "--user-id", user, "--ledger", "run.ledger")
    return ("emulate", *to, "--json", *more)


def test_real_posts_arrive_record_for_record(
    url: str, user: str, tmp_path: Path, real_data: Path
) -> None:
    tables = ("--from", str(real_data / "real"), "--count", "500")
    done = pinlake(*emulate(url, user, *tables), cwd=tmp_path, env=ENV)
    assert done.returncode == 0, done.stderr
    found = verdict(url, tmp_path)
    assert found["unexplained"] == 0
    assert found["sent"] == found["arrived"] == found["seen"] > 1000
    source = ("--from", f"gateway+{url}", "--user-id", user, "--out", "c")
    checked = pinlake("check", *source, cwd=tmp_path, env=ENV)
    assert checked.returncode == 0, checked.stderr
    consumed = [
        one
        for kind in KINDS
        for one in json.loads(Path(tmp_path, "c", f"{kind}_consumer.json").read_text("utf-8"))
    ]
    assert len(consumed) == found["sent"]
    assert all(
        one["key"] == str(one["value"].get("index", one["value"].get("ind"))) for one in consumed
    )


def test_faults_that_text_can_carry_are_explained(url: str, user: str, tmp_path: Path) -> None:
    faults = ("duplicate", "late", "drop", "corrupt", "new_field", "orphan")
    words = [word for fault in faults for word in ("--fault", f"{fault}=0.05")]
    done = pinlake(*emulate(url, user, "--count", "200", *words), cwd=tmp_path, env=ENV)
    assert done.returncode == 0, done.stderr
    found = verdict(url, tmp_path)
    assert found["unexplained"] == 0
    assert found["withheld"] > 0
    assert found["orphans"] > 0
    for fault in ("invalid_utf8", "null_value"):
        words = [*emulate(url, user, "--count", "5"), "--fault", f"{fault}=0.5"]
        assert fault in refusal(pinlake(*words, cwd=tmp_path, env=ENV))


def test_streams_are_listed_and_described(url: str, user: str, tmp_path: Path) -> None:
    of = ("--at", f"gateway+{url}")
    listed = pinlake(
        "streams", "list", *of, "--prefix", f"streaming-{user}", "--json", cwd=tmp_path
    )
    assert [one["name"] for one in json.loads(listed.stdout)] == sorted(
        f"streaming-{user}-{kind}" for kind in KINDS
    )
    described = pinlake(
        *("streams", "describe", *of, "--user-id", user, "--kind", "pin", "--json"), cwd=tmp_path
    )
    (pin,) = json.loads(described.stdout)
    assert (pin["status"], pin["shards"], pin["retention_hours"]) == ("ACTIVE", 2, 24)
    again = pinlake("streams", "create", *of, "--user-id", user, cwd=tmp_path)
    assert "is there already" in again.stderr
    absent = pinlake("streams", "describe", *of, "--name", "streaming-none", cwd=tmp_path)
    assert "no stream streaming-none" in refusal(absent)
    longer = ("streams", "create", *of, "--name", f"streaming-{user}-x", "--retention", "48h")
    assert "does not change how long" in refusal(pinlake(*longer, cwd=tmp_path))
    pinlake("streams", "delete", *of, "--name", f"streaming-{user}-x", cwd=tmp_path)


def test_one_record_goes_as_the_originals_send_it(url: str, user: str) -> None:
    stream = f"streaming-{user}-pin"
    data = {"index": 7, "title": 'naïve 🎨 "quoted"\nline', "follower_count": "1k"}
    body = {"StreamName": stream, "Data": data, "PartitionKey": "it's 7"}
    status, put = ask(f"{url}/streams/{stream}/record", "PUT", body)
    assert status == 200, put
    at = f"{url}/streams/{stream}"
    status, begin = ask(f"{at}/sharditerator?shard-id={put['ShardId']}", "GET")
    assert status == 200
    status, got = ask(f"{at}/records", "GET", **{"Shard-Iterator": begin["ShardIterator"]})
    (record,) = got["Records"]
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert record["PartitionKey"] == "it's 7"
    many = {"records": [{"data": "{}", "partition-key": 'it\'s \\ "8"'}]}
    status, answer = ask(f"{at}/records", "PUT", many)
    assert (status, answer["FailedRecordCount"]) == (200, 0), answer
    shard = answer["Records"][0]["ShardId"]
    begin = ask(f"{at}/sharditerator?shard-id={shard}", "GET")[1]["ShardIterator"]
    got = ask(f"{at}/records", "GET", **{"Shard-Iterator": begin})[1]["Records"]
    assert got[-1]["PartitionKey"] == 'it\'s \\ "8"'

    assert json.loads(base64.b64decode(record["Data"])) == data


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("record", {"Data": {"index": 1}}),
        ("record", {"PartitionKey": "1"}),
        ("record", {"Data": "text", "PartitionKey": "1"}),
        ("records", {"records": [{"data": "text"}]}),
        ("records", {"records": [{"data": {"index": 1}, "partition-key": "1"}]}),
        ("records", {"records": []}),
        ("records", {}),
    ],
)
def test_what_a_template_would_write_as_text_is_refused(
    url: str, user: str, path: str, body: object
) -> None:
    status, answer = ask(f"{url}/streams/streaming-{user}-pin/{path}", "PUT", body)
    assert (status, answer["message"]) == (400, "Invalid request body")


def test_an_absent_stream_is_refused_with_its_code(url: str) -> None:
    body = {"records": [{"data": "{}", "partition-key": "1"}]}
    status, answer = ask(f"{url}/streams/streaming-absent/records", "PUT", body)
    assert status == 400
    assert answer["__type"].endswith("ResourceNotFoundException")


def test_bad_use_is_refused(url: str, tmp_path: Path) -> None:
    def told(target: str, more: str = "", **variables: str | None) -> str:
        Path(tmp_path, "pinlake.toml").write_text(f"[gateway]\n{more}\n", encoding="utf-8")
        words = ("emulate", "--to", target, "--count", "1")
        return refusal(pinlake(*words, cwd=tmp_path, env={**ENV, **variables}))

    assert "pinlake streams create" in told(f"gateway+{url}")
    assert "names no host" in told("gateway+https:///prod")
    canary = "c4n4ry"
    assert canary not in told(f"gateway+http://u:{canary}@127.0.0.1:9/prod")
    assert "refused" in told("gateway+http://127.0.0.1:9/prod", **{KEY: canary}).lower()
    assert "use iam, key or none" in told(f"gateway+{url}", 'auth = "basic"')
    assert KEY in told(f"gateway+{url}", 'auth = "key"')
    assert "no region" in told(f"gateway+{url}", 'auth = "iam"')
    nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    iam = 'auth = "iam"\nregion = "us-east-1"'
    assert "no AWS credentials" in told(f"gateway+{url}", iam, **nobody)


class _Heard(BaseHTTPRequestHandler):
    """Answers with no streams; the server keeps the requests."""

    def do_GET(self) -> None:
        self.server.heard.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        body = b'{"StreamNames": [], "HasMoreStreams": false}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def heard() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A server's URL, and path and headers of what it was asked."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Heard) as server:
        server.heard = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/prod", server.heard  # type: ignore[attr-defined]
        server.shutdown()


def test_requests_are_signed_as_aws_signs_them(
    heard: tuple[str, list[tuple[str, dict[str, str]]]], tmp_path: Path
) -> None:
    url, asked = heard
    text = '[gateway]\nauth = "iam"\nregion = "eu-west-3"\n'
    Path(tmp_path, "pinlake.toml").write_text(text, encoding="utf-8")
    listing = ("streams", "list", "--at", f"gateway+{url}")
    assert pinlake(*listing, cwd=tmp_path, env=ENV).returncode == 0
    ((path, headers),) = asked
    signed = {
        name: value for name, value in headers.items() if name.lower() in ("host", "x-amz-date")
    }
    request = AWSRequest("GET", url.removesuffix("/prod") + path, signed)
    request.context["timestamp"] = signed["X-Amz-Date"]
    auth = SigV4Auth(Credentials("test", "test"), "execute-api", "eu-west-3")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert headers["Authorization"].endswith(f"Signature={auth.signature(text, request)}")


def test_a_key_goes_in_its_header(
    heard: tuple[str, list[tuple[str, dict[str, str]]]], tmp_path: Path
) -> None:
    url, asked = heard
    listing = ("streams", "list", "--at", f"gateway+{url}")
    assert pinlake(*listing, cwd=tmp_path, env={**ENV, KEY: "k3y"}).returncode == 0
    assert {name.lower(): value for name, value in asked[0][1].items()}["x-api-key"] == "k3y"
